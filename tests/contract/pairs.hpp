// Pairs of records that are always written together, so that half a transaction would show.
#pragma once

#include <cstddef>
#include <string>

namespace confab::test {

inline constexpr int pair_chains = 8;

inline std::string pair_prefix(int chain) { return "pair/" + std::to_string(chain) + '/'; }
inline std::string pair_key(int chain, char side) { return pair_prefix(chain) + side; }

/// Of many lengths, up to several pages.
inline std::string pair_value(int number) {
  return "[" + std::to_string(number) + ",\"" + std::string(static_cast<std::size_t>(number) * 379 % 9000, 'x') + "\"]";
}
/// -1 if the value is not wholly what was written.
inline int number_of_pair(const std::string& value) {
  if (value.size() < 2 || value[0] != '[') return -1;
  const int number = std::stoi(value.substr(1));
  return value == pair_value(number) ? number : -1;
}

}  // namespace confab::test
