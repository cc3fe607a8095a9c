// How many requests may one call of the host still cause?
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

namespace confab::net {

// Requests that one call may send, over all layers: repeats here, a token minted and the call sent again above. Over
// it the last error is the call's answer. It bounds what a failing homeserver gets from us to four times the load.
constexpr unsigned max_attempts_per_call = 4;

// Copies share one count. Take before sending: a request that was cut has been sent too. No lock: a call runs on one
// loop.
class AttemptsBudget {
 public:
  explicit AttemptsBudget(unsigned most = max_attempts_per_call)
      : most_(std::min(most, max_attempts_per_call)), left_(std::make_shared<unsigned>(most_)) {}
  // The whole budget, counted in a place that its owner has for it.
  explicit AttemptsBudget(std::shared_ptr<unsigned> place) : most_(max_attempts_per_call), left_(std::move(place)) {
    *left_ = most_;
  }

  // False, and nothing taken, when all are spent.
  [[nodiscard]] bool take() noexcept {
    if (*left_ == 0) return false;
    --*left_;
    return true;
  }
  // Only for what was provably never started (a name that did not resolve): the homeserver saw nothing of it.
  void give_back() noexcept { *left_ = std::min(*left_ + 1, most_); }
  [[nodiscard]] unsigned left() const noexcept { return *left_; }

 private:
  unsigned most_;
  std::shared_ptr<unsigned> left_;
};

}  // namespace confab::net
