// Scan: is this JSON, as far as it has come? A strict reader of chunks of any size that builds nothing: it tells a
// handler where values begin and end, so that the handler can cut out what it wants.
//
// Checked: the grammar of RFC 8259, UTF-8, nesting. Not checked: that surrogates in \u escapes come in pairs, and that
// a double can hold a number; whoever decodes such a value finds that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "util/json_bytes.hpp"
#include "util/text.hpp"

namespace confab::json {

/// Nesting that is followed; the same as parse() allows.
inline constexpr std::size_t max_scan_depth = 128;

/// UTF-8 that comes in chunks.
class Utf8Stream {
 public:
  [[nodiscard]] bool feed(std::string_view chunk) {
    while (!begun_.empty() && !chunk.empty()) {
      begun_ += chunk.front();
      chunk.remove_prefix(1);
      if (text::is_valid_utf8(begun_)) {
        begun_.clear();
      } else if (begun_.size() == 4) {
        return false;
      }
    }
    chunk.remove_prefix(text::valid_utf8_prefix(chunk));
    if (chunk.size() > 3) return false;
    begun_ += chunk;
    return true;
  }
  /// Whether no character is half there.
  [[nodiscard]] bool whole() const { return begun_.empty(); }

 private:
  std::string begun_;
};

/// Handler has these members; `at` points into the chunk that is being fed, `depth` is how many containers hold the
/// value. They are called only for values and keys at depths up to watched().
///   void opened(const char* at, bool object, std::size_t depth)     at its bracket
///   void closed(const char* end, std::size_t depth)                 behind its bracket
///   void string_began(const char* at, bool key, std::size_t depth)  at its quote
///   void string_ended(const char* end, bool key, std::size_t depth) behind its quote
///   void scalar(char first, std::size_t depth)                      a number, or t, f, n of a literal; when it is
///   whole void scalar_ended(const char* end, std::size_t depth) std::size_t watched() const bool failed() const
///   something is wrong for the handler: stop
template <class Handler>
class Scan {
 public:
  explicit Scan(Handler& handler) : handler_(handler) {}

  /// False: see fault(), or the handler failed; nothing may be fed any more.
  [[nodiscard]] bool feed(std::string_view chunk) {
    if (fault_ != nullptr) return false;
    if (!utf8_.feed(chunk)) return wrong("not UTF-8");
    const char* at = chunk.data();
    const char* const end = at + chunk.size();
    specials_ = bytes::Specials(at, end);
    while (at != end) {
      if (!watched()) at = run(at, end);
      if (at == end) break;
      at = step(at, end);
      if (fault_ != nullptr || handler_.failed()) {
        passed_ += static_cast<std::size_t>(at - chunk.data());
        return false;
      }
    }
    passed_ += chunk.size();
    return true;
  }
  /// Whether one whole value came.
  [[nodiscard]] bool finish() {
    if (fault_ != nullptr) return false;
    if (state_ != State::end || !utf8_.whole()) return wrong("it ends before it is whole");
    return true;
  }
  /// What is wrong, in our words; null: nothing.
  [[nodiscard]] const char* fault() const { return fault_; }
  /// How many bytes were read.
  [[nodiscard]] std::size_t passed() const { return passed_; }

 private:
  // What may come next, or what we are inside of.
  enum class State : std::uint8_t {
    value,
    first_value,  // or the end of the array
    first_key,    // or the end of the object
    key,
    colon,
    after_value,
    name,  // of a member
    string,
    escape,
    hex,
    literal,
    minus,
    zero,
    digits,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
    end,
  };

  bool wrong(const char* words) {
    fault_ = words;
    return false;
  }
  const char* wrong(const char* at, const char* words) {
    fault_ = words;
    return at;
  }
  [[nodiscard]] bool watched() const { return depth_ <= handler_.watched(); }
  [[nodiscard]] static bool blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  [[nodiscard]] static bool digit(char c) { return c >= '0' && c <= '9'; }

  // Where nobody watches, which is most of a text: the tokens that are common there, one after the other. Each case
  // falls through to what mostly follows: a name, its colon, a string, a comma, the next name's quote. Stops before
  // whatever else there is, for step() to look at.
  const char* run(const char* at, const char* end) {
    const std::size_t floor = handler_.watched() + 1;  // what holds the value at this depth is watched itself
    State state = state_;
    std::size_t depth = depth_;
    bytes::Specials specials = specials_;
    const auto stopped = [&](State now) {
      state_ = now;
      depth_ = depth;
      specials_ = specials;
      return at;
    };
    for (;;) {
      switch (state) {
        case State::name:
          at = to_quote(at, end, specials);
          if (at == end || *at != '"') return stopped(State::name);
          ++at;
          [[fallthrough]];
        case State::colon:
          if (at == end || *at != ':') return stopped(State::colon);
          ++at;
          [[fallthrough]];
        case State::first_value:
        case State::value:
          if (at == end) return stopped(state == State::first_value ? state : State::value);
          if (*at != '"') {
            if (*at == '{' || *at == '[') {
              if (depth >= max_scan_depth) return stopped(state == State::first_value ? state : State::value);
              const bool object = *at++ == '{';
              objects_[depth++] = object;
              state = object ? State::first_key : State::first_value;
              continue;
            }
            const char* const behind = behind_scalar(at, end);
            if (behind == at) return stopped(state == State::first_value ? state : State::value);
            at = behind;
            state = State::after_value;
            continue;
          }
          ++at;
          [[fallthrough]];
        case State::string:
          at = to_quote(at, end, specials);
          if (at == end || *at != '"') return stopped(State::string);
          ++at;
          [[fallthrough]];
        case State::after_value:
          if (at == end) return stopped(State::after_value);
          if (*at != ',') {
            if (*at != (objects_[depth - 1] ? '}' : ']') || depth == floor) return stopped(State::after_value);
            ++at;
            --depth;
            state = State::after_value;
            continue;
          }
          ++at;
          if (!objects_[depth - 1]) {
            state = State::value;
            continue;
          }
          [[fallthrough]];
        case State::key:
          if (at == end || *at != '"') return stopped(State::key);
          ++at;
          state = State::name;
          continue;
        case State::first_key:
          if (at == end || (*at != '"' && (*at != '}' || depth == floor))) return stopped(State::first_key);
          state = State::name;
          if (*at++ == '}') {
            --depth;
            state = State::after_value;
          }
          continue;
        default:
          return stopped(state);
      }
    }
  }
  // To the quote that ends a string, over escapes of one letter; or to what step() has to look at.
  static const char* to_quote(const char* at, const char* end, bytes::Specials& specials) {
    for (;;) {
      at = specials.from(at);
      if (at == end || *at == '"' || *at != '\\') return at;
      if (end - at == 1 || !bytes::escape_of_one_letter(at[1])) return at;
      at += 2;
    }
  }
  // Behind an integer or a word that is whole here, or `at`.
  static const char* behind_scalar(const char* at, const char* end) {
    const char c = *at;
    if (digit(c)) {
      const char* const to = c == '0' ? at + 1 : bytes::skip_digits(at + 1, end);
      return to != end && (*to == ',' || *to == '}' || *to == ']') ? to : at;
    }
    const std::string_view word = c == 't' ? "true" : c == 'f' ? "false" : c == 'n' ? "null" : "";
    return std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(word) ? at + word.size() : at;
  }

  const char* step(const char* at, const char* end) {
    switch (state_) {
      case State::name:
      case State::string:
        return in_string(at, end);
      case State::value:
      case State::first_value:
        return value(at);
      case State::first_key:
      case State::key:
        return key(at);
      case State::colon:
        if (*at == ':') {
          state_ = State::value;
        } else if (!blank(*at)) {
          return wrong(at, "a colon is missing after a member's name");
        }
        return at + 1;
      case State::after_value:
        return after_value(at);
      case State::escape:
        return escape(at);
      case State::hex:
        return hex(at);
      case State::literal:
        return literal(at);
      case State::end:
        return blank(*at) ? at + 1 : wrong(at, "something follows the value");
      default:
        return number(at);
    }
  }

  const char* in_string(const char* at, const char* end) {
    at = specials_.from(at);
    if (at == end) return at;
    if (*at == '"') {
      const bool key = state_ == State::name;
      state_ = key ? State::colon : after();
      if (watched()) handler_.string_ended(at + 1, key, depth_);
      return at + 1;
    }
    if (*at != '\\') return wrong(at, "a string holds a control character");
    escaped_in_ = state_;
    state_ = State::escape;
    return at + 1;
  }
  const char* escape(const char* at) {
    if (*at == 'u') {
      state_ = State::hex;
      left_ = 4;
      return at + 1;
    }
    if (!bytes::escape_of_one_letter(*at)) return wrong(at, "a string holds an unknown escape");
    state_ = escaped_in_;
    return at + 1;
  }
  const char* hex(const char* at) {
    const char c = *at;
    if (!digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F')) {
      return wrong(at, "an escape has no four digits");
    }
    if (--left_ == 0) state_ = escaped_in_;
    return at + 1;
  }

  const char* begin_string(const char* at, bool is_key) {
    state_ = is_key ? State::name : State::string;
    if (watched()) handler_.string_began(at, is_key, depth_);
    return at + 1;
  }
  const char* value(const char* at) {
    const char c = *at;
    switch (c) {
      case '"':
        return begin_string(at, false);
      case '{':
      case '[':
        return open(at, c == '{');
      case ']':
        if (state_ == State::first_value) return close(at);
        return wrong(at, "no value begins here");
      case ' ':
      case '\n':
      case '\t':
      case '\r':
        return at + 1;
      case 't':
        return begin_literal(at, "rue");
      case 'f':
        return begin_literal(at, "alse");
      case 'n':
        return begin_literal(at, "ull");
      case '-':
        return begin_number(at, State::minus);
      case '0':
        return begin_number(at, State::zero);
      default:
        return digit(c) ? begin_number(at, State::digits) : wrong(at, "no value begins here");
    }
  }
  const char* key(const char* at) {
    if (*at == '"') return begin_string(at, true);
    if (blank(*at)) return at + 1;
    if (*at == '}' && state_ == State::first_key) return close(at);
    return wrong(at, "a member name is missing");
  }
  const char* after_value(const char* at) {
    const char c = *at;
    if (c == ',') {
      state_ = objects_[depth_ - 1] ? State::key : State::value;
      return at + 1;
    }
    if (c == '}' || c == ']') {
      if (objects_[depth_ - 1] != (c == '}')) return wrong(at, "a bracket closes what another opened");
      return close(at);
    }
    return blank(c) ? at + 1 : wrong(at, "a comma or a closing bracket is missing");
  }
  const char* open(const char* at, bool object) {
    if (depth_ >= max_scan_depth) return wrong(at, "it is nested too deeply");
    if (watched()) handler_.opened(at, object, depth_);
    objects_[depth_++] = object;
    state_ = object ? State::first_key : State::first_value;
    return at + 1;
  }
  const char* close(const char* at) {
    --depth_;
    state_ = after();
    if (watched()) handler_.closed(at + 1, depth_);
    return at + 1;
  }
  [[nodiscard]] State after() const { return depth_ == 0 ? State::end : State::after_value; }

  const char* begin_literal(const char* at, const char* rest) {
    if (watched()) handler_.scalar(*at, depth_);
    rest_ = rest;
    state_ = State::literal;
    return at + 1;
  }
  const char* literal(const char* at) {
    if (*at != *rest_) return wrong(at, "no value begins here");
    if (*++rest_ == '\0') ended_scalar(at + 1);
    return at + 1;
  }
  void ended_scalar(const char* end) {
    state_ = after();
    if (watched()) handler_.scalar_ended(end, depth_);
  }
  const char* begin_number(const char* at, State state) {
    if (watched()) handler_.scalar(*at, depth_);
    state_ = state;
    return at + 1;
  }
  const char* number(const char* at) {
    const char c = *at;
    const bool is_digit = digit(c);
    switch (state_) {
      case State::minus:
        if (!is_digit) return wrong(at, "a number has no digits");
        state_ = c == '0' ? State::zero : State::digits;
        return at + 1;
      case State::digits:
        if (is_digit) return at + 1;
        [[fallthrough]];
      case State::zero:
        if (c == '.') return state_ = State::point, at + 1;
        [[fallthrough]];
      case State::fraction:
        if (is_digit && state_ == State::fraction) return at + 1;
        if (c == 'e' || c == 'E') return state_ = State::exponent, at + 1;
        break;
      case State::point:
        if (!is_digit) return wrong(at, "a number has no digits after its point");
        state_ = State::fraction;
        return at + 1;
      case State::exponent:
        if (c == '+' || c == '-') return state_ = State::exponent_sign, at + 1;
        [[fallthrough]];
      case State::exponent_sign:
        if (!is_digit) return wrong(at, "a number has no digits in its exponent");
        state_ = State::exponent_digits;
        return at + 1;
      default:
        if (is_digit) return at + 1;
        break;
    }
    if (depth_ == 0) return wrong(at, "a number stands alone");  // nothing that is fed here is one
    ended_scalar(at);
    return at;  // what ended the number is the next thing to look at
  }

  Handler& handler_;
  Utf8Stream utf8_;
  std::array<bool, max_scan_depth> objects_{};  // what holds what is open: an object, not an array
  bytes::Specials specials_;                    // of the chunk
  std::size_t depth_ = 0;
  std::size_t passed_ = 0;
  const char* fault_ = nullptr;
  const char* rest_ = nullptr;
  unsigned left_ = 0;
  State state_ = State::value;
  State escaped_in_ = State::string;  // or in a name
};

}  // namespace confab::json
