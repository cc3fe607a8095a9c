// Whether two readings of a JSON text are the same value, sources included.
#pragma once

#include "util/json.hpp"

namespace confab::test {

[[nodiscard]] inline bool alike(const json::Value& one, const json::Value& other) {
  if (one.kind() != other.kind() || one.size() != other.size() || one.source() != other.source()) return false;
  if (one.string_or("") != other.string_or("") || one.integer_or(0) != other.integer_or(0)) return false;
  if (one.boolean_or(false) != other.boolean_or(false)) return false;
  for (std::size_t at = 0; one.is_array() && at < one.size(); ++at) {
    if (!alike(one[at], other[at])) return false;
  }
  auto twin = other.members().begin();
  for (const auto& [key, member] : one.members()) {
    const auto [its_key, its_member] = *twin;
    if (key != its_key || !alike(member, its_member)) return false;
    ++twin;
  }
  return true;
}

}  // namespace confab::test
