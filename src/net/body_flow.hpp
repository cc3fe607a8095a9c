// How much of an answer's body is to be expected, and does its reader want more of it now? (BodyFlow: the reader says
// so, the transfer hears it.)
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace confab::net {

// How much mostly comes, which is how large the buffer is that it is waited for with.
enum class Expected : std::uint8_t { little, usual, much };

// Loop thread only.
class BodyFlow {
 public:
  // The reader, also while it is being handed a part of the body. What is on its way to it may still come.
  void hold(bool held) {
    if (std::exchange(held_, held) != held && changed_) changed_();
  }
  [[nodiscard]] bool held() const noexcept { return held_; }

  // The transfer; one at a time. Told inside hold().
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

 private:
  bool held_ = false;
  std::function<void()> changed_;
};

}  // namespace confab::net
