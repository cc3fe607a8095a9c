#include "net/scheduler.hpp"

#include <memory>
#include <random>
#include <string>
#include <utility>

#include "net/attempt_outcome.hpp"
#include "net/name_resolver.hpp"
#include "net/retry_after.hpp"
#include "net/trust_store.hpp"

namespace confab::net {

namespace {

// A homeserver that has taken a long poll and not refused it in this time is taken to be well.
constexpr std::chrono::milliseconds probing_poll_patience{1000};

AttemptOutcome read_failure(const HttpOutcome& outcome, std::chrono::milliseconds waited) {
  const auto how = [&] {
    switch (outcome.failure()) {
      case TransferFailure::name:
        return Ended::resolve_failed;
      case TransferFailure::connect:
        return Ended::connect_failed;
      case TransferFailure::trust:
        return Ended::untrusted;
      case TransferFailure::not_sent:
        return Ended::goaway;
      case TransferFailure::cut:
        return outcome.sent() ? Ended::cut : Ended::goaway;
      case TransferFailure::timed_out:
        return outcome.sent() ? Ended::deadline_sent : Ended::deadline_unsent;
      case TransferFailure::cancelled:
        return outcome.sent() ? Ended::cancelled_sent : Ended::cancelled_unsent;
      case TransferFailure::no_memory:
        return outcome.sent() ? Ended::no_memory_sent : Ended::no_memory_unsent;
      case TransferFailure::too_large:
      case TransferFailure::protocol:
        return Ended::broken;
    }
    return Ended::broken;
  }();
  AttemptOutcome read(how);
  read.waited(waited);
  if (!outcome.reason().empty() && how != Ended::deadline_sent && how != Ended::deadline_unsent &&
      how != Ended::cancelled_sent && how != Ended::cancelled_unsent) {
    read.error(
        Error(outcome.failure() == TransferFailure::too_large ? Errc::too_large : Errc::protocol, outcome.reason()));
  }
  return read;
}

}  // namespace

Scheduler::Scheduler(std::shared_ptr<RuntimeCore> core, HttpClientOptions options)
    : core_(std::move(core)),
      options_(std::move(options)),
      random_(jitter_source(std::random_device()())),
      breaker_(random_),
      gate_(random_),
      clients_(core_->loops()) {}

Scheduler::~Scheduler() {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    // On its own loop, which owns its sockets; on a loop that has ended, here.
    if (clients_[i] && !core_->loop(i).in_loop()) {
      core_->loop(i).post(std::shared_ptr<EventLoop::Errand>(std::move(clients_[i])));
    }
  }
}

// The query may hold a filter, the path only identifiers: neither tokens nor texts of users.
void Scheduler::log_attempt(const HttpRequest& request, const HttpOutcome& outcome,
                            std::chrono::milliseconds took) const {
  if (!core_->log().wants(LogLevel::debug)) return;
  std::string line = request.method() + ' ' + request.target().substr(0, request.target().find('?')) + ": ";
  line += outcome.answered() ? std::to_string(outcome.answer().status())
                             : outcome.reason() + (outcome.sent() ? ", sent" : ", not sent");
  core_->log().write(LogLevel::debug, "net", "request", line + " after " + std::to_string(took.count()) + " ms");
}

HttpClient& Scheduler::client_of(EventLoop& loop) {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (&core_->loop(i) != &loop) continue;
    if (!clients_[i]) {
      auto made = std::make_shared<LoopClient>();
      made->client.emplace(loop, options_, core_->resolver(), core_->trust(options_.ca_file()));
      clients_[i] = std::move(made);
    }
    return *clients_[i]->client;
  }
  std::terminate();  // every loop of an operation belongs to its Runtime
}

void Scheduler::record(CircuitBreaker::Ticket ticket, CircuitBreaker::Verdict verdict, TimePoint now) {
  const auto before = breaker_.state();
  breaker_.record(ticket, verdict, now);
  if (before != CircuitBreaker::State::open && breaker_.state() == CircuitBreaker::State::open) {
    core_->log().write(LogLevel::warning, "net", "breaker.open",
                       "the homeserver is failing; requests are held back for a while");
  } else if (before != CircuitBreaker::State::closed && breaker_.state() == CircuitBreaker::State::closed) {
    core_->log().write(LogLevel::info, "net", "breaker.closed", "the homeserver answers again");
  }
}

Task<AttemptOutcome> Scheduler::attempt(const std::shared_ptr<const HttpRequest>& request, AnswerReader reader,
                                        const std::string& flow, const CallContext& context,
                                        std::optional<HttpAnswer>& answer) {
  std::optional<CircuitBreaker::Ticket> ticket;
  std::chrono::milliseconds hold{0};
  const TimePoint begun = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    const TimePoint now = begun;
    const TimePoint go = gate_.may_go(flow, now);
    if (go > now) {
      AttemptOutcome held(Ended::rate_held);
      held.retry_after(std::chrono::ceil<std::chrono::milliseconds>(go - now));
      co_return held;
    }
    ticket = breaker_.admit(now);
    if (!ticket) hold = breaker_.wait(now);
  }
  if (!ticket) {
    AttemptOutcome held(Ended::held_back);
    held.retry_after(hold);
    co_return held;
  }
  // A long poll that probes would hold everybody back for as long as the homeserver has nothing to tell.
  EventLoop::Timer waits_well;
  if (ticket->is_probe() && request->lane() == Lane::long_poll) {
    waits_well = context.loop().at(begun + probing_poll_patience, [this, ticket] {
      const std::lock_guard lock(mutex_);
      record(*ticket, CircuitBreaker::Verdict::success, Clock::now());
    });
  }
  HttpOutcome outcome = co_await client_of(context.loop()).perform(request, context.deadline(), context.stop());
  waits_well.cancel();
  const TimePoint ended = Clock::now();
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(ended - begun);
  log_attempt(*request, outcome, waited);
  // The end of a long poll's time is no failure of a homeserver that had nothing to tell.
  const auto counted = request->lane() == Lane::long_poll ? std::chrono::milliseconds(0) : waited;
  AttemptOutcome read = outcome.answered() ? reader(outcome.answer()) : read_failure(outcome, counted);
  {
    const std::lock_guard lock(mutex_);
    if (read.how() == Ended::answered && read.status() == too_many_requests) {
      gate_.hold(flow, read.retry_after().value_or(default_retry_after), ended);
    }
    record(*ticket, CircuitBreaker::verdict_of(read), ended);
  }
  if (outcome.answered()) answer.emplace(std::move(outcome).answer());
  co_return read;
}

Task<Result<HttpAnswer>> Scheduler::perform(std::shared_ptr<const HttpRequest> request, Repeatable repeatable,
                                            AnswerReader reader, std::string flow, CallContext context) {
  const std::shared_ptr<Scheduler> alive = shared_from_this();
  Turns::Place place(turns_);
  // Long polls wait at the homeserver, not for it: they have connections of their own and take nobody's turn.
  if (request->lane() != Lane::long_poll) {
    Result<void> joined = place.join(context.group());
    if (!joined) co_return std::move(joined).error();
  }
  RetryPolicy policy(repeatable, context.deadline(), [this] { return random_(); });
  const auto ended = [&policy](Ended how) { return policy.after(AttemptOutcome(how), 0, Clock::now()).error(); };
  for (;;) {
    if (place && !place.in_turn()) {
      const bool in_turn = co_await place.turn(context);
      if (!in_turn) {
        co_return ended(context.stop().stop_requested() ? Ended::cancelled_unsent : Ended::deadline_unsent);
      }
    }
    if (!context.attempts().take()) {
      co_return Error(Errc::unavailable, "the requests that one call may cause are spent; repeat the call");
    }
    std::optional<HttpAnswer> answer;
    AttemptOutcome outcome = co_await attempt(request, reader, flow, context, answer);
    // What was held back here was no request, and must not eat the call's few.
    const bool held_here = outcome.how() == Ended::held_back || outcome.how() == Ended::rate_held;
    if (held_here) context.attempts().give_back();
    const RetryDecision decision = policy.after(outcome, context.attempts().left(), Clock::now());
    if (decision.kind() == RetryDecision::Kind::settled) co_return std::move(*answer);
    if (decision.kind() == RetryDecision::Kind::give_up) co_return decision.error();
    place.park();
    const bool slept = co_await context.loop().sleep_until(decision.at(), context.stop());
    place.unpark();
    if (!slept) co_return ended(Ended::cancelled_unsent);
  }
}

}  // namespace confab::net
