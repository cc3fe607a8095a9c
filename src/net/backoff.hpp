// How long to wait before the next attempt, so that many clients do not return at the same moment?
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace confab::net {

// Uniform over all 64-bit values; injected, so that tests choose the dice. Called by whoever owns the machine.
using RandomSource = std::function<std::uint64_t()>;

// A source that copies share, eight bytes of state, safe to call from any thread. For jitter only, where nobody gains
// by guessing; make one per homeserver, since a seed from the system costs more than a request may.
[[nodiscard]] RandomSource jitter_source(std::uint64_t seed);

// Longest wait that any machine here computes. It keeps the arithmetic below within 64 bits.
constexpr std::chrono::milliseconds max_wait = std::chrono::hours(1);

// Uniform in [0, most], from the upper half of the random bits; monotone in them, which tests rely on. Values of `most`
// below zero count as zero, above max_wait as max_wait.
[[nodiscard]] std::chrono::milliseconds uniform_wait(std::chrono::milliseconds most, const RandomSource& random);

// Exponential backoff with full jitter: attempt n waits uniformly within [0, min(cap, base * 2^n)]. Full jitter spreads
// a burst best of the usual forms, and keeps no state but the count of attempts.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds default_base{250};
  static constexpr std::chrono::milliseconds default_cap{10'000};

  Backoff() = default;
  // Nonsense is bent into range: 1 ms <= base <= cap <= max_wait.
  Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap);

  // The upper end for the attempt counted from 0.
  [[nodiscard]] std::chrono::milliseconds ceiling(unsigned attempt) const noexcept;
  [[nodiscard]] std::chrono::milliseconds wait(unsigned attempt, const RandomSource& random) const;

 private:
  std::chrono::milliseconds base_ = default_base;
  std::chrono::milliseconds cap_ = default_cap;
};

}  // namespace confab::net
