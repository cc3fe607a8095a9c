// Base64 of secrets, with padding (RFC 4648, section 4), in memory that is wiped.
#pragma once

#include <confab/secret.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace confab::store {

[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<Secret> from_base64(std::string_view text);

}  // namespace confab::store
