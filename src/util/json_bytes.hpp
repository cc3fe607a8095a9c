// Which byte of a JSON text must be looked at next? Sixteen at a time where the processor can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace confab::json::bytes {

/// The first quote, backslash or control character from `at` on, or `end`.
[[nodiscard]] inline const char* skip_plain(const char* at, const char* end) {
#ifdef __SSE2__
  const __m128i quote_bit = _mm_set1_epi8(0x02);
  const __m128i last = _mm_set1_epi8(0x20);
  const __m128i backslash = _mm_set1_epi8('\\');
  while (end - at >= 16) {
    const __m128i block = _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(at)));
    // With this bit turned the quote stands right behind the control characters, and the space does not.
    const __m128i turned = _mm_xor_si128(block, quote_bit);
    const __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(turned, last), turned), _mm_cmpeq_epi8(block, backslash));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (found != 0) return at + __builtin_ctz(found);
    at += 16;
  }
#endif
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

/// Whether a backslash and this letter are a whole escape: all but \u.
[[nodiscard]] inline bool escape_of_one_letter(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    default:
      return false;
  }
}

}  // namespace confab::json::bytes
