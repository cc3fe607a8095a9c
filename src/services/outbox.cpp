#include "services/outbox.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <stop_token>

#include "net/lease_on_loop.hpp"
#include "store/lease.hpp"
#include "util/text.hpp"

namespace confab::services {
namespace {

// For giving a lease back: whoever waits for it would otherwise wait until it ends.
constexpr std::chrono::seconds farewell_limit{2};

// For a lane that there was no memory for.
constexpr int most_tries = 10;

// That nobody else took over; nothing where the lease is not held any more.
std::optional<OutboxRecords::Beside> guarded(const store::Lease& lease) {
  std::optional<StoreWrite> guard = lease.guard();
  if (!guard) return std::nullopt;
  return OutboxRecords::Beside{std::move(*guard)};
}

Error fenced_out() { return Error(Errc::conflict, "another process sends for this lane now"); }

}  // namespace

Outbox::Outbox(std::shared_ptr<net::RuntimeCore> core, net::RecordStore records, std::chrono::milliseconds lease_length)
    : core_(std::move(core)),
      records_(std::move(records)),
      lease_length_(lease_length),
      random_(net::jitter_source(std::random_device()())) {}

// Begins to look around, again and again until there is memory for it: who accepted a message has been told so.
class Outbox::Beginning final : public net::EventLoop::Errand, public std::enable_shared_from_this<Beginning> {
 public:
  Beginning(std::weak_ptr<Outbox> outbox, net::EventLoop& loop) : outbox_(std::move(outbox)), loop_(&loop) {}
  void run() override {
    try {
      loop_->spawn(look_around(outbox_, loop_, shared_from_this()));
    } catch (...) {
      loop_->post(shared_from_this());
    }
  }

 private:
  std::weak_ptr<Outbox> outbox_;
  net::EventLoop* loop_;
};

void Outbox::serve(const std::string& tenant, std::shared_ptr<OutboxRoute> route) {
  net::EventLoop& loop = core_->loop(0);
  auto beginning = std::make_shared<Beginning>(weak_from_this(), loop);
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<OutboxRoute>>& routes = routes_[tenant];
    std::erase_if(routes, [](const std::shared_ptr<OutboxRoute>& one) { return !one->is_open(); });
    routes.push_back(std::move(route));
    if (std::exchange(looking_, true)) return;
  }
  loop.post(std::move(beginning));
}

std::vector<std::shared_ptr<OutboxRoute>> Outbox::routes_of(const std::string& tenant) {
  const std::lock_guard lock(mutex_);
  const auto found = routes_.find(tenant);
  if (found == routes_.end()) return {};
  return found->second;
}

void Outbox::tell(const OutboxEntry& entry, const EventId& event) {
  for (const std::shared_ptr<OutboxRoute>& route : routes_of(entry.lane().tenant())) route->ended(entry, event);
}

// It keeps nobody alive.
Task<void> Outbox::look_around(std::weak_ptr<Outbox> self, net::EventLoop* loop, std::shared_ptr<Beginning> again) {
  const std::stop_token stopping = loop->stopping();
  std::chrono::milliseconds pause = first_look;
  for (;;) {
    bool slept = false;
    try {
      slept = co_await loop->sleep_until(net::Clock::now() + pause, stopping);
    } catch (...) {  // no memory to wait with
      loop->post(std::move(again));
      co_return;
    }
    const Self here = self.lock();
    if (!slept) co_return;
    if (!here) co_return;
    try {
      co_await find_lanes(here, net::CallContext(*loop, net::TimePoint::max(), stopping));
    } catch (...) {
      // Out of memory, most likely: what was not found now is found at the next look.
    }
    pause = look_pause;
  }
}

// A store that fails is asked again soon.
Task<void> Outbox::find_lanes(Self self, net::CallContext context) {
  std::string cursor;
  do {
    Result<OutboxRecords::Lanes> page = co_await OutboxRecords::open_lanes(self->records_, cursor, context);
    if (!page) co_return;
    for (const OutboxLane& lane : page->lanes()) self->wake(lane);
    cursor = page->cursor();
  } while (!cursor.empty());
}

void Outbox::wake(const OutboxLane& lane) {
  const std::vector<std::shared_ptr<OutboxRoute>> routes = routes_of(lane.tenant());
  const auto latest = std::find_if(routes.rbegin(), routes.rend(), [](const auto& route) { return route->is_open(); });
  if (latest == routes.rend()) return;
  std::shared_ptr<OutboxRoute> route = *latest;
  std::string path = lane.path();
  {
    const std::lock_guard lock(mutex_);
    if (work_.size() >= most_lanes && work_.find(path) == work_.end()) return;
    Work& work = work_[path];
    if (work.sending) {
      work.again = true;
      return;
    }
    work.sending = true;
  }
  // Where it does not begin, for want of memory, the lane is found again at the next look.
  Unbegun unbegun(shared_from_this(), std::move(path));
  net::EventLoop& loop = core_->loop_for(route->flow_of(lane.user()));
  loop.post([unbegun = std::move(unbegun), lane, route = std::move(route), &loop]() mutable {
    loop.spawn(work(unbegun.self(), lane, route, &loop));
    unbegun.has_begun();
  });
}

void Outbox::try_to_wake(const OutboxLane& lane) noexcept {
  try {
    wake(lane);
  } catch (...) {
    // Out of memory, most likely: the lane is found at the next look.
  }
}

Outbox::Unbegun::~Unbegun() {
  while (self_ && self_->once_more(path_)) {
  }
}

bool Outbox::once_more(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = work_.find(path);
  if (found == work_.end()) return false;
  if (std::exchange(found->second.again, false)) return true;
  found->second.sending = false;
  if (!found->second.last) work_.erase(found);
  return false;
}

// Whether it came to its end. What is short of memory is tried again at once, some times, and at the next look.
Task<bool> Outbox::try_lane(Self self, OutboxLane lane, std::shared_ptr<OutboxRoute> route, net::EventLoop* loop) {
  std::string holder = text::random_token();
  if (holder.empty()) co_return true;
  const auto lease = std::make_shared<store::Lease>(
      self->records_.store(), store::LeaseMachine(outbox_key::lane(lane), std::move(holder), self->lease_length_));
  try {
    co_await send_lane(self, lane, route, loop, lease);
    co_return true;
  } catch (...) {  // nothing is awaited here
  }
  // Or the lane would wait until the lease ends.
  const net::CallContext store(*loop, net::Clock::now() + farewell_limit, std::stop_token());
  co_await net::release_lease(lease, store);
  co_return false;
}

Task<void> Outbox::work(Self self, OutboxLane lane, std::shared_ptr<OutboxRoute> route, net::EventLoop* loop) {
  do {
    bool done = false;
    for (int tries = 0; !done && tries < most_tries; ++tries) {
      try {
        done = co_await try_lane(self, lane, route, loop);
      } catch (...) {
        // Out of memory, most likely.
      }
    }
  } while (self->once_more(lane.path()) && !loop->stopping().stop_requested());
}

Task<void> Outbox::send_lane(Self self, OutboxLane lane, std::shared_ptr<OutboxRoute> route, net::EventLoop* loop,
                             std::shared_ptr<store::Lease> lease) {
  using Step = OutboxSending::Step;
  const std::stop_token stopping = loop->stopping();
  // What was begun at the store is ended; it answers soon.
  const net::CallContext store(*loop, net::TimePoint::max(), std::stop_token());
  OutboxSending sending(self->random_);
  std::shared_ptr<const void> hold;
  std::optional<OutboxRecords::View> seen;
  for (;;) {
    if (stopping.stop_requested() && sending.step() != Step::let_go && sending.step() != Step::end) sending.stop();
    std::optional<OutboxRecords::Beside> guard = guarded(*lease);
    switch (sending.step()) {
      case Step::lease: {
        const net::LeaseOutcome outcome = co_await net::ask_lease(lease, store);
        const auto now = net::Clock::now();
        const OutboxSending::Held held(lease->fence(), now + lease->remaining(), lease->renew_at());
        sending.leased(outcome, held, now);
        break;
      }
      case Step::wait:
        if (co_await loop->sleep_until(sending.at(), stopping)) sending.waited();
        break;
      case Step::read: {
        Result<OutboxRecords::View> view = co_await OutboxRecords::view(self->records_, lane, store);
        if (!view) {
          sending.read(view.error(), net::Clock::now());
          break;
        }
        seen.emplace(std::move(*view));
        sending.read(seen->entries(), net::Clock::now());
        break;
      }
      case Step::note: {
        const OutboxEntry::Time wall = std::chrono::system_clock::now();
        OutboxEntry noted = sending.entry();
        noted.tried(wall);
        Result<StoreVersion> written = fenced_out();
        if (guard && seen) {
          guard->push_back(seen->not_restored());
          written = co_await OutboxRecords::note(self->records_, std::move(noted), std::move(*guard), store);
        }
        sending.noted(std::move(written), wall, net::Clock::now());
        break;
      }
      case Step::send: {
        const net::CallContext attempt(*loop, sending.at(), stopping);
        OutboxEntry entry = sending.entry();
        if (!hold) hold = route->hold(lane.user(), attempt);
        Result<EventId> sent = co_await route->send(std::move(entry), sending.repeated(), attempt);
        const bool closed = !sent && sent.error().code() == Errc::closed;
        sending.sent(std::move(sent), std::chrono::system_clock::now(), net::Clock::now());
        if (closed) sending.stop();
        break;
      }
      case Step::settle: {
        const OutboxEntry entry = sending.entry();
        const EventId event = sending.event();
        Result<void> written = fenced_out();
        if (guard) written = co_await OutboxRecords::settle(self->records_, entry, event, std::move(*guard), store);
        const bool done = written.has_value();
        sending.settled(std::move(written), net::Clock::now());
        if (!done) break;
        hold.reset();
        self->tell(entry, event);
        break;
      }
      case Step::bury: {
        const OutboxEntry entry = sending.entry();
        Result<void> written = fenced_out();
        if (guard) written = co_await OutboxRecords::bury(self->records_, entry, std::move(*guard), store);
        const bool done = written.has_value();
        sending.buried(std::move(written), net::Clock::now());
        if (!done) break;
        hold.reset();
        self->tell(entry, EventId());
        break;
      }
      case Step::leave: {
        Result<void> written = fenced_out();
        std::optional<StoreWrite> farewell = lease->farewell();
        if (guard && farewell && seen) {
          guard->push_back(std::move(*farewell));
          written = co_await OutboxRecords::close(self->records_, lane, *seen, std::move(*guard), store);
        }
        sending.left(std::move(written), net::Clock::now());
        break;
      }
      case Step::let_go:
        co_await net::release_lease(lease, store.until(net::Clock::now() + farewell_limit));
        sending.let_go();
        break;
      case Step::end:
        co_return;
    }
  }
}

// One who accepts, as the next one sees it.
struct Outbox::Place {
  std::shared_ptr<net::SharedResult<void>> left = std::make_shared<net::SharedResult<void>>();
  // Who is to be waited for once this one has left: it gave up before its turn.
  std::shared_ptr<Place> still;
  bool gone = false;
};

// A place among those who accept for one lane: each comes after the one before, in their order, and without getting in
// each other's way. Whoever leaves lets the next one in, however it ended.
class Outbox::Turn {
 public:
  Turn(Self outbox, std::string path) : outbox_(std::move(outbox)), path_(std::move(path)) {
    const std::lock_guard lock(outbox_->mutex_);
    before_ = std::exchange(outbox_->work_[path_].last, mine_);
  }
  ~Turn() {
    {
      const std::lock_guard lock(outbox_->mutex_);
      while (before_ && before_->gone) before_ = before_->still;
      mine_->still = before_;
      mine_->gone = true;
      const auto found = outbox_->work_.find(path_);
      if (found != outbox_->work_.end() && found->second.last == mine_) {
        found->second.last = before_;
        if (!before_ && !found->second.sending) outbox_->work_.erase(found);
      }
    }
    mine_->left->set(Result<void>());
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  // Until those before have left.
  [[nodiscard]] Task<Result<void>> come(net::CallContext context) {
    while (before_) {
      const std::shared_ptr<Place> before = before_;
      Result<void> waited = co_await net::SharedResult<void>::wait(before->left, context);
      if (!waited) co_return waited;
      before_ = before->still;
    }
    co_return Result<void>();
  }

 private:
  Self outbox_;
  std::string path_;
  std::shared_ptr<Place> mine_ = std::make_shared<Place>();
  std::shared_ptr<Place> before_;
};

Task<Result<void>> Outbox::accept(Self self, OutboxEntry entry, net::CallContext context) {
  Result<void> accepted = Result<void>();
  {
    Turn turn(self, entry.lane().path());
    accepted = co_await turn.come(context);
    if (accepted) accepted = co_await OutboxRecords::accept(self->records_, entry, context);
  }
  if (accepted) self->try_to_wake(entry.lane());
  co_return accepted;
}

Task<Result<void>> Outbox::retry(Self self, std::string tenant, TransactionId id, net::CallContext context) {
  Result<OutboxLane> lane = co_await OutboxRecords::revive(self->records_, std::move(tenant), std::move(id),
                                                           std::chrono::system_clock::now(), std::move(context));
  if (!lane) co_return std::move(lane).error();
  self->try_to_wake(*lane);
  co_return Result<void>();
}

}  // namespace confab::services
