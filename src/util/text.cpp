#include "util/text.hpp"

#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "util/ascii.hpp"

namespace confab::text {
namespace {

unsigned byte_at(std::string_view text, std::size_t index) { return static_cast<unsigned char>(text[index]); }

bool continues(std::string_view text, std::size_t index) {
  return index < text.size() && (byte_at(text, index) & 0xC0U) == 0x80U;
}

// Length of the well-formed character at `at`, or 0 (RFC 3629: the second byte carries the special ranges).
std::size_t character_length(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || !continues(text, at + 1)) return 0;
  const unsigned second = byte_at(text, at + 1);
  if (lead < 0xE0) return 2;
  if (!continues(text, at + 2)) return 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead > 0xF4 || !continues(text, at + 3)) return 0;
  const bool overlong = lead == 0xF0 && second < 0x90;
  const bool beyond = lead == 0xF4 && second > 0x8F;
  return overlong || beyond ? 0 : 4;
}

// How many bytes of ASCII it begins with: most of what arrives is, so many are looked at at a time.
std::size_t ascii_prefix(std::string_view bytes) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin;
#ifdef __SSE2__
  const auto block = [](const char* from) {
    return _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(from)));
  };
  while (end - at >= 64) {
    const __m128i any =
        _mm_or_si128(_mm_or_si128(block(at), block(at + 16)), _mm_or_si128(block(at + 32), block(at + 48)));
    if (_mm_movemask_epi8(any) != 0) break;
    at += 64;
  }
  while (end - at >= 16) {
    const auto other = static_cast<unsigned>(_mm_movemask_epi8(block(at)));
    if (other != 0) return static_cast<std::size_t>(at - begin) + static_cast<std::size_t>(__builtin_ctz(other));
    at += 16;
  }
#endif
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    if ((word & 0x8080808080808080ULL) != 0) break;
    at += 8;
  }
  while (at != end && static_cast<unsigned char>(*at) < 0x80) ++at;
  return static_cast<std::size_t>(at - begin);
}

// RFC 3986, 2.3.
constexpr std::array<bool, 256> unreserved = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

constexpr std::string_view base64url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::size_t valid_utf8_prefix(std::string_view bytes) {
  std::size_t at = 0;
  for (;;) {
    at += ascii_prefix(bytes.substr(at));
    if (at == bytes.size()) return at;
    // Other scripts stand in words.
    do {
      const std::size_t length = character_length(bytes, at);
      if (length == 0) return at;
      at += length;
    } while (at != bytes.size() && byte_at(bytes, at) >= 0x80);
  }
}

bool is_valid_utf8(std::string_view bytes) { return valid_utf8_prefix(bytes) == bytes.size(); }

std::string_view cut_utf8(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string whole;
  whole.reserve(size);
  for (const std::string_view part : parts) whole += part;
  return whole;
}

void append_percent_encoded(std::string& out, std::string_view text) {
  // A segment "." or ".." would be removed by whatever normalises the path: its dots must not be literal.
  if (text == "." || text == "..") {
    for (std::size_t i = 0; i < text.size(); ++i) out += "%2E";
    return;
  }
  static constexpr std::string_view hex = "0123456789ABCDEF";
  const std::size_t before = out.size();
  out.resize(before + 3 * text.size());
  char* to = out.data() + before;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (unreserved[byte]) {
      *to++ = c;
      continue;
    }
    *to++ = '%';
    *to++ = hex[byte >> 4U];
    *to++ = hex[byte & 15U];
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  append_percent_encoded(out, text);
  return out;
}

std::string base64url(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t taken = bytes.size() - at < 3 ? bytes.size() - at : 3;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = (group << 8U) | (i < taken ? byte_at(bytes, at + i) : 0U);
    for (std::size_t i = 0; i <= taken; ++i) out += base64url_alphabet[(group >> (18U - 6U * i)) & 63U];
    at += taken;
  }
  return out;
}

std::string random_token(std::size_t bytes) {
  std::array<unsigned char, 64> buffer{};
  if (bytes > buffer.size()) bytes = buffer.size();
  if (RAND_bytes(buffer.data(), static_cast<int>(bytes)) != 1) return {};
  std::string raw(bytes, '\0');
  std::memcpy(raw.data(), buffer.data(), bytes);
  return base64url(raw);
}

std::string_view trim(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ascii::lower(a[i]) != ascii::lower(b[i])) return false;
  }
  return true;
}

}  // namespace confab::text
