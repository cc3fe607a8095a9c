/// @file
/// CallOptions: how long one operation may take, and how to stop it.
#pragma once

#include <chrono>
#include <stop_token>
#include <utility>

namespace confab {

/// Limits on one operation. They cover all of it: queueing, waits for rate limits, recovery of tokens and repeats.
///
/// A class with setters rather than an aggregate, because g++ 12 destroys aggregate temporaries twice inside a
/// co_await expression.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
class CallOptions {
 public:
  /// The clock of deadlines: it never jumps.
  using Clock = std::chrono::steady_clock;

  /// The default: 30 seconds from the start of the operation, no stop token.
  CallOptions() noexcept = default;

  /// Give up when this much time has passed since the operation was started.
  CallOptions& within(std::chrono::nanoseconds limit) & noexcept {
    within_ = limit;
    deadline_ = Clock::time_point::max();
    return *this;
  }
  /// Give up when this much time has passed since the operation was started.
  CallOptions&& within(std::chrono::nanoseconds limit) && noexcept { return std::move(within(limit)); }

  /// Give up at a point in time, whenever the operation is started.
  CallOptions& until(Clock::time_point deadline) & noexcept {
    deadline_ = deadline;
    within_ = std::chrono::nanoseconds::max();
    return *this;
  }
  /// Give up at a point in time, whenever the operation is started.
  CallOptions&& until(Clock::time_point deadline) && noexcept { return std::move(until(deadline)); }

  /// Give up when this token is asked to stop. The stop request itself only posts: it never runs a handler.
  CallOptions& stop(std::stop_token token) & noexcept {
    stop_ = std::move(token);
    return *this;
  }
  /// Give up when this token is asked to stop. The stop request itself only posts: it never runs a handler.
  CallOptions&& stop(std::stop_token token) && noexcept { return std::move(stop(std::move(token))); }

  /// The point in time to give up at, for an operation that starts at `start`.
  [[nodiscard]] Clock::time_point deadline_from(Clock::time_point start) const noexcept {
    if (within_ == std::chrono::nanoseconds::max()) return deadline_;
    if (within_ >= Clock::time_point::max() - start) return Clock::time_point::max();
    return start + std::chrono::duration_cast<Clock::duration>(within_);
  }
  /// The token that cancels the operation.
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }

 private:
  std::chrono::nanoseconds within_ = std::chrono::seconds(30);
  Clock::time_point deadline_ = Clock::time_point::max();
  std::stop_token stop_;
};

}  // namespace confab
