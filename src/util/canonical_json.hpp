// Canonical JSON of the Matrix specification (appendices, "Canonical JSON"): the form in which events are measured.
#pragma once

#include <cstddef>
#include <string>

#include "util/json.hpp"

namespace confab {

/// Encode with sorted members, no spaces and least escaping. Errc::invalid_argument, naming the path, for what Matrix
/// events cannot hold: fractions, exponents, and integers beyond +-(2^53 - 1).
[[nodiscard]] Result<std::string> canonical_json(const json::Value& value);

/// The largest integer, and negated the smallest, that an event may hold.
inline constexpr std::int64_t max_canonical_integer = (std::int64_t{1} << 53U) - 1;

}  // namespace confab
