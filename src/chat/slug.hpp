// Which words may the host use for its tenants, users, events and groups?
//
// Letters, digits and . _ ~ - of ASCII: what needs no escape in a URL, and little in a Matrix identifier. Bounded, so
// that a room's alias stays within the 255 bytes that Matrix allows.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <confab/ids.hpp>
#include <confab/result.hpp>

namespace confab::chat {

inline constexpr std::size_t longest_slug = 100;
inline constexpr std::size_t longest_tenant_id = 64;
inline constexpr std::string_view slug_rule = "must be 1 to 100 letters, digits or . _ ~ - of ASCII";

[[nodiscard]] bool is_slug(std::string_view text) noexcept;
[[nodiscard]] bool is_tenant_id(std::string_view text) noexcept;

// Errc::invalid_argument, with what the slug is of as subject: "user", "event" or "group". Of a direct room both users'
// are looked at, and that they are two.
[[nodiscard]] Result<void> check_slug(const UserSlug& slug);
[[nodiscard]] Result<void> check_slug(const RoomRef& room);

// `event "picnic"`, for error messages.
[[nodiscard]] std::string in_words(const RoomRef& room);

// Text from outside, short and printable, between quotes: fit for an error message.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace confab::chat
