#include "services/user_events.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/room_event.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/sync.hpp"
#include "matrix/sync_machine.hpp"
#include "net/backoff.hpp"
#include "net/body_flow.hpp"
#include "net/runtime_core.hpp"
#include "net/shared_result.hpp"
#include "services/timeline.hpp"
#include "util/no_memory.hpp"

namespace confab::services {

namespace {

// A reader that waits notices a homeserver that came back within this.
constexpr std::chrono::milliseconds first_backoff{250};
constexpr std::chrono::milliseconds longest_backoff{5000};
// For the requests beside the long poll: a page of a gap, a new token.
constexpr std::chrono::seconds request_limit{30};
// For the poll itself, beyond the time that the homeserver may hold it.
constexpr std::chrono::seconds poll_limit{60};
// Of an answer that is arriving: with more than this unread it is held up, and goes on when less than this is left.
constexpr std::size_t most_unread = std::size_t{512} << 10U;
constexpr std::size_t goes_on_below = most_unread / 2;

// A page of a gap comes with the memberships of those who said what is in it.
constexpr const char* with_senders = R"({"lazy_load_members":true,"include_redundant_members":true})";

// Made once, as there are as many streams as users who listen; and never destroyed, as threads may outlive a program's
// end.
struct CommonToStreams {
  const Error closed = Error(Errc::closed, "the stream of events was closed");
  const net::Backoff backoff = net::Backoff(first_backoff, longest_backoff);
  const net::RandomSource random = net::jitter_source(std::random_device()());

  [[nodiscard]] static const CommonToStreams& get() {
    static const CommonToStreams& made = *new CommonToStreams;
    return made;
  }
};

std::chrono::milliseconds wait_after(unsigned attempt) {
  const CommonToStreams& common = CommonToStreams::get();
  return common.backoff.wait(attempt, common.random);
}

// Whatever it says: a room whose encryption is broken is no room for plain text either.
bool switches_encryption_on(const matrix::SyncItem& item) {
  return item.kind() == matrix::SyncItem::Kind::event && item.event().type() == "m.room.encryption" &&
         item.event().state_key() == "";
}

// What an item says that is no event of a timeline.
std::optional<ChatEvent> beside_events(const matrix::SyncItem& item, const MatrixUserId& user) {
  switch (item.kind()) {
    case matrix::SyncItem::Kind::event:
      break;
    case matrix::SyncItem::Kind::ephemeral:
      return ephemeral_of(item.room_id(), item.document());
    case matrix::SyncItem::Kind::invite: {
      ChatEvent invited(EventKind::membership, item.room_id());
      invited.type("m.room.member").user(user).membership("invite");
      return invited;
    }
    case matrix::SyncItem::Kind::missed: {
      return ChatEvent(EventKind::missed, item.room_id());
    }
  }
  return std::nullopt;
}

}  // namespace

// A next() that waits, and what it is given; its loop's thread only.
struct Reading {
  std::optional<Result<EventBatch>> given;
  std::shared_ptr<net::Waker> waker;

  void give(Result<EventBatch> result) {
    given.emplace(std::move(result));
    if (waker) waker->wake();
  }
};

// Everything of one stream; its loop's thread only.
struct UserEvents::State final : net::EventLoop::Errand, std::enable_shared_from_this<UserEvents::State> {
  State(net::EventLoop& on, const Log& to, std::shared_ptr<credentials::UserTokens> with, MatrixUserId who,
        std::shared_ptr<const std::string> fair_with, std::shared_ptr<RoomEncryption> encrypted,
        std::shared_ptr<ConsumerPosition> at)
      : loop(on),
        log(to),
        tokens(std::move(with)),
        user(std::move(who)),
        group(std::move(fair_with)),
        encryption(std::move(encrypted)),
        place(std::move(at)),
        placed(place == nullptr),
        settled(place == nullptr),
        machine(matrix::SyncOptions(&wait_after).user(user)),
        on_shutdown(on.stopping(), Stop{stop}) {}

  struct Stop {
    std::stop_source stop;
    void operator()() noexcept { stop.request_stop(); }
  };

  net::EventLoop& loop;
  const Log& log;
  std::shared_ptr<credentials::UserTokens> tokens;
  MatrixUserId user;
  std::shared_ptr<const std::string> group;
  std::shared_ptr<RoomEncryption> encryption;
  std::shared_ptr<ConsumerPosition> place;  // null: not remembered
  bool placed;                              // what is remembered has been read
  bool settled;                             // something is remembered that a later reader can go on from
  bool saving = false;
  std::optional<matrix::SyncPosition> to_save;
  matrix::SyncMachine machine;
  std::stop_source stop;
  std::stop_callback<Stop> on_shutdown;
  std::optional<Error> ended_by;
  std::shared_ptr<Reading> reader;
  std::shared_ptr<net::SharedResult<void>> waiting_ready;
  std::size_t ready_count = 0;
  std::shared_ptr<net::Waker> waker;
  bool driving = false;
  net::BodyFlow flow;                     // of the long poll
  bool spoiled = false;                   // what came of the answer that is arriving was lost for want of memory
  std::optional<matrix::SyncBatch> held;  // a batch that there was no memory for on its way to the reader
  const Error closed = CommonToStreams::get().closed;  // made while there is memory

  [[nodiscard]] net::CallContext context(net::TimePoint deadline) {
    return net::CallContext(loop, deadline, stop.get_token()).in_group(group);
  }
  // For the store: what was begun is ended, also when the stream is closed meanwhile. A store answers soon.
  [[nodiscard]] net::CallContext for_store() { return net::CallContext(loop, net::TimePoint::max(), {}); }
  // The machine has a new input.
  void pump() noexcept {
    if (driving) {
      if (auto sleeping = std::exchange(waker, nullptr)) sleeping->wake();
      try {
        deliver_arrived();
      } catch (...) {  // noted there; the answer comes again
      }
      return;
    }
    driving = true;
    try {
      loop.spawn(drive(shared_from_this()));
    } catch (...) {  // memory
      driving = false;
      give_up(end_error_or(no_memory()));
    }
  }
  // What was asked for by ack() and close(), neither of which may need memory.
  std::atomic<bool> ack_asked{false};
  std::atomic<bool> close_asked{false};
  void run() override {
    if (ack_asked.exchange(false) && !held) {
      try {
        machine.acknowledged();
      } catch (...) {  // memory: it is acknowledged, and its position is noted with the next input
      }
      pump();
    }
    if (close_asked.exchange(false)) end();
  }
  void end() {
    machine.close();
    stop.request_stop();
    pump();
  }
  [[nodiscard]] Error end_error() const noexcept { return ended_by ? *ended_by : closed; }
  [[nodiscard]] Error end_error_or(const Error& other) const noexcept {
    return stop.stop_requested() ? end_error() : other;
  }
  void complete(Result<EventBatch> result) {
    if (auto waiting = std::exchange(reader, nullptr)) waiting->give(std::move(result));
  }
  void complete_ready(const Result<void>& result) {
    if (auto waiting = std::exchange(waiting_ready, nullptr)) waiting->set(result);
  }
  void tell(const Error& error) {
    complete(error);
    complete_ready(error);
  }
  // Nothing more can be done until somebody asks again.
  void give_up(const Error& error) {
    machine.reader_withdrew();
    machine.prepare(false);
    tell(error);
  }
  void taken_over(const Error& error) {
    ended_by = error;
    end();
  }
  void deliver(matrix::SyncBatch batch) noexcept;
  [[nodiscard]] EventBatch events_of(const matrix::SyncBatch& batch) const;
  // What came of an answer that is still arriving.
  void deliver_arrived() {
    try {
      while (auto ready = machine.deliver_arrived()) deliver(std::move(ready->batch));
    } catch (...) {
      spoiled = true;
      throw;
    }
    flow.hold(machine.unread_bytes() > (flow.held() ? goes_on_below : most_unread));
  }

  static Task<void> drive(std::shared_ptr<State> self);
  static Task<void> drive_on(std::shared_ptr<State> self);
  static Task<void> rest(std::shared_ptr<State> self, matrix::SyncTime until);
  static Task<bool> find_place(std::shared_ptr<State> self);
  static Task<bool> settle(std::shared_ptr<State> self);
  static Task<void> remember(std::shared_ptr<State> self);
  static Task<void> confirm(std::shared_ptr<State> self, matrix::SyncConfirm anchor);
  static Task<void> sync(std::shared_ptr<State> self, matrix::SyncPoll poll);
  static Task<void> fetch_gap(std::shared_ptr<State> self, matrix::SyncFetchGap gap);
  static Task<void> renew_token(std::shared_ptr<State> self);
  static Task<Result<EventBatch>> read(std::shared_ptr<State> self, net::CallContext context);
  static Task<Result<void>> prepare(std::shared_ptr<State> self, net::CallContext context);
};

namespace {

// Becomes the event where that stands in its batch: to move one costs as much as to decode it.
struct EventOfItem {
  const matrix::SyncItem& item;
  operator ChatEvent() const { return chat_event_of(item.room_id(), item.event(), item.sender_name()); }  // NOLINT
};

}  // namespace

EventBatch UserEvents::State::events_of(const matrix::SyncBatch& batch) const {
  EventBatch events;
  events.reserve(batch.size());
  for (const matrix::SyncItem& item : batch) {
    if (switches_encryption_on(item)) encryption->note(item.room_id(), true, net::Clock::now());
    if (item.kind() == matrix::SyncItem::Kind::event) {
      events.emplace_back(EventOfItem{item});
    } else if (std::optional<ChatEvent> event = beside_events(item, user)) {
      events.push_back(std::move(*event));
    }
  }
  return events;
}

// Where memory is short the reader is told so, and the batch is the next one's.
void UserEvents::State::deliver(matrix::SyncBatch batch) noexcept {
  try {
    if (!reader) {
      held = std::move(batch);
      return;
    }
    EventBatch events = events_of(batch);
    if (events.empty()) {
      machine.reader_asked();  // nothing that a host would want to see: consumed on its behalf
      return;
    }
    complete(std::move(events));
  } catch (...) {
    held = std::move(batch);
    complete(no_memory());
  }
}

Task<void> UserEvents::State::sync(std::shared_ptr<State> self, matrix::SyncPoll poll) {
  matrix::SyncFilter filter;
  if (poll.position_only) {
    filter = matrix::SyncFilter::position_only(make_transaction_id().str());
  } else {
    filter.timeline_limit(poll.timeline_limit);
  }
  matrix::SyncRequest request;
  request.since(poll.since).timeout(poll.timeout).filter(filter).caught_up(poll.caught_up);
  self->flow.hold(false);
  request.flow(std::shared_ptr<net::BodyFlow>(self, &self->flow)).on_piece([self](matrix::RoomPiece piece) {
    self->machine.arrived(std::move(piece));
    self->deliver_arrived();
  });
  Result<matrix::SyncAnswer> answer = co_await self->tokens->call(
      self->user, std::move(request), self->context(net::Clock::now() + poll.timeout + poll_limit));
  if (std::exchange(self->spoiled, false)) answer = no_memory();
  if (answer) {
    self->machine.answered(std::move(answer).value(), net::Clock::now());
  } else {
    self->machine.failed(answer.error(), net::Clock::now());
  }
}

Task<void> UserEvents::State::fetch_gap(std::shared_ptr<State> self, matrix::SyncFetchGap gap) {
  matrix::GetMessages request(gap.room);
  request.from(gap.from).limit(gap.limit).filter(with_senders);
  if (!gap.to.empty()) request.to(gap.to);
  Result<matrix::MessagesAnswer> page =
      co_await self->tokens->call(self->user, std::move(request), self->context(net::Clock::now() + request_limit));
  if (page) {
    self->machine.gap_page(std::move(page).value(), net::Clock::now());
  } else {
    self->machine.failed(page.error(), net::Clock::now());
  }
}

Task<void> UserEvents::State::renew_token(std::shared_ptr<State> self) {
  // Any authorised call replaces a dead token on its way.
  Result<matrix::WhoamiAnswer> answer =
      co_await self->tokens->call(self->user, matrix::Whoami(), self->context(net::Clock::now() + request_limit));
  if (answer) {
    self->machine.token_renewed();
  } else {
    self->machine.failed(answer.error(), net::Clock::now());
  }
}

// Where the reader was. False: it could not be read, and whoever waits has been told.
Task<bool> UserEvents::State::find_place(std::shared_ptr<State> self) {
  Result<ConsumerPosition::Claim> claim = co_await ConsumerPosition::claim(self->place, self->for_store());
  if (!claim) {
    self->give_up(claim.error());
    co_return false;
  }
  self->placed = true;
  self->settled = !claim->usable() || !claim->position().token().empty();
  if (!claim->usable()) {
    self->log.write(LogLevel::warning, "events", "missed",
                    "a remembered position is damaged or of another homeserver: the stream goes on from now");
    self->machine.resync();
  } else if (self->settled) {
    self->machine.resume(claim->position());
  }
  co_return true;
}

// The first position of all is in the store before anything is promised or delivered: what happens from here on is
// seen, even if this process dies at once.
Task<bool> UserEvents::State::settle(std::shared_ptr<State> self) {
  Result<void> saved = co_await ConsumerPosition::save(self->place, *self->to_save, self->for_store());
  if (saved) {
    self->settled = true;
    self->to_save.reset();
    co_return true;
  }
  if (saved.error().code() == Errc::conflict) {
    self->taken_over(saved.error());
    co_return true;
  }
  self->give_up(saved.error());
  co_return false;
}

// Writes behind the reader, and only the newest: what was not written comes again, which is what is promised.
Task<void> UserEvents::State::remember(std::shared_ptr<State> self) {
  struct Saving {
    explicit Saving(State& whose) : of(whose) { of.saving = true; }
    ~Saving() { of.saving = false; }
    Saving(const Saving&) = delete;
    Saving& operator=(const Saving&) = delete;
    State& of;
  };
  const Saving saving(*self);
  while (self->to_save) {
    matrix::SyncPosition position = *std::exchange(self->to_save, std::nullopt);
    Result<void> saved = co_await ConsumerPosition::save(self->place, std::move(position), self->for_store());
    if (saved) continue;
    if (saved.error().code() == Errc::conflict) {
      self->taken_over(saved.error());
      break;
    }
    self->log.write(LogLevel::warning, "events", errc_name(saved.error().code()),
                    "a consumer's position could not be stored: more comes again after a restart");
  }
}

// Whether the homeserver still knows an event of before the position. Where neither the event nor its room can be read,
// the user may just have left: the next anchor decides.
Task<void> UserEvents::State::confirm(std::shared_ptr<State> self, matrix::SyncConfirm anchor) {
  const auto is_refusal = [](const Error& error) {
    return error.code() == Errc::not_found || error.code() == Errc::forbidden;
  };
  // Nothing can be told from it, however often it is asked.
  const auto says_nothing = [](const Error& error) {
    // From 300 on it is not the homeserver that answers, but a proxy before it: that passes.
    if (error.code() == Errc::protocol) return error.http_status() < 300;
    return error.code() == Errc::unknown || error.code() == Errc::unsupported ||
           error.code() == Errc::invalid_argument || error.code() == Errc::too_large;
  };
  matrix::GetEvent event(anchor.room, anchor.event);
  Result<matrix::RoomEvent> found =
      co_await self->tokens->call(self->user, std::move(event), self->context(net::Clock::now() + request_limit));
  if (found || says_nothing(found.error())) {
    self->machine.confirmed(matrix::SyncConfirmation::there);
    co_return;
  }
  if (!is_refusal(found.error())) {
    self->machine.failed(found.error(), net::Clock::now());
    co_return;
  }
  matrix::GetState create(anchor.room, "m.room.create", "");
  Result<matrix::StateContentAnswer> room =
      co_await self->tokens->call(self->user, std::move(create), self->context(net::Clock::now() + request_limit));
  if (room || says_nothing(room.error())) {
    self->machine.confirmed(matrix::SyncConfirmation::missing);
  } else if (is_refusal(room.error())) {
    self->machine.confirmed(matrix::SyncConfirmation::room_gone);
  } else {
    self->machine.failed(room.error(), net::Clock::now());
  }
}

// Until then, or until the machine has a new input.
Task<void> UserEvents::State::rest(std::shared_ptr<State> self, matrix::SyncTime until) {
  auto enrol = [self](std::shared_ptr<net::Waker> sleeping) { self->waker = std::move(sleeping); };
  co_await net::WakeAwaiter<decltype(enrol)>(self->context(until), std::move(enrol));
  self->waker = nullptr;
}

// Whatever throws, memory is what was missing: whoever waits is told, and whoever asks next finds it driven again.
Task<void> UserEvents::State::drive(std::shared_ptr<State> self) {
  Error broke = no_memory();
  try {
    co_await drive_on(self);
    co_return;
  } catch (...) {
    broke = net::error_of_exception();
  }
  self->spoiled = false;
  self->machine.broke_off(broke, net::Clock::now());
  self->driving = false;
  self->give_up(self->end_error_or(broke));
}

Task<void> UserEvents::State::drive_on(std::shared_ptr<State> self) {
  for (;;) {
    if (self->stop.stop_requested()) {
      self->machine.close();
    } else if (!self->placed || (!self->settled && self->to_save)) {
      bool done = false;
      if (self->placed) {
        done = co_await settle(self);
      } else {
        done = co_await find_place(self);
      }
      if (done) continue;
      self->driving = false;
      co_return;
    }
    if (self->waiting_ready && self->settled && self->machine.is_live()) self->complete_ready({});
    matrix::SyncAction action = self->machine.poll(net::Clock::now());
    if (auto* poll = std::get_if<matrix::SyncPoll>(&action)) {
      // What has come for other streams is delivered before this one goes to wait again.
      if (poll->caught_up) co_await net::EventLoop::Quiet(self->loop);
      if (self->stop.stop_requested()) continue;
      self->machine.poll_begins(net::Clock::now());
      co_await sync(self, std::move(*poll));
    } else if (auto* gap = std::get_if<matrix::SyncFetchGap>(&action)) {
      co_await fetch_gap(self, std::move(*gap));
    } else if (std::holds_alternative<matrix::SyncRenewToken>(action)) {
      co_await renew_token(self);
    } else if (auto* wait = std::get_if<matrix::SyncWait>(&action)) {
      co_await rest(self, wait->until);
    } else if (auto* deliver = std::get_if<matrix::SyncDeliver>(&action)) {
      self->deliver(std::move(deliver->batch));
    } else if (auto* anchor = std::get_if<matrix::SyncConfirm>(&action)) {
      co_await confirm(self, std::move(*anchor));
    } else if (std::holds_alternative<matrix::SyncStore>(action)) {
      if (!self->place) continue;
      self->to_save = self->machine.snapshot();
      if (self->settled && !self->saving) self->loop.spawn(remember(self));
    } else if (auto* told = std::get_if<matrix::SyncTellReader>(&action)) {
      self->tell(told->error);
    } else if (std::holds_alternative<matrix::SyncEnd>(action)) {
      self->tell(self->end_error());
    } else if (std::holds_alternative<matrix::SyncIdle>(action)) {
      self->driving = false;
      co_return;
    }
  }
}

Task<Result<EventBatch>> UserEvents::State::read(std::shared_ptr<State> self, net::CallContext context) {
  if (self->stop.stop_requested()) co_return self->end_error();
  if (self->reader) co_return Error(Errc::busy, "another next() is outstanding on this stream; wait for it first");
  auto mine = std::make_shared<Reading>();
  // However it ends, the stream is the next one's.
  struct Place {
    Place(std::shared_ptr<State> whose, std::shared_ptr<Reading> who) : of(std::move(whose)), mine(std::move(who)) {
      of->reader = mine;
    }
    ~Place() {
      if (of->reader != mine) return;
      of->reader = nullptr;
      of->machine.reader_withdrew();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::shared_ptr<State> of;
    std::shared_ptr<Reading> mine;
  };
  const Place place(self, mine);
  if (self->held) {
    matrix::SyncBatch batch = *std::exchange(self->held, std::nullopt);
    self->deliver(std::move(batch));
  } else {
    self->machine.reader_asked();
  }
  if (!mine->given) self->pump();
  if (!mine->given) {
    auto enrol = [mine](std::shared_ptr<net::Waker> sleeping) { mine->waker = std::move(sleeping); };
    co_await net::WakeAwaiter<decltype(enrol)>(context, std::move(enrol));
  }
  if (mine->given) co_return *std::move(mine->given);
  // This reader gave up first: the events stay for the next one.
  self->reader = nullptr;
  self->machine.reader_withdrew();
  self->pump();
  co_return net::stopped_error(context);
}

Task<Result<void>> UserEvents::State::prepare(std::shared_ptr<State> self, net::CallContext context) {
  if (self->stop.stop_requested()) co_return self->end_error();
  if (!self->waiting_ready) self->waiting_ready = std::make_shared<net::SharedResult<void>>();
  auto mine = self->waiting_ready;
  struct Counted {
    Counted(std::shared_ptr<State> whose, std::shared_ptr<net::SharedResult<void>> what)
        : of(std::move(whose)), mine(std::move(what)) {
      ++of->ready_count;
    }
    ~Counted() {
      if (--of->ready_count > 0) return;
      if (of->waiting_ready == mine) of->waiting_ready = nullptr;
      of->machine.prepare(false);
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    std::shared_ptr<State> of;
    std::shared_ptr<net::SharedResult<void>> mine;
  };
  const Counted counted(self, mine);
  self->machine.prepare(true);
  self->pump();
  co_return co_await net::SharedResult<void>::wait(mine, context);
}

UserEvents::UserEvents(std::shared_ptr<net::RuntimeCore> core, std::shared_ptr<State> state)
    : core_(std::move(core)), state_(std::move(state)) {}

std::shared_ptr<UserEvents> UserEvents::open(std::shared_ptr<net::RuntimeCore> core,
                                             std::shared_ptr<credentials::UserTokens> tokens, MatrixUserId user,
                                             std::shared_ptr<const std::string> group,
                                             std::shared_ptr<RoomEncryption> encryption,
                                             std::shared_ptr<ConsumerPosition> place) {
  net::EventLoop& loop = core->loop_for(user.str());
  auto state = std::make_shared<State>(loop, core->log(), std::move(tokens), std::move(user), std::move(group),
                                       std::move(encryption), std::move(place));
  return std::shared_ptr<UserEvents>(new UserEvents(std::move(core), std::move(state)));
}

UserEvents::~UserEvents() { close(); }

Pending<EventBatch> UserEvents::next(CallOptions options) {
  return net::describe<EventBatch>(
      core_, state_->user.str(), std::move(options),
      [state = state_](net::CallContext context) { return State::read(state, std::move(context)); });
}

Pending<void> UserEvents::ready(CallOptions options) {
  return net::describe<void>(core_, state_->user.str(), std::move(options), [state = state_](net::CallContext context) {
    return State::prepare(state, std::move(context));
  });
}

void UserEvents::ack() noexcept {
  state_->ack_asked = true;
  state_->loop.post(std::shared_ptr<net::EventLoop::Errand>(state_));
}

void UserEvents::close() noexcept {
  state_->close_asked = true;
  state_->loop.post(std::shared_ptr<net::EventLoop::Errand>(state_));
}

}  // namespace confab::services
