// A token by which a user logs in without a password: signed with a key that the homeserver has as well. RFC 7519, by
// HMAC with SHA-256 (RFC 7518, section 3.2).
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include <confab/result.hpp>
#include <confab/secret.hpp>

namespace confab::credentials {

// RFC 7518 demands a key that is no shorter than the hash.
inline constexpr std::size_t shortest_jwt_key = 32;

// For the user of this localpart, from `now` for a minute: long enough for one request, and for clocks that differ a
// little.
[[nodiscard]] Result<Secret> sign_login(const Secret& key, std::string_view localpart,
                                        std::chrono::system_clock::time_point now);

}  // namespace confab::credentials
