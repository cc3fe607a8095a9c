#include "net/retry_policy.hpp"

#include <algorithm>
#include <string>

#include "net/attempt_outcome.hpp"
#include "net/retry_after.hpp"

namespace confab::net {

using std::chrono::milliseconds;
using time_point = std::chrono::steady_clock::time_point;

namespace {

constexpr int request_timeout = 408;

// 408: the server gave up on our request; like a 5xx it says nothing about the request itself.
bool failing_status(int status) { return status == request_timeout || status >= 500; }

// A gateway that lost the server behind it cannot know what that server did.
bool gateway_lost_server(int status) { return status == 502 || status == 504; }

struct Verdict {
  Errc code;
  const char* message;
};

Verdict verdict_of(const AttemptOutcome& outcome) {
  switch (outcome.how()) {
    case Ended::resolve_failed:
      return {Errc::unreachable, "The homeserver's name could not be resolved; nothing was sent."};
    case Ended::connect_failed:
      return {Errc::unreachable, "No connection to the homeserver could be made; nothing was sent."};
    case Ended::refused_stream:
    case Ended::goaway:
      return {Errc::unreachable, "The homeserver is closing its connections; nothing was sent."};
    case Ended::untrusted:
      return {Errc::unreachable, "The homeserver's certificate could not be verified; nothing was sent."};
    case Ended::held_back:
      return {Errc::unavailable, "The homeserver has been failing; requests to it are held back for a while."};
    case Ended::rate_held:
      return {Errc::rate_limited,
              "The homeserver limits the rate of requests; this one was held back, nothing was sent."};
    case Ended::no_memory_unsent:
      return {Errc::no_memory, "Memory is exhausted; nothing was sent."};
    case Ended::no_memory_sent:
      return {Errc::no_memory, "Memory for the answer is exhausted."};
    case Ended::deadline_unsent:
      return {Errc::timed_out, "The deadline passed before the request was sent."};
    case Ended::cancelled_unsent:
      return {Errc::cancelled, "The caller cancelled before the request was sent."};
    case Ended::cut:
      return {Errc::unavailable, "The connection ended before the answer was complete."};
    case Ended::broken:
      return {Errc::protocol, "The answer could not be read."};
    case Ended::deadline_sent:
      return {Errc::timed_out, "The deadline passed before the answer arrived."};
    case Ended::cancelled_sent:
      return {Errc::cancelled, "The caller cancelled before the answer arrived."};
    case Ended::answered:
      break;
  }
  if (outcome.status() == too_many_requests) {
    return {Errc::rate_limited, "The homeserver limits the rate of requests; repeat after the wait it names."};
  }
  return {Errc::unavailable, "The homeserver answers with a failure of its own; try again later."};
}

}  // namespace

RetryPolicy::RetryPolicy(Repeatable repeatable, time_point deadline, RandomSource random, Backoff backoff)
    : repeatable_(repeatable), deadline_(deadline), random_(std::move(random)), backoff_(backoff) {}

bool RetryPolicy::settles(const AttemptOutcome& outcome) const noexcept {
  return outcome.how() == Ended::answered && outcome.status() != too_many_requests && !failing_status(outcome.status());
}

bool RetryPolicy::may_repeat(const AttemptOutcome& outcome) const noexcept {
  switch (outcome.how()) {
    case Ended::resolve_failed:
    case Ended::connect_failed:
    case Ended::refused_stream:
    case Ended::goaway:
      return true;
    case Ended::held_back:
    case Ended::rate_held:
      return hold_backs_ <= max_hold_backs;
    case Ended::cut:
      return repeatable_ != Repeatable::once;
    case Ended::answered:
      return outcome.status() == too_many_requests || repeatable_ != Repeatable::once;
    default:  // Deadline, cancellation, a bad certificate, an answer over its bound: the same would come again.
      return false;
  }
}

// An idempotent request that a gateway failed stays `unavailable`: repeating it is harmless, and a homeserver that
// restarts behind its proxy is the most common way to get there.
bool RetryPolicy::leaves_open(const AttemptOutcome& outcome) const noexcept {
  if (repeatable_ == Repeatable::safe || provably_not_sent(outcome.how())) return false;
  if (outcome.how() != Ended::answered) return outcome.how() != Ended::broken;
  return repeatable_ == Repeatable::once && gateway_lost_server(outcome.status());
}

std::optional<milliseconds> RetryPolicy::asked_wait(const AttemptOutcome& outcome) const noexcept {
  if (outcome.retry_after()) return std::clamp(*outcome.retry_after(), milliseconds(0), max_retry_after);
  if (outcome.how() == Ended::answered && outcome.status() == too_many_requests) return default_retry_after;
  return std::nullopt;
}

std::optional<time_point> RetryPolicy::next_time(const AttemptOutcome& outcome, time_point now) {
  const unsigned attempt = attempts_ended_ - 1;
  // A connection that was going away says nothing about the homeserver: the first repeat takes a fresh one at once.
  const bool stale_connection =
      outcome.how() == Ended::refused_stream || outcome.how() == Ended::goaway || outcome.how() == Ended::cut;
  milliseconds wait(0);
  if (const auto asked = asked_wait(outcome)) {
    if (*asked >= deadline_ - now) return std::nullopt;
    const milliseconds last = std::chrono::ceil<milliseconds>(deadline_ - now) - milliseconds(1);
    // Spread over an eighth of the wait, at least over the backoff, but never past a deadline that the wait respects.
    const auto spread = std::max(std::min(*asked / 8, max_release_spread), backoff_.ceiling(attempt));
    wait = *asked + std::min(uniform_wait(std::min(spread, max_release_spread), random_),
                             std::max(milliseconds(0), last - *asked));
  } else if (!stale_connection || attempt > 0) {
    wait = backoff_.wait(attempt, random_);
  }
  if (wait >= deadline_ - now) return std::nullopt;
  return now + wait;
}

Error RetryPolicy::final_error(const AttemptOutcome& outcome) const {
  const auto [code, message] = verdict_of(outcome);
  Error error = outcome.error().value_or(Error(code, message));
  // What the client found broken has its own code (too large, no Matrix); everything else is ours to name.
  if (outcome.how() != Ended::broken) error = error.with_code(code);
  if (outcome.how() == Ended::answered) error = error.with_http_status(outcome.status());
  if (outcome.how() == Ended::untrusted) error = error.with_retriable(false);
  if (const auto wait = asked_wait(outcome)) error = error.with_retry_after(*wait);
  if (may_have_happened_) {
    error = error.with_code(Errc::outcome_unknown)
                .with_message("The request was sent and may have been carried out; its answer was lost. Last: " +
                              std::string(error.message()));
  }
  return error;
}

RetryDecision RetryPolicy::after(const AttemptOutcome& outcome, unsigned attempts_left, time_point now) {
  if (settles(outcome)) return RetryDecision::settled();
  if (leaves_open(outcome)) may_have_happened_ = true;
  if (outcome.how() == Ended::held_back || outcome.how() == Ended::rate_held) ++hold_backs_;
  // Counted for the backoff even if held back: a breaker that stays open is asked less and less often.
  ++attempts_ended_;
  if (may_repeat(outcome) && attempts_left > 0) {
    if (const auto at = next_time(outcome, now)) return RetryDecision::repeat(*at);
  }
  return RetryDecision::give_up(final_error(outcome));
}

}  // namespace confab::net
