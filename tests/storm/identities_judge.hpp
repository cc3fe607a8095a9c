// What has to be true after the tokens of all users of two tenants died at once, and what was not.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace confab::storm {

/// Users are numbered: first those of the large tenant, then those of the small one.
struct StormSeen {
  std::size_t large = 0;
  std::size_t small = 0;
  std::vector<std::size_t> recovered;  ///< who had a new token in the store, one after the other
  std::vector<std::size_t> given;      ///< how many tokens the homeserver gave to each user
  std::vector<std::size_t> confirmed;  ///< how many sends of each user were confirmed
  std::vector<std::size_t> said;       ///< how often each user's text is in the rooms
  std::vector<std::string> failed;     ///< what calls ended with that were not confirmed
  std::vector<std::string> limited;    ///< what was answered 429
};

/// How the small tenant fared while it still had users to recover. The first recoveries are left out: whoever asked
/// first is first.
struct Shares {
  std::size_t done = 0;     ///< so many recoveries, of both, until its last one
  double until_done = 1;    ///< its share from the hundredth until it was done
  bool starved = false;     ///< whether that was less than a quarter, rounded down to whole recoveries
  double of_a_hundred = 1;  ///< its least share of a hundred in a row among these
};

constexpr std::ptrdiff_t judged_from = 100;
constexpr std::ptrdiff_t in_a_row = 100;
constexpr double least_share = 0.25;

[[nodiscard]] Shares shares_of_small(const StormSeen& seen);
/// A line for each thing that does not hold; empty when all does.
[[nodiscard]] std::vector<std::string> faults(const StormSeen& seen);

}  // namespace confab::storm
