// TokenCounts: the TokenMetrics of one Homeserver, while they grow. Any thread. A lock and not atomics: it is taken
// once per request for a token, and what is read belongs together.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include <confab/error.hpp>
#include <confab/token_metrics.hpp>

namespace confab::credentials {

class TokenCounts {
 public:
  // What was decided without asking the homeserver (a login that is not due, a password that is known to be refused)
  // was no attempt, and how often callers ask for it says nothing of the homeserver.
  void tried(TokenStep step, const std::optional<Error>& error, std::chrono::steady_clock::duration took) {
    if (error && error->http_status() == 0 && outcome_of(error) != TokenOutcome::failed) return;
    const std::lock_guard lock(mutex_);
    seen_.step(step).count(outcome_of(error), std::chrono::duration_cast<std::chrono::microseconds>(took));
  }
  void made(TokenReason reason) {
    const std::lock_guard lock(mutex_);
    seen_.count(reason);
  }
  void admin_refused(bool refused) {
    const std::lock_guard lock(mutex_);
    seen_.admin_refused(refused);
  }
  [[nodiscard]] TokenMetrics now() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  [[nodiscard]] static TokenOutcome outcome_of(const std::optional<Error>& error) {
    if (!error) return TokenOutcome::succeeded;
    switch (error->code()) {
      case Errc::rate_limited:
        return TokenOutcome::limited;
      case Errc::unreachable:
      case Errc::unavailable:
      case Errc::timed_out:
      case Errc::outcome_unknown:
      case Errc::cancelled:
      case Errc::closed:
      case Errc::busy:
      case Errc::no_memory:
      case Errc::protocol:
      case Errc::internal:
        return TokenOutcome::failed;
      default:
        return TokenOutcome::refused;
    }
  }

  mutable std::mutex mutex_;
  TokenMetrics seen_;
};

}  // namespace confab::credentials
