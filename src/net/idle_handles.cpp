#include "net/idle_handles.hpp"

#include <algorithm>
#include <utility>

namespace confab::net {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_idle_polls = 512;
constexpr std::size_t max_idle_handles = 64;
constexpr std::size_t max_idle_large_handles = 16;
constexpr std::array<std::size_t, 3> bounds = {max_idle_polls, max_idle_handles, max_idle_large_handles};
// So many at once, and the next ones soon: each takes microseconds, and others wait for the loop.
constexpr std::size_t closed_at_once = 128;
constexpr std::chrono::milliseconds closing_pause{20};

}  // namespace

CURL* IdleHandles::take(Expected expected) noexcept {
  Handles& handles = of(expected);
  if (handles.empty()) return nullptr;
  CURL* const easy = handles.back().release();
  handles.pop_back();
  if (expected == Expected::little) unused_ = std::min(unused_, handles.size());
  return easy;
}

void IdleHandles::put_back(Expected expected, CURL* easy) noexcept {
  std::unique_ptr<CURL, CloseEasy> owned(easy);
  Handles& handles = of(expected);
  if (handles.size() >= bounds[static_cast<std::size_t>(expected)]) {
    if (expected != Expected::little) return;
    if (!looks_) unused_ = handles.size();
    if (!looks_ && !look_again(unused_for_)) return;
  }
  try {
    handles.push_back(std::move(owned));
  } catch (...) {  // the next request makes another
  }
}

void IdleHandles::clear() noexcept {
  timer_.cancel();
  looks_ = false;
  for (Handles& handles : handles_) handles.clear();
}

bool IdleHandles::look_again(Clock::duration after) noexcept {
  try {
    timer_ = loop_->at(Clock::now() + after, [this] { close_unused(); });
    looks_ = true;
  } catch (...) {
    looks_ = false;
  }
  return looks_;
}

void IdleHandles::close_unused() noexcept {
  Handles& handles = of(Expected::little);
  const std::size_t over = handles.size() - std::min(handles.size(), max_idle_polls);
  std::size_t closed = 0;
  for (const std::size_t most = std::min({over, unused_, closed_at_once}); closed < most; ++closed) handles.pop_back();
  unused_ -= closed;
  looks_ = false;
  if (handles.size() <= max_idle_polls) return;
  if (unused_ > 0) {
    (void)look_again(closing_pause);
    return;
  }
  unused_ = handles.size();
  (void)look_again(unused_for_);
}

}  // namespace confab::net
