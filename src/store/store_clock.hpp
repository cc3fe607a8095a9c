// StoreClock: what time is it for records? The system's clock, kept from going back while this process lives.
#pragma once

#include <confab/store.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace confab::store {

using ClockSource = std::function<StoreTime()>;  // tests bring their own

/// Readings of a clock that may be set back, in an order that never goes back.
class LatestTime {
 public:
  // Any thread.
  [[nodiscard]] StoreTime of(StoreTime read) {
    std::int64_t latest = latest_.load();
    const std::int64_t time = read.time_since_epoch().count();
    while (time > latest && !latest_.compare_exchange_weak(latest, time)) {
    }
    return StoreTime(std::chrono::milliseconds(time > latest ? time : latest));
  }

 private:
  std::atomic<std::int64_t> latest_{0};
};

class StoreClock {
 public:
  explicit StoreClock(ClockSource source) : source_(std::move(source)) {}

  // Any thread.
  [[nodiscard]] StoreTime now() {
    return latest_.of(source_
                          ? source_()
                          : std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()));
  }

 private:
  ClockSource source_;
  LatestTime latest_;
};

}  // namespace confab::store
