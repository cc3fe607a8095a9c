// BodyFlow: does the reader of an answer's body want more of it now? The reader says so, the transfer hears it.
#pragma once

#include <functional>
#include <utility>

namespace confab::net {

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
