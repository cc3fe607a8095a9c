// Text as bytes on the wire: UTF-8, percent-encoding, base64url, random tokens.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace confab::text {

/// Whether `bytes` are well-formed UTF-8: no overlong forms, surrogates or code points above U+10FFFF.
[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

/// How many bytes at the start of `bytes` are well-formed UTF-8.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view bytes);

/// Cut to at most `most` bytes without splitting a character.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t most);

/// One behind the other, in one allocation.
[[nodiscard]] std::string concat(std::initializer_list<std::string_view> parts);

/// Percent-encode everything but the unreserved characters of RFC 3986: safe as one path segment or query value.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// The same, at the end of `out`.
void append_percent_encoded(std::string& out, std::string_view text);

/// Base64 with the URL-safe alphabet and no padding (RFC 4648, section 5).
[[nodiscard]] std::string base64url(std::string_view bytes);

/// A fresh unguessable token: `bytes` bytes from OpenSSL's generator as base64url; empty if the generator fails.
[[nodiscard]] std::string random_token(std::size_t bytes = 18);

/// Without the spaces and tabs around it: the optional white space of RFC 9110, section 5.6.3.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// Compare without regard to the case of ASCII letters, as for header names.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace confab::text
