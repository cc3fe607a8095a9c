#include "chat/nearest_word.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace confab::chat {
namespace {

constexpr std::size_t longest_word = 64;

std::size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, longest_word + 1>;
  Row before{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view written, std::span<const std::string_view> known) {
  if (written.size() > longest_word) return {};
  std::string_view nearest;
  // A third of the letters wrong still reads as the same word.
  std::size_t best = std::max<std::size_t>(1, (written.size() + 2) / 3) + 1;
  for (const std::string_view word : known) {
    if (word.size() > longest_word) continue;
    const std::size_t steps = distance(written, word);
    if (steps < best) {
      best = steps;
      nearest = word;
    }
  }
  return nearest;
}

}  // namespace confab::chat
