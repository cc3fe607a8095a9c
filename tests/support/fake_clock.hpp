// A steady clock that stands still until the test moves it.
#pragma once

#include <atomic>
#include <chrono>

namespace confab::test {

/// Thread-safe. Starts an hour after the epoch of std::chrono::steady_clock, so that a test may also look back.
class FakeClock {
 public:
  using duration = std::chrono::steady_clock::duration;
  using time_point = std::chrono::steady_clock::time_point;

  FakeClock() = default;
  explicit FakeClock(time_point start) : ticks_(start.time_since_epoch().count()) {}

  [[nodiscard]] time_point now() const { return time_point(duration(ticks_.load(std::memory_order_acquire))); }

  /// Moves the clock and gives the new time; a steady clock never goes back, so negative steps count as none.
  time_point advance(duration step) {
    const auto count = step.count() > 0 ? step.count() : 0;
    return time_point(duration(ticks_.fetch_add(count, std::memory_order_acq_rel) + count));
  }

 private:
  std::atomic<duration::rep> ticks_{std::chrono::duration_cast<duration>(std::chrono::hours(1)).count()};
};

}  // namespace confab::test
