// What is in the file by which an application service is registered?
#pragma once

#include <cstddef>
#include <string>

#include <confab/result.hpp>
#include <confab/secret.hpp>

namespace confab::chat {

// Longest registration that is read: ten thousand tenants' names.
inline constexpr std::size_t longest_registration = std::size_t{8} << 20U;

// The token by which the application service is known to the homeserver. Errc::config when the file cannot be read, may
// be read by everybody, or is no registration in JSON; the message begins with the path.
[[nodiscard]] Result<Secret> read_appservice_token(const std::string& path);

}  // namespace confab::chat
