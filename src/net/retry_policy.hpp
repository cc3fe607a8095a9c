// After an attempt has ended: hand its answer up, repeat it (when?), or give up (with which error)?
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <confab/error.hpp>

#include "net/attempt_outcome.hpp"
#include "net/backoff.hpp"

namespace confab::net {

// Most times one call is held back by an open breaker or a rate limit before it gives up; its deadline usually comes
// first. It ends calls without a deadline, and loops should a breaker ever answer with no wait.
constexpr unsigned max_hold_backs = 64;

// Longest spread added to a wait the server asked for, so that all who were told the same do not return together.
constexpr std::chrono::milliseconds max_release_spread{2'000};

// What repeating would mean.
enum class Repeatable {
  safe,        // Reads only: nothing can have happened (GET, HEAD).
  idempotent,  // Writes, and twice is once (PUT with a transaction id, admin PUT).
  once,        // A second one may do it again (most POSTs): repeated only if provably not sent or refused by 429.
};

class RetryDecision {
 public:
  enum class Kind { settled, repeat, give_up };
  // The answer is the outcome: hand it up as it is.
  [[nodiscard]] static RetryDecision settled() { return RetryDecision(Kind::settled); }
  [[nodiscard]] static RetryDecision repeat(std::chrono::steady_clock::time_point at) {
    RetryDecision decision(Kind::repeat);
    decision.at_ = at;
    return decision;
  }
  [[nodiscard]] static RetryDecision give_up(Error error) {
    RetryDecision decision(Kind::give_up);
    decision.error_ = std::move(error);
    return decision;
  }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  // When to send again. Only for repeat; never before the `now` it was decided at, always before the deadline.
  [[nodiscard]] std::chrono::steady_clock::time_point at() const noexcept { return at_; }
  // Only for give_up.
  [[nodiscard]] const Error& error() const { return error_.value(); }

 private:
  explicit RetryDecision(Kind kind) : kind_(kind) {}
  Kind kind_;
  std::chrono::steady_clock::time_point at_;
  std::optional<Error> error_;
};

// One per call. It remembers whether an earlier attempt may have been carried out: then a later failure, however
// clear, leaves the outcome of the call unknown.
class RetryPolicy {
 public:
  RetryPolicy(Repeatable repeatable, std::chrono::steady_clock::time_point deadline, RandomSource random,
              Backoff backoff = Backoff());

  // `attempts_left` as the budget says after this attempt was taken from it.
  [[nodiscard]] RetryDecision after(const AttemptOutcome& outcome, unsigned attempts_left,
                                    std::chrono::steady_clock::time_point now);

  // Whether an attempt so far may have changed something at the homeserver without our having its answer.
  [[nodiscard]] bool may_have_happened() const noexcept { return may_have_happened_; }

 private:
  [[nodiscard]] bool settles(const AttemptOutcome& outcome) const noexcept;
  [[nodiscard]] bool may_repeat(const AttemptOutcome& outcome) const noexcept;
  [[nodiscard]] bool leaves_open(const AttemptOutcome& outcome) const noexcept;
  [[nodiscard]] std::optional<std::chrono::milliseconds> asked_wait(const AttemptOutcome& outcome) const noexcept;
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_time(
      const AttemptOutcome& outcome, std::chrono::steady_clock::time_point now);
  [[nodiscard]] Error final_error(const AttemptOutcome& outcome) const;

  Repeatable repeatable_;
  std::chrono::steady_clock::time_point deadline_;
  RandomSource random_;
  Backoff backoff_;
  unsigned attempts_ended_ = 0;
  unsigned hold_backs_ = 0;
  bool may_have_happened_ = false;
};

}  // namespace confab::net
