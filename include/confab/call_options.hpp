/// @file
/// CallOptions: how long one operation may take, and how to stop it.
///
///     service.send(message, CallOptions().within(5s).stop(source.get_token()))
#pragma once

#include <chrono>
#include <stop_token>
#include <utility>

namespace confab {

/// Limits on one operation. They cover all of it: queueing, waits for rate limits, recovery of tokens and repeats. A
/// deadline is one point in time that every part of the operation sees, so parts cannot add up to more.
///
/// When a limit is reached before anything was sent, the operation completes with Errc::timed_out or Errc::cancelled,
/// and nothing was done. After the first byte was written it completes with Errc::outcome_unknown and the transaction
/// id, because the homeserver may have done what it was asked.
///
/// A class with setters rather than an aggregate, because g++ 12 destroys aggregate temporaries twice inside a co_await
/// expression.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
class CallOptions {
 public:
  /// The clock of deadlines: it never jumps, whatever happens to the time of day.
  using Clock = std::chrono::steady_clock;

  /// The default: 30 seconds from the start of the operation, no stop token. No operation waits for ever by default.
  CallOptions() noexcept = default;

  /// Give up when this much time has passed since the operation was started (not: since it was described). It replaces
  /// until().
  ///
  /// @param limit    Zero or less: give up at once. Very long values mean no deadline; there is no other bound.
  CallOptions& within(std::chrono::nanoseconds limit) & noexcept {
    within_ = limit;
    deadline_ = Clock::time_point::max();
    return *this;
  }
  /// As above, for a temporary.
  CallOptions&& within(std::chrono::nanoseconds limit) && noexcept { return std::move(within(limit)); }

  /// Give up at a point in time, whenever the operation is started: for several operations that share one deadline. It
  /// replaces within().
  ///
  /// @param deadline On the clock above. In the past: give up at once.
  CallOptions& until(Clock::time_point deadline) & noexcept {
    deadline_ = deadline;
    within_ = std::chrono::nanoseconds::max();
    return *this;
  }
  /// As above, for a temporary.
  CallOptions&& until(Clock::time_point deadline) && noexcept { return std::move(until(deadline)); }

  /// Give up when this token is asked to stop, beside the deadline.
  ///
  /// @param token    One token may stop many operations. Stopped already: the operation is cancelled when it starts.
  /// @par Lifetime   Nothing of the operation hangs on the std::stop_source once the operation has completed.
  /// @par Threads    The stop may be requested on any thread. The request itself only posts: it never runs a handler.
  CallOptions& stop(std::stop_token token) & noexcept {
    stop_ = std::move(token);
    return *this;
  }
  /// As above, for a temporary.
  CallOptions&& stop(std::stop_token token) && noexcept { return std::move(stop(std::move(token))); }

  /// The point in time to give up at, for an operation that starts at `start`. For implementers of the interfaces.
  ///
  /// @returns        time_point::max() where there is no deadline.
  [[nodiscard]] Clock::time_point deadline_from(Clock::time_point start) const noexcept {
    if (within_ == std::chrono::nanoseconds::max()) return deadline_;
    if (within_ >= Clock::time_point::max() - start) return Clock::time_point::max();
    return start + std::chrono::duration_cast<Clock::duration>(within_);
  }
  /// The token that cancels the operation; one without a state (stop_possible() is false) when none was set.
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }

 private:
  std::chrono::nanoseconds within_ = std::chrono::seconds(30);
  Clock::time_point deadline_ = Clock::time_point::max();
  std::stop_token stop_;
};

}  // namespace confab
