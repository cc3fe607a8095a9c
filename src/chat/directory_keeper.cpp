#include "chat/directory_keeper.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <new>
#include <utility>

#include "chat/directory_records.hpp"

namespace confab::detail {
namespace {

using chat::DirectoryChange;
using chat::DirectoryHead;
using chat::DirectoryIndex;

// How often a base that others keep replacing is begun anew, and a load that others keep overtaking.
constexpr int most_tries = 8;

Error restless() { return Error(Errc::busy, "other processes keep changing the directory: try again"); }

// Tells batches apart: FNV-1a, for the host's own data, with the size beside it.
class Fingerprint {
 public:
  void add(std::string_view text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
    mix(0xFF);  // in no UTF-8
    size_ += text.size();
  }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}-{}", hash_, size_); }

 private:
  void mix(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001b3U; }
  std::uint64_t hash_ = 0xcbf29ce484222325U;
  std::size_t size_ = 0;
};

class StepPrint {
 public:
  explicit StepPrint(Fingerprint& into) : into_(&into) {}
  void operator()(const PutUser& step) const {
    add("put user", step.user.id(), step.user.slug().str(), step.user.name());
  }
  void operator()(const EraseUser& step) const { add("erase user", step.user.str()); }
  void operator()(const PutRoom& step) const {
    add("put", kind(step.room), step.room.slug().str(), step.name, step.is_public ? "public" : "private",
        step.creator.str());
  }
  void operator()(const EraseRoom& step) const { add("erase", kind(step.room), step.room.slug().str()); }
  void operator()(const PutMember& step) const {
    add("put member", kind(step.room), step.room.slug().str(), step.member.user().str(), step.member.role());
    for (const std::string& word : step.member.permissions()) into_->add(word);
  }
  void operator()(const EraseMember& step) const {
    add("erase member", kind(step.room), step.room.slug().str(), step.user.str());
  }

 private:
  static std::string_view kind(const RoomRef& room) { return room.kind() == RoomKind::event ? "event" : "group"; }
  template <class... Texts>
  void add(const Texts&... texts) const {
    (into_->add(texts), ...);
  }
  Fingerprint* into_;
};

std::string fingerprint_of(const DirectoryBatch& batch) {
  Fingerprint print;
  for (const DirectoryStep& step : batch.steps()) std::visit(StepPrint(print), step);
  return print.text();
}

std::string fingerprint_of(const DirectoryChange& change) {
  Fingerprint print;
  for (const std::string& part : chat::encode(change)) print.add(part);
  return print.text();
}

}  // namespace

template <class Find>
auto DirectoryKeeper::look(Find find) const {
  const std::shared_lock lock(index_mutex_);
  const auto* found = find(*index_);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::optional<DirectoryUser> DirectoryKeeper::user(std::string_view slug) const {
  return look([&](const DirectoryIndex& index) { return index.user(slug); });
}
std::optional<DirectoryUser> DirectoryKeeper::user_by_id(std::string_view id) const {
  return look([&](const DirectoryIndex& index) { return index.user_by_id(id); });
}
std::optional<DirectoryRoom> DirectoryKeeper::room(const RoomRef& ref) const {
  return look([&](const DirectoryIndex& index) { return index.room(ref); });
}

bool DirectoryKeeper::push(UniqueFunction<void()> job) {
  {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_ || queue_.size() >= most_waiting) return false;
    queue_.push_back(std::move(job));
  }
  queue_changed_.notify_one();
  return true;
}

void DirectoryKeeper::stop() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  queue_changed_.notify_one();
}

void DirectoryKeeper::run() {
  auto look_at = std::chrono::steady_clock::now() + StoredDirectory::follow_every;
  for (;;) {
    UniqueFunction<void()> job;
    {
      std::unique_lock lock(queue_mutex_);
      queue_changed_.wait_until(lock, look_at, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_ && queue_.empty()) return;
      if (!queue_.empty()) {
        job = std::move(queue_.front());
        queue_.pop_front();
      }
    }
    if (job) {
      job();
      continue;
    }
    try {
      // A store that fails now is asked again; whoever needs to know calls refresh().
      [[maybe_unused]] const auto seen = refresh();
    } catch (const std::bad_alloc&) {
    }
    look_at = std::chrono::steady_clock::now() + StoredDirectory::follow_every;
  }
}

void DirectoryKeeper::replace(std::shared_ptr<DirectoryIndex> index, const DirectoryHead& head) {
  {
    const std::unique_lock lock(index_mutex_);
    index_.swap(index);
    torn_ = false;
    revision_.store(head.revision, std::memory_order_release);
  }
  head_ = head;
}

void DirectoryKeeper::show(const DirectoryChange& change, const DirectoryHead& head) {
  const chat::DirectoryEdit edit = chat::edit_of(change, *index_);
  if (edit.size() > most_in_place) {
    auto next = std::make_shared<DirectoryIndex>(*index_);
    next->change(edit);
    return replace(std::move(next), head);
  }
  {
    const std::unique_lock lock(index_mutex_);
    torn_ = true;
    index_->change(edit);
    torn_ = false;
    revision_.store(head.revision, std::memory_order_release);
  }
  head_ = head;
}

void DirectoryKeeper::follow(const std::vector<DirectoryChange>& changes, const DirectoryHead& head) {
  if (changes.size() == 1) return show(changes.front(), head);
  if (changes.empty()) {  // a new base, nothing else
    head_ = head;
    return;
  }
  auto next = std::make_shared<DirectoryIndex>(*index_);
  for (const DirectoryChange& change : changes) next->change(chat::edit_of(change, *next));
  replace(std::move(next), head);
}

// False: what it read was replaced meanwhile.
Result<bool> DirectoryKeeper::reload(const DirectoryHead& head) {
  auto base = log_.base(head);
  if (!base) return std::move(base).error();
  if (!*base) return false;
  auto changes = log_.changes(head.base_revision, head);
  if (!changes) return std::move(changes).error();
  if (!*changes) return false;
  auto index = std::make_shared<DirectoryIndex>();
  index->change(chat::edit_of(**base, *index));
  for (const DirectoryChange& change : **changes) index->change(chat::edit_of(change, *index));
  replace(std::move(index), head);
  return true;
}

Result<DirectoryRevision> DirectoryKeeper::refresh() {
  for (int tries = 0; tries < most_tries; ++tries) {
    auto head = log_.head();
    if (!head) return std::move(head).error();
    if (head->version == head_.version && !torn_) return head_.revision;
    // A store that was set back to an earlier state is read anew.
    const bool goes_on = !torn_ && head_.version != 0 &&
                         (head->revision > head_.revision ||
                          (head->revision == head_.revision && head->fingerprint == head_.fingerprint));
    if (goes_on) {
      auto changes = log_.changes(head_.revision, *head);
      if (!changes) return std::move(changes).error();
      if (*changes) {
        follow(**changes, *head);
        return head_.revision;
      }
    }
    auto loaded = reload(*head);
    if (!loaded) return std::move(loaded).error();
    if (*loaded) return head_.revision;
  }
  return restless();
}

Result<void> DirectoryKeeper::commit(const DirectoryChange& change, const std::string& fingerprint) {
  auto head = log_.append(head_, change, fingerprint);
  if (!head && head.error().code() != Errc::conflict) {
    // It may have been written all the same: the store itself tells.
    auto now = log_.head();
    const bool written = now && now->revision == head_.revision + 1 && now->fingerprint == fingerprint;
    if (!written) return std::move(head).error();
    head = std::move(now);
  }
  if (!head) return std::move(head).error();
  show(change, *head);
  if (!head_.wants_base()) return {};
  // Done for later readers' sake. What fails now is tried with the next change.
  if (auto rebased = log_.rebase(head_, chat::difference(DirectoryIndex(), *index_))) head_ = *rebased;
  return {};
}

Result<DirectoryRevision> DirectoryKeeper::apply(const DirectoryBatch& batch, DirectoryRevision expected) {
  const std::string fingerprint = fingerprint_of(batch);
  for (int tries = 0; tries < most_tries; ++tries) {
    if (tries > 0 || expected != head_.revision || torn_) {
      if (auto seen = refresh(); !seen) return seen;
    }
    if (expected != head_.revision) {
      // A repetition of what took effect already?
      if (head_.revision == expected + 1 && head_.fingerprint == fingerprint) return head_.revision;
      return Error(Errc::conflict, fmt::format("the directory is at revision {}, not {}", head_.revision, expected))
          .with_subject("revision");
    }
    auto change = chat::change_of(batch, *index_);
    if (!change) return std::move(change).error();
    if (change->empty()) return head_.revision;
    auto done = commit(*change, fingerprint);
    if (done) return head_.revision;
    if (done.error().code() != Errc::conflict) return std::move(done).error();
  }
  return restless();
}

Result<DirectoryRevision> DirectoryKeeper::load(const DirectoryIndex& wanted) {
  for (int tries = 0; tries < most_tries; ++tries) {
    if (auto seen = refresh(); !seen) return seen;
    const DirectoryChange change = chat::difference(*index_, wanted);
    if (change.empty()) return head_.revision;
    auto done = commit(change, fingerprint_of(change));
    if (done) return head_.revision;
    if (done.error().code() != Errc::conflict) return std::move(done).error();
  }
  return Error(Errc::conflict, "other processes keep changing the directory: try again").with_subject("revision");
}

}  // namespace confab::detail
