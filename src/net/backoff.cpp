#include "net/backoff.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

namespace confab::net {

using std::chrono::milliseconds;

RandomSource jitter_source(std::uint64_t seed) {
  // SplitMix64: a counter and a mixing function, so that the shared state is a single atomic addition.
  return [state = std::make_shared<std::atomic<std::uint64_t>>(seed)] {
    constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state->fetch_add(golden_gamma, std::memory_order_relaxed) + golden_gamma;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
  };
}

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
