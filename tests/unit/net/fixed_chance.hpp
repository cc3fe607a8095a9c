// Chance and time as the tests of the sans-io machines fix them.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "net/backoff.hpp"

namespace confab::net {

inline const RandomSource lowest = [] { return std::uint64_t{0}; };
inline const RandomSource highest = [] { return std::numeric_limits<std::uint64_t>::max(); };
constexpr std::chrono::steady_clock::time_point start{std::chrono::hours(5)};

}  // namespace confab::net
