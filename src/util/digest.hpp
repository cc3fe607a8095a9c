// What short text stands for this long one, so that no other long one has the same?
#pragma once

#include <string>
#include <string_view>

namespace confab {

// SHA-256 as 64 hexadecimal digits; empty if OpenSSL has none.
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace confab
