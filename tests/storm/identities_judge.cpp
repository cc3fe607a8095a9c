#include "identities_judge.hpp"

#include <algorithm>
#include <iterator>

namespace confab::storm {

namespace {

constexpr std::ptrdiff_t most_told = 3;

std::string told(const std::vector<std::string>& all) {
  std::string text;
  for (auto it = all.begin(); it != all.end() && it - all.begin() < most_told; ++it) text += "; " + *it;
  return text;
}

/// Of how many users the count is another than one, and of whom for example.
void not_once(const std::vector<std::size_t>& counts, const char* what, std::vector<std::string>& out) {
  const auto wrong = std::count_if(counts.begin(), counts.end(), [](std::size_t count) { return count != 1; });
  if (wrong == 0) return;
  const auto one = std::find_if(counts.begin(), counts.end(), [](std::size_t count) { return count != 1; });
  out.push_back(std::to_string(wrong) + " users: " + what + " not once, but for example " + std::to_string(*one) +
                " times for user " + std::to_string(one - counts.begin()));
}

}  // namespace

Shares shares_of_small(const StormSeen& seen) {
  const auto is_small = [&](std::size_t user) { return user >= seen.large; };
  Shares shares;
  const auto last = std::find_if(seen.recovered.rbegin(), seen.recovered.rend(), is_small);
  shares.done = static_cast<std::size_t>(std::distance(last, seen.recovered.rend()));
  if (shares.done < static_cast<std::size_t>(judged_from)) return shares;
  const auto from = seen.recovered.begin() + judged_from - 1;
  const auto end = seen.recovered.begin() + static_cast<std::ptrdiff_t>(shares.done);
  const auto share = [&](auto first, auto past) {
    return static_cast<double>(std::count_if(first, past, is_small)) / static_cast<double>(past - first);
  };
  shares.until_done = share(from, end);
  shares.starved = std::count_if(from, end, is_small) < (end - from) / 4;
  for (auto first = from; end - first >= in_a_row; ++first) {
    shares.of_a_hundred = std::min(shares.of_a_hundred, share(first, first + in_a_row));
  }
  return shares;
}

std::vector<std::string> faults(const StormSeen& seen) {
  std::vector<std::string> out;
  std::vector<std::size_t> recoveries(seen.large + seen.small, 0);
  for (const std::size_t user : seen.recovered) ++recoveries.at(user);
  not_once(recoveries, "recovered", out);
  not_once(seen.given, "given a token", out);
  not_once(seen.confirmed, "confirmed", out);
  not_once(seen.said, "the text is there", out);
  if (!seen.failed.empty()) out.push_back(std::to_string(seen.failed.size()) + " calls failed" + told(seen.failed));
  if (!seen.limited.empty()) {
    out.push_back(std::to_string(seen.limited.size()) + " requests were answered 429" + told(seen.limited));
  }
  const Shares shares = shares_of_small(seen);
  const auto unfair = [&](double share, const char* of) {
    out.push_back("unfair: the small tenant had " + std::to_string(share) + " of " + of);
  };
  if (shares.starved) unfair(shares.until_done, "what came from the hundredth on");
  if (shares.of_a_hundred < least_share) unfair(shares.of_a_hundred, "a hundred in a row");
  return out;
}

}  // namespace confab::storm
