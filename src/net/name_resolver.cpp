#include "net/name_resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "net/handover.hpp"

namespace confab::net {

namespace {
constexpr std::size_t max_addresses = 16;
using NameWaiter = Handover<NameAnswer>;
}  // namespace

struct NameResolver::State {
  struct Entry {
    std::shared_ptr<const AddressList> addresses;  // good, perhaps stale
    std::optional<NameAnswer> failure;             // the last lookup's, until fresh_until
    TimePoint fresh_until;
    TimePoint stale_until;
    bool asking = false;
    std::vector<std::shared_ptr<NameWaiter>> waiters;
  };

  explicit State(Options wanted) : options(std::move(wanted)) {
    if (!options.lookup_) options.lookup_ = ask_system;
  }

  std::optional<NameAnswer> known_locked(const std::string& host, TimePoint now);
  std::optional<NameAnswer> known_or_wait(const std::shared_ptr<State>& self, const std::string& host,
                                          const std::shared_ptr<NameWaiter>& waiter);
  bool ask_locked(const std::shared_ptr<State>& self, const std::string& host);
  bool make_room_locked(TimePoint now);
  void settle_locked(Entry& entry, NameAnswer answer);
  static void work(std::shared_ptr<State> self);

  Options options;
  std::mutex mutex;  // guards everything below
  std::condition_variable wake;
  std::map<std::string, Entry> entries;
  std::deque<std::string> queue;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool closing = false;
};

std::optional<NameAnswer> NameResolver::State::known_locked(const std::string& host, TimePoint now) {
  const auto found = entries.find(host);
  if (found == entries.end()) return std::nullopt;
  Entry& entry = found->second;
  if (now < entry.fresh_until) {
    if (entry.addresses) return NameAnswer(entry.addresses);
    return entry.failure;
  }
  if (entry.addresses && now < entry.stale_until) return NameAnswer(entry.addresses);
  return std::nullopt;
}

// Queues a lookup unless one is under way. False: no room for another name.
bool NameResolver::State::ask_locked(const std::shared_ptr<State>& self, const std::string& host) {
  auto found = entries.find(host);
  if (found == entries.end()) {
    if (entries.size() >= options.max_names_ && !make_room_locked(Clock::now())) return false;
    found = entries.try_emplace(host).first;
  }
  if (found->second.asking) return true;
  queue.push_back(host);
  if (idle < queue.size() && threads < options.threads_) {
    try {
      std::thread(work, self).detach();  // detached: nothing can end a lookup that hangs
      ++threads;
    } catch (...) {  // those that there are have to do
      if (threads == 0) {
        queue.pop_back();
        throw;
      }
    }
  }
  found->second.asking = true;
  wake.notify_one();
  return true;
}

bool NameResolver::State::make_room_locked(TimePoint now) {
  auto victim = entries.end();
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    if (entry->second.asking) continue;
    if (victim == entries.end() || entry->second.fresh_until < victim->second.fresh_until) victim = entry;
    if (victim->second.fresh_until <= now) break;
  }
  if (victim == entries.end()) return false;
  entries.erase(victim);
  return true;
}

void NameResolver::State::settle_locked(Entry& entry, NameAnswer answer) {
  const auto now = Clock::now();
  entry.asking = false;
  entry.failure.reset();
  if (answer.addresses()) {
    // Equal addresses keep their pointer: a client need not tell libcurl again.
    if (!entry.addresses || *entry.addresses != *answer.addresses()) entry.addresses = answer.addresses();
    entry.fresh_until = now + options.good_for_;
    entry.stale_until = entry.fresh_until + options.stale_for_;
    answer = NameAnswer(entry.addresses);
  } else if (answer.failure() == NameFailure::temporary && entry.addresses && now < entry.stale_until) {
    entry.fresh_until = now + options.bad_for_;  // the resolver is ill: live on with what is known
    answer = NameAnswer(entry.addresses);
  } else {
    entry.addresses.reset();
    entry.failure = answer;
    entry.fresh_until = now + options.bad_for_;
  }
  for (const auto& waiter : std::exchange(entry.waiters, {})) {
    try {
      waiter->deliver(answer);
    } catch (...) {  // no memory for the reason
      waiter->deliver(NameAnswer(NameFailure::temporary, {}));
    }
  }
}

void NameResolver::State::work(std::shared_ptr<State> self) {
  std::unique_lock lock(self->mutex);
  for (;;) {
    ++self->idle;
    self->wake.wait(lock, [&] { return self->closing || !self->queue.empty(); });
    --self->idle;
    if (self->closing) break;
    const std::string host = std::move(self->queue.front());
    self->queue.pop_front();
    lock.unlock();
    NameAnswer answer(NameFailure::temporary, {});
    try {
      answer = NameAnswer(NameFailure::temporary, "the lookup of the host's name failed");
      answer = self->options.lookup_(host);
    } catch (...) {  // NOLINT: the answer above stands
    }
    lock.lock();
    if (self->closing) break;
    const auto asked = self->entries.find(host);  // kept while it is asked for
    if (asked != self->entries.end()) self->settle_locked(asked->second, std::move(answer));
  }
  --self->threads;
  self->wake.notify_all();
}

NameResolver::NameResolver(Options options) : state_(std::make_shared<State>(std::move(options))) {}

NameResolver::~NameResolver() {
  // Threads at rest are waited for, so that nothing of ours runs on; one inside a lookup is not.
  std::unique_lock lock(state_->mutex);
  state_->closing = true;
  state_->wake.notify_all();
  state_->wake.wait(lock, [this] { return state_->idle == 0; });
}

std::optional<NameAnswer> NameResolver::known(const std::string& host) {
  const std::lock_guard lock(state_->mutex);
  const auto now = Clock::now();
  auto answer = state_->known_locked(host, now);
  if (answer && now >= state_->entries.find(host)->second.fresh_until) state_->ask_locked(state_, host);
  return answer;
}

void NameResolver::doubt(const std::string& host) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->entries.find(host);
  if (found == state_->entries.end() || !found->second.addresses) return;
  // Not at once again after each of many failures: an answer has to be as old as a failure may get.
  const auto now = Clock::now();
  const auto asked = found->second.fresh_until - state_->options.good_for_;
  if (now - asked >= state_->options.bad_for_) found->second.fresh_until = std::min(found->second.fresh_until, now);
}

// What is known, or else who will be told.
std::optional<NameAnswer> NameResolver::State::known_or_wait(const std::shared_ptr<State>& self,
                                                             const std::string& host,
                                                             const std::shared_ptr<NameWaiter>& waiter) {
  const std::lock_guard lock(mutex);
  if (auto answer = known_locked(host, Clock::now())) return answer;
  if (!ask_locked(self, host)) return NameAnswer(NameFailure::temporary, "too many host names are being looked up");
  auto& waiters = entries[host].waiters;
  // While a lookup hangs, callers come and give up; their remains must not pile up.
  std::erase_if(waiters, [](const auto& other) { return other->abandoned(); });
  waiters.push_back(waiter);
  return std::nullopt;
}

Task<NameAnswer> NameResolver::resolve(EventLoop& loop, std::string host, TimePoint deadline, std::stop_token stop) {
  if (auto answer = known(host)) co_return std::move(*answer);
  const auto waiter = std::make_shared<NameWaiter>(loop);
  // Before the lookup is asked for: from then on its end, also an early one, finds the loop or nobody.
  NameWaiter::Wait wait(waiter, deadline, std::move(stop));
  if (auto answer = state_->known_or_wait(state_, host, waiter)) co_return std::move(*answer);
  std::optional<NameAnswer> answer = co_await wait;
  if (answer) co_return std::move(*answer);
  if (waiter->by_stop()) co_return NameAnswer(NameFailure::cancelled, "cancelled while the host's name was looked up");
  co_return NameAnswer(NameFailure::timed_out, "the host's name was not resolved in time");
}

NameAnswer NameResolver::ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failure == EAI_NONAME || failure == EAI_FAMILY) {
    // AI_ADDRCONFIG hides loopback addresses on a machine that has no others.
    hints.ai_flags = 0;
    failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  }
  if (failure == EAI_NONAME || failure == EAI_NODATA) return NameAnswer(NameFailure::unknown, "no such host name");
  if (failure != 0) return NameAnswer(NameFailure::temporary, "the system's resolver could not be asked");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  auto list = std::make_shared<AddressList>();
  for (const addrinfo* at = found; at != nullptr && list->size() < max_addresses; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) continue;
    const std::string address = text.data();
    // A scope ("fe80::1%eth0") cannot be handed to libcurl in a list.
    if (address.find('%') != std::string::npos) continue;
    if (std::find(list->begin(), list->end(), address) == list->end()) list->push_back(address);
  }
  if (list->empty()) return NameAnswer(NameFailure::unknown, "the host name has no usable address");
  return NameAnswer(std::move(list));
}

}  // namespace confab::net
