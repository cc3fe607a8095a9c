#include "services/user_events.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/sync.hpp"
#include "matrix/sync_machine.hpp"
#include "net/backoff.hpp"
#include "net/shared_result.hpp"
#include "services/timeline.hpp"

namespace confab::services {

namespace {

// A reader that waits notices a homeserver that came back within this.
constexpr std::chrono::milliseconds first_backoff{250};
constexpr std::chrono::milliseconds longest_backoff{5000};
// For the requests beside the long poll: a page of a gap, a new token.
constexpr std::chrono::seconds request_limit{30};

Error stream_closed() { return Error(Errc::closed, "the stream of events was closed"); }

matrix::SyncOptions sync_options() {
  return matrix::SyncOptions([backoff = net::Backoff(first_backoff, longest_backoff),
                              random = net::jitter_source(std::random_device()())](unsigned attempt) {
    return backoff.wait(attempt, random);
  });
}

std::optional<ChatEvent> typing_of(const MatrixRoomId& room, const json::Value& event) {
  if (event["type"].string_or("") != "m.typing") return std::nullopt;
  std::vector<MatrixUserId> users;
  for (const json::Value user : event["content"]["user_ids"].elements()) {
    if (user.is_string()) users.emplace_back(std::string(user.string_or("")));
  }
  ChatEvent typing(EventKind::typing, room);
  typing.type("m.typing").users(std::move(users));
  return typing;
}

std::optional<ChatEvent> event_of(const matrix::SyncItem& item, const MatrixUserId& user) {
  switch (item.kind()) {
    case matrix::SyncItem::Kind::event:
      return chat_event_of(item.room_id(), item.event());
    case matrix::SyncItem::Kind::ephemeral:
      return typing_of(item.room_id(), item.document());
    case matrix::SyncItem::Kind::invite: {
      ChatEvent invited(EventKind::membership, item.room_id());
      invited.type("m.room.member").user(user).membership("invite");
      return invited;
    }
    case matrix::SyncItem::Kind::missed: {
      ChatEvent gap(EventKind::other, item.room_id());
      gap.type("org.confab.missed");
      return gap;
    }
  }
  return std::nullopt;
}

}  // namespace

// Everything of one stream; its loop's thread only.
struct UserEvents::State : std::enable_shared_from_this<UserEvents::State> {
  State(net::EventLoop& on, std::shared_ptr<credentials::UserTokens> with, MatrixUserId who,
        std::shared_ptr<const std::string> fair_with)
      : loop(on),
        tokens(std::move(with)),
        user(std::move(who)),
        group(std::move(fair_with)),
        machine(sync_options().user(user)),
        on_shutdown(on.stopping(), Stop{stop}) {}

  struct Stop {
    std::stop_source stop;
    void operator()() noexcept { stop.request_stop(); }
  };

  net::EventLoop& loop;
  std::shared_ptr<credentials::UserTokens> tokens;
  MatrixUserId user;
  std::shared_ptr<const std::string> group;
  matrix::SyncMachine machine;
  std::stop_source stop;
  std::stop_callback<Stop> on_shutdown;
  std::shared_ptr<net::SharedResult<EventBatch>> reader;
  std::shared_ptr<net::Waker> waker;
  bool driving = false;

  [[nodiscard]] net::CallContext context(net::TimePoint deadline) {
    return net::CallContext(loop, deadline, stop.get_token()).in_group(group);
  }
  // The machine has a new input.
  void pump() {
    if (driving) {
      if (auto sleeping = std::exchange(waker, nullptr)) sleeping->wake();
      return;
    }
    driving = true;
    loop.spawn(drive(shared_from_this()));
  }
  void end() {
    machine.close();
    stop.request_stop();
    pump();
  }
  void complete(Result<EventBatch> result) {
    if (auto waiting = std::exchange(reader, nullptr)) waiting->set(std::move(result));
  }
  void deliver(matrix::SyncBatch batch);

  static Task<void> drive(std::shared_ptr<State> self);
  static Task<void> sync(std::shared_ptr<State> self, matrix::SyncPoll poll);
  static Task<void> fetch_gap(std::shared_ptr<State> self, matrix::SyncFetchGap gap);
  static Task<void> renew_token(std::shared_ptr<State> self);
  static Task<Result<EventBatch>> read(std::shared_ptr<State> self, net::CallContext context);
};

void UserEvents::State::deliver(matrix::SyncBatch batch) {
  if (!reader) {
    machine.not_delivered(std::move(batch));
    return;
  }
  EventBatch events;
  events.reserve(batch.size());
  for (const matrix::SyncItem& item : batch) {
    std::optional<ChatEvent> event = event_of(item, user);
    if (event) events.push_back(std::move(*event));
  }
  if (events.empty()) {
    machine.reader_asked();  // nothing that a host would want to see: consumed on its behalf
    return;
  }
  complete(std::move(events));
}

Task<void> UserEvents::State::sync(std::shared_ptr<State> self, matrix::SyncPoll poll) {
  matrix::SyncFilter filter = matrix::SyncFilter::position_only();
  if (!poll.position_only) {
    filter = matrix::SyncFilter();
    filter.timeline_limit(poll.timeline_limit);
  }
  matrix::SyncRequest request;
  request.since(poll.since).timeout(poll.timeout).filter(filter);
  Result<matrix::SyncAnswer> answer = co_await self->tokens->call(
      self->user, std::move(request), self->context(net::Clock::now() + poll.timeout + request_limit));
  if (answer) {
    self->machine.answered(std::move(answer).value(), net::Clock::now());
  } else {
    self->machine.failed(answer.error(), net::Clock::now());
  }
}

Task<void> UserEvents::State::fetch_gap(std::shared_ptr<State> self, matrix::SyncFetchGap gap) {
  matrix::GetMessages request(gap.room);
  request.from(gap.from).limit(gap.limit);
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

Task<void> UserEvents::State::drive(std::shared_ptr<State> self) {
  for (;;) {
    if (self->stop.stop_requested()) self->machine.close();
    matrix::SyncAction action = self->machine.poll(net::Clock::now());
    if (auto* poll = std::get_if<matrix::SyncPoll>(&action)) {
      co_await sync(self, std::move(*poll));
    } else if (auto* gap = std::get_if<matrix::SyncFetchGap>(&action)) {
      co_await fetch_gap(self, std::move(*gap));
    } else if (std::holds_alternative<matrix::SyncRenewToken>(action)) {
      co_await renew_token(self);
    } else if (auto* wait = std::get_if<matrix::SyncWait>(&action)) {
      auto enrol = [self](std::shared_ptr<net::Waker> sleeping) { self->waker = std::move(sleeping); };
      co_await net::WakeAwaiter<decltype(enrol)>(self->context(wait->until), std::move(enrol));
      self->waker = nullptr;
    } else if (auto* deliver = std::get_if<matrix::SyncDeliver>(&action)) {
      self->deliver(std::move(deliver->batch));
    } else if (auto* tell = std::get_if<matrix::SyncTellReader>(&action)) {
      self->complete(tell->error);
    } else if (std::holds_alternative<matrix::SyncEnd>(action)) {
      self->complete(stream_closed());
    } else if (std::holds_alternative<matrix::SyncIdle>(action)) {
      self->driving = false;
      co_return;
    }
  }
}

Task<Result<EventBatch>> UserEvents::State::read(std::shared_ptr<State> self, net::CallContext context) {
  if (self->stop.stop_requested()) co_return stream_closed();
  if (self->reader) co_return Error(Errc::busy, "another next() is outstanding on this stream; wait for it first");
  auto mine = std::make_shared<net::SharedResult<EventBatch>>();
  self->reader = mine;
  self->machine.reader_asked();
  self->pump();
  Result<EventBatch> batch = co_await net::SharedResult<EventBatch>::wait(mine, context);
  if (self->reader == mine) {
    // This reader gave up first: the events stay for the next one.
    self->reader = nullptr;
    self->machine.reader_withdrew();
    self->pump();
  }
  co_return batch;
}

UserEvents::UserEvents(std::shared_ptr<net::RuntimeCore> core, std::shared_ptr<State> state)
    : core_(std::move(core)), state_(std::move(state)) {}

std::shared_ptr<UserEvents> UserEvents::open(std::shared_ptr<net::RuntimeCore> core,
                                             std::shared_ptr<credentials::UserTokens> tokens, MatrixUserId user,
                                             std::shared_ptr<const std::string> group) {
  net::EventLoop& loop = core->loop_for(user.str());
  auto state = std::make_shared<State>(loop, std::move(tokens), std::move(user), std::move(group));
  return std::shared_ptr<UserEvents>(new UserEvents(std::move(core), std::move(state)));
}

UserEvents::~UserEvents() { close(); }

Pending<EventBatch> UserEvents::next(CallOptions options) {
  return net::describe<EventBatch>(
      core_, state_->user.str(), std::move(options),
      [state = state_](net::CallContext context) { return State::read(state, std::move(context)); });
}

void UserEvents::ack() noexcept {
  state_->loop.post([state = state_] {
    state->machine.acknowledged();
    state->pump();
  });
}

void UserEvents::close() noexcept {
  state_->loop.post([state = state_] { state->end(); });
}

}  // namespace confab::services
