#include "util/json_skim.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "util/json_bytes.hpp"

namespace confab::json {
namespace {

bool blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// What stands behind a number or a word.
constexpr std::array<bool, 256> ends_scalar = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view(",}] \n\t\r")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// Behind the string whose opening quote is passed; `escaped` when a backslash stands in it.
inline const char* after_text(const char* at, const char* end, bool& escaped) {
  for (;;) {
    at = bytes::skip_plain(at, end);
    if (at == end) return end;
    if (*at == '"') return at + 1;
    escaped |= *at == '\\';
    at += *at == '\\' && end - at > 1 ? 2 : 1;
  }
}

inline const char* after_text(const char* at, const char* end) {
  bool escaped = false;
  return after_text(at, end, escaped);
}

const char* after_container(const char* at, const char* end) {
  std::size_t depth = 0;
  while (at != end) {
    switch (*at++) {
      case '"':
        at = after_text(at, end);
        // Another string mostly follows: behind a name its value, behind that the next name.
        while (end - at > 1 && at[1] == '"' && (*at == ':' || *at == ',')) at = after_text(at + 2, end);
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at;
        break;
      default:
        break;
    }
  }
  return end;
}

const char* after_value(const char* at, const char* end) {
  if (at == end) return end;
  if (*at == '"') return after_text(at + 1, end);
  if (*at == '{' || *at == '[') return after_container(at, end);
  if (*at >= '0' && *at <= '9') at = bytes::skip_digits(at, end);
  while (at != end && !ends_scalar[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

}  // namespace

Skim::Skim(std::string_view object) : at_(object.data()), end_(object.data() + object.size()) {
  to_next_token();
  if (at_ != end_ && *at_ == '{') {
    ++at_;
  } else {
    at_ = end_;
  }
}

void Skim::to_next_token() {
  while (at_ != end_ && (blank(*at_) || *at_ == ',')) ++at_;
}

bool Skim::stop() {
  at_ = end_;
  return false;
}

bool Skim::next() {
  // Mostly there is no blank: the next token is a comma, the one behind it a quote.
  if (at_ != end_ && *at_ == ',') ++at_;
  if (at_ == end_ || *at_ != '"') {
    to_next_token();
    if (at_ == end_ || *at_ != '"') return stop();
  }
  const char* const key = at_ + 1;
  escaped_ = false;
  const char* at = after_text(key, end_, escaped_);
  if (at == key) return stop();
  key_ = {key, static_cast<std::size_t>(at - key - 1)};
  while (at != end_ && (*at == ':' || blank(*at))) ++at;
  at_ = after_value(at, end_);
  value_ = {at, static_cast<std::size_t>(at_ - at)};
  return !value_.empty() || stop();
}

bool Skim::decodes_to(std::string_view name) const { return unescaped(key_) == name; }

namespace {

// What stands between the quotes of a string; nothing unless it is one.
std::optional<std::string_view> inside_of(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  return value.substr(1, value.size() - 2);
}

bool is_plain(std::string_view inside) { return inside.find('\\') == std::string_view::npos; }

std::optional<unsigned> four_digits(std::string_view& rest) {
  if (rest.size() < 4) return std::nullopt;
  unsigned code = 0;
  for (const char c : rest.substr(0, 4)) {
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<unsigned>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
    code = code << 4U | digit;
  }
  rest.remove_prefix(4);
  return code;
}

// All of these write where there is room: what is decoded is never longer than what was written.
char* write_utf8(char* to, unsigned code) {
  const auto more = [&](unsigned shift) { *to++ = static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *to++ = static_cast<char>(0xC0U | code >> 6U);
    more(0);
  } else if (code < 0x10000) {
    *to++ = static_cast<char>(0xE0U | code >> 12U);
    more(6);
    more(0);
  } else {
    *to++ = static_cast<char>(0xF0U | code >> 18U);
    more(12);
    more(6);
    more(0);
  }
  return to;
}

// Behind "\u". Null: that is no character.
char* write_unicode(char* to, std::string_view& rest) {
  std::optional<unsigned> code = four_digits(rest);
  if (!code || (*code >= 0xDC00 && *code <= 0xDFFF)) return nullptr;
  if (*code >= 0xD800 && *code <= 0xDBFF) {
    if (!rest.starts_with("\\u")) return nullptr;
    rest.remove_prefix(2);
    const std::optional<unsigned> low = four_digits(rest);
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return nullptr;
    code = 0x10000 + ((*code - 0xD800) << 10U) + (*low - 0xDC00);
  }
  return write_utf8(to, *code);
}

char meaning_of(char name) {
  switch (name) {
    case '"':
    case '\\':
    case '/':
      return name;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// `rest` begins behind the backslash.
char* write_escaped(char* to, std::string_view& rest) {
  if (rest.empty()) return nullptr;
  const char name = rest.front();
  rest.remove_prefix(1);
  if (name == 'u') return write_unicode(to, rest);
  const char meaning = meaning_of(name);
  if (meaning == '\0') return nullptr;
  *to++ = meaning;
  return to;
}

}  // namespace

std::optional<std::string> unescaped(std::string_view inside) {
  std::optional<std::string> out(inside);
  std::size_t plain = inside.find('\\');
  if (plain == std::string_view::npos) return out;
  char* to = out->data();
  while (plain != std::string_view::npos) {
    to = std::copy_n(inside.data(), plain, to);
    inside.remove_prefix(plain + 1);
    to = write_escaped(to, inside);
    if (to == nullptr) return std::nullopt;
    plain = inside.find('\\');
  }
  to = std::copy(inside.begin(), inside.end(), to);
  out->resize(static_cast<std::size_t>(to - out->data()));
  return out;
}

std::optional<std::string_view> text_in(std::string_view value, std::string& decoded) {
  const std::optional<std::string_view> inside = inside_of(value);
  if (!inside || is_plain(*inside)) return inside;
  std::optional<std::string> text = unescaped(*inside);
  if (!text) return std::nullopt;
  return decoded = *std::move(text);
}

std::optional<std::string> text_of(std::string_view value) {
  const std::optional<std::string_view> inside = inside_of(value);
  if (!inside) return std::nullopt;
  return unescaped(*inside);
}

std::optional<std::int64_t> integer_of(std::string_view value) {
  std::int64_t number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (read.ec != std::errc() || read.ptr != value.data() + value.size()) return std::nullopt;
  return number;
}

}  // namespace confab::json
