// Which byte of a JSON text must be looked at next? Sixteen at a time where the processor can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace confab::json::bytes {

/// Whether a string ends, escapes or is wrong here.
[[nodiscard]] inline bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

#ifdef __SSE2__
[[nodiscard]] inline __m128i block_at(const char* at) {
  return _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(at)));
}
/// Which of these sixteen bytes are special: a bit for each.
[[nodiscard]] inline unsigned special_in(__m128i block) {
  // With this bit turned the quote stands right behind the control characters, and the space does not.
  const __m128i turned = _mm_xor_si128(block, _mm_set1_epi8(0x02));
  const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(turned, _mm_set1_epi8(0x20)), turned),
                                       _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
  return static_cast<unsigned>(_mm_movemask_epi8(special));
}
#endif

/// The first quote, backslash or control character from `at` on, or `end`.
[[nodiscard]] inline const char* skip_plain(const char* at, const char* end) {
#ifdef __SSE2__
  while (end - at >= 16) {
    const unsigned found = special_in(block_at(at));
    if (found != 0) return at + __builtin_ctz(found);
    at += 16;
  }
#endif
  while (at != end && !is_special(*at)) ++at;
  return at;
}

/// The same, and what is passed over is copied to `to`, where there has to be room for all that comes before `end`.
inline void copy_plain(const char*& at, const char* end, char*& to) {
#ifdef __SSE2__
  while (end - at >= 16) {
    const __m128i block = block_at(at);
    _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(to)), block);  // more than is passed: overwritten next
    const unsigned found = special_in(block);
    const int plain = found != 0 ? __builtin_ctz(found) : 16;
    at += plain;
    to += plain;
    if (found != 0) return;
  }
#endif
  while (at != end && !is_special(*at)) *to++ = *at++;
}

/// The first byte from `at` on that is no digit, or `end`.
[[nodiscard]] inline const char* skip_digits(const char* at, const char* end) {
#ifdef __SSE2__
  while (end - at >= 16) {
    const __m128i value = _mm_sub_epi8(block_at(at), _mm_set1_epi8('0'));
    const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
    const auto others = static_cast<unsigned>(_mm_movemask_epi8(digits)) ^ 0xffffU;
    if (others != 0) return at + __builtin_ctz(others);
    at += 16;
  }
#endif
  while (at != end && *at >= '0' && *at <= '9') ++at;
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

/// skip_plain() for a text that is gone through from its beginning. Sixty-four bytes at a time are looked at, whose
/// bits are kept: which those are does not depend on where the string before ended, so the processor has them ready by
/// then.
class Specials {
 public:
  Specials() = default;
  Specials(const char* begin, const char* end) : base_(begin), end_(end) { look(); }
  /// The first special byte from `at` on, or the text's end. `at` never goes back.
  [[nodiscard]] const char* from(const char* at) {
#ifdef __SSE2__
    auto offset = static_cast<std::size_t>(at - base_);
    if (offset >= block) [[unlikely]] {
      base_ += offset & ~(block - 1);
      offset &= block - 1;
      look();
    }
    std::uint64_t rest = bits_ >> offset << offset;
    while (rest == 0) {
      base_ += block;
      look();
      rest = bits_;
    }
    return base_ + __builtin_ctzll(rest);
#else
    return skip_plain(at, end_);
#endif
  }

 private:
  static constexpr std::size_t block = 64;
#ifdef __SSE2__
  void look() {
    if (static_cast<std::size_t>(end_ - base_) >= block) [[likely]] {
      bits_ = specials_of(base_);
    } else {
      look_at_rest();
    }
  }
  // What is not there is zero, which is special: the end is always found.
  [[gnu::noinline]] void look_at_rest() {
    char padded[block] = {};
    if (base_ != end_) std::memcpy(padded, base_, static_cast<std::size_t>(end_ - base_));
    bits_ = specials_of(padded);
  }
  [[nodiscard]] static std::uint64_t specials_of(const char* at) {
    const std::uint64_t low = special_in(block_at(at)) | special_in(block_at(at + 16)) << 16U;
    const std::uint64_t high = special_in(block_at(at + 32)) | special_in(block_at(at + 48)) << 16U;
    return low | high << 32U;
  }
  std::uint64_t bits_ = 0;
#else
  void look() {}
#endif
  [[maybe_unused]] const char* base_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace confab::json::bytes
