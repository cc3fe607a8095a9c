#include "net/backoff.hpp"

#include <algorithm>

namespace confab::net {

using std::chrono::milliseconds;

milliseconds uniform_wait(milliseconds most, const RandomSource& random) {
  most = std::clamp(most, milliseconds(0), max_wait);
  // 32 random bits times at most 3.6 million stay within 64 bits, and need no division.
  const std::uint64_t range = static_cast<std::uint64_t>(most.count()) + 1;
  return milliseconds(static_cast<std::int64_t>(((random() >> 32U) * range) >> 32U));
}

Backoff::Backoff(milliseconds base, milliseconds cap)
    : base_(std::clamp(base, milliseconds(1), max_wait)), cap_(std::clamp(cap, base_, max_wait)) {}

milliseconds Backoff::ceiling(unsigned attempt) const noexcept {
  milliseconds ceiling = base_;
  // Doubling step by step cannot overflow: it ends at the cap, 22 steps at most.
  for (unsigned i = 0; i < attempt && ceiling < cap_; ++i) ceiling *= 2;
  return std::min(ceiling, cap_);
}

milliseconds Backoff::wait(unsigned attempt, const RandomSource& random) const {
  return uniform_wait(ceiling(attempt), random);
}

}  // namespace confab::net
