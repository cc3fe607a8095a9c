#include "capi/asked_directory.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <tuple>

#include <confab/directory_batch.hpp>

namespace confab::capi {
namespace {

// Other processes may change the directory at the same moment.
constexpr int most_applications = 16;

}  // namespace

// Answers are put into the directory one after the other: begun together, all but one would be conflicts.
class Applier : public std::enable_shared_from_this<Applier> {
 public:
  explicit Applier(std::shared_ptr<StoredDirectory> stored) : stored_(std::move(stored)) {}

  void add(DirectoryBatch batch, AskedDirectory::Then then) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(std::move(batch), std::move(then));
      if (std::exchange(busy_, true)) return;
    }
    next();
  }

 private:
  void next() noexcept {
    {
      const std::lock_guard lock(mutex_);
      busy_ = !waiting_.empty();
      if (!busy_) return;
      std::tie(batch_, then_) = std::move(waiting_.front());
      waiting_.pop_front();
    }
    apply(0);
  }
  void apply(int tries) noexcept try {
    stored_->apply(batch_, stored_->revision())
        .start([self = shared_from_this(), tries](const Result<DirectoryRevision>& applied) {
          if (!applied && applied.error().code() == Errc::conflict && tries < most_applications) {
            return self->apply(tries + 1);
          }
          self->end(applied ? Result<void>() : Result<void>(applied.error()));
        });
  } catch (...) {
    end(Error(Errc::no_memory, "memory is exhausted"));
  }
  void end(Result<void> how) noexcept {
    std::exchange(then_, nullptr)(std::move(how));
    next();
  }

  const std::shared_ptr<StoredDirectory> stored_;
  std::mutex mutex_;
  std::deque<std::pair<DirectoryBatch, AskedDirectory::Then>> waiting_;  // under the mutex, as is
  bool busy_ = false;
  // Of the one that is under way.
  DirectoryBatch batch_;
  AskedDirectory::Then then_;
};

namespace {

// One operation's questions. Kept by whatever it waits for.
class Asking : public std::enable_shared_from_this<Asking> {
 public:
  Asking(std::shared_ptr<StoredDirectory> stored, std::shared_ptr<Applier> applier,
         std::shared_ptr<Questions> questions, std::string tenant, Needs needs, AskedDirectory::Then then)
      : stored_(std::move(stored)),
        applier_(std::move(applier)),
        questions_(std::move(questions)),
        tenant_(std::move(tenant)),
        needs_(std::move(needs)),
        then_(std::move(then)) {}

  void go_on() noexcept try {
    while (!needs_.users.empty()) {
      const UserSlug user = std::move(needs_.users.back());
      needs_.users.pop_back();
      if (stored_->user(user)) continue;
      return put([&](json::Writer& out) {
        out.member("question", "user").member("tenant", tenant_).member("user", user.str());
      });
    }
    while (!needs_.rooms.empty()) {
      const RoomRef room = std::move(needs_.rooms.back());
      needs_.rooms.pop_back();
      if (stored_->room(room)) continue;
      return put([&](json::Writer& out) {
        out.member("question", "room").member("tenant", tenant_);
        out.member("kind", room_kind_name(room.kind())).member("room", room.slug().str());
      });
    }
    end({});
  } catch (...) {
    end(Error(Errc::no_memory, "memory is exhausted"));
  }

 private:
  template <class Write>
  void put(const Write& write) {
    questions_->ask(write, [self = shared_from_this()](std::optional<std::string_view> answer) -> Result<void> {
      DirectoryBatch batch;
      if (answer && *answer != "null") {
        auto read = read_directory_batch(std::string(*answer));
        if (!read) return std::move(read).error();
        batch = std::move(*read);
      }
      if (batch.empty()) {
        self->go_on();
      } else {
        self->applier_->add(std::move(batch), [self](const Result<void>& applied) {
          applied ? self->go_on() : self->end(applied.error());
        });
      }
      return {};
    });
  }

  void end(Result<void> how) noexcept {
    if (then_) std::exchange(then_, nullptr)(std::move(how));
  }

  const std::shared_ptr<StoredDirectory> stored_;
  const std::shared_ptr<Applier> applier_;
  const std::shared_ptr<Questions> questions_;
  const std::string tenant_;
  Needs needs_;
  AskedDirectory::Then then_;
};

}  // namespace

AskedDirectory::AskedDirectory(std::shared_ptr<StoredDirectory> stored, std::shared_ptr<Questions> questions,
                               std::string tenant)
    : stored_(std::move(stored)),
      applier_(std::make_shared<Applier>(stored_)),
      questions_(std::move(questions)),
      tenant_(std::move(tenant)) {}

bool AskedDirectory::knows(const Needs& needs) const {
  return std::all_of(needs.users.begin(), needs.users.end(),
                     [this](const UserSlug& user) { return stored_->user(user).has_value(); }) &&
         std::all_of(needs.rooms.begin(), needs.rooms.end(),
                     [this](const RoomRef& room) { return stored_->room(room).has_value(); });
}

void AskedDirectory::ask(Needs needs, Then then) const {
  std::make_shared<Asking>(stored_, applier_, questions_, tenant_, std::move(needs), std::move(then))->go_on();
}

}  // namespace confab::capi
