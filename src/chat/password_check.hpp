// May this be a user's password?
#pragma once

#include <cstddef>

#include <confab/result.hpp>
#include <confab/secret.hpp>

namespace confab::chat {

inline constexpr std::size_t shortest_password = 8;   // characters
inline constexpr std::size_t longest_password = 512;  // bytes; homeservers take no longer one

// Errc::invalid_argument, with "password" as subject, for what is too short, too long or not UTF-8. The error holds
// nothing of it.
[[nodiscard]] Result<void> check_password(const Secret& password);

}  // namespace confab::chat
