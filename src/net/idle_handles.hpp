// IdleHandles: libcurl's handles between two requests. To make one, with all that is set on it once, costs a tenth of a
// request.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "net/body_flow.hpp"
#include "net/curl_owners.hpp"
#include "net/event_loop.hpp"

namespace confab::net {

// Loop thread only. Apart by Expected: a handle's buffer must not change once it is there.
class IdleHandles {
 public:
  // Handles of long polls above the bound are closed when for so long as many were not wanted.
  static constexpr std::chrono::milliseconds unused_handles_for{10'000};

  explicit IdleHandles(EventLoop& loop, Clock::duration unused_for = unused_handles_for) noexcept
      : loop_(&loop), unused_for_(unused_for) {}
  IdleHandles(const IdleHandles&) = delete;
  IdleHandles& operator=(const IdleHandles&) = delete;

  // Null: there is none.
  [[nodiscard]] CURL* take(Expected expected) noexcept;
  // Takes it over. Over the bound it is closed; those of long polls, thousands of which one event ends and most of
  // which begin again a moment later, only when they have not been wanted for a while.
  void put_back(Expected expected, CURL* easy) noexcept;
  void clear() noexcept;

  [[nodiscard]] std::size_t size(Expected expected) const noexcept { return of(expected).size(); }

 private:
  using Handles = std::vector<std::unique_ptr<CURL, CloseEasy>>;
  [[nodiscard]] Handles& of(Expected expected) noexcept { return handles_[static_cast<std::size_t>(expected)]; }
  [[nodiscard]] const Handles& of(Expected expected) const noexcept {
    return handles_[static_cast<std::size_t>(expected)];
  }
  // False: there is no memory for the timer.
  [[nodiscard]] bool look_again(Clock::duration after) noexcept;
  void close_unused() noexcept;

  EventLoop* loop_;
  Clock::duration unused_for_;
  std::array<Handles, 3> handles_;
  std::size_t unused_ = 0;  // of long polls: the fewest there were since it was last looked
  bool looks_ = false;      // the timer is set
  EventLoop::Timer timer_;
};

}  // namespace confab::net
