// Which known word did somebody mean who wrote an unknown one?
#pragma once

#include <span>
#include <string_view>

namespace confab::chat {

// The word with the fewest insertions, deletions, replacements and swaps of neighbours, if it is near enough to be
// meant; else empty. Words over 64 bytes are never near.
[[nodiscard]] std::string_view nearest_word(std::string_view written, std::span<const std::string_view> known);

}  // namespace confab::chat
