#include "util/json_written.hpp"

#include <algorithm>

#include "util/json.hpp"
#include "util/json_skim.hpp"

namespace confab::json {
namespace {

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

// Written as to_json() would: without blanks, wherever they are, and without escapes. By memchr, which is quick.
bool is_compact(std::string_view text) {
  for (const char c : {'\\', ' ', '\n', '\t', '\r', '\x7f'}) {
    if (text.find(c) != std::string_view::npos) return false;
  }
  return true;
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

Written Written::operator[](std::string_view key) const {
  Written found;
  for (Skim members(text_); members.next();) {
    if (members.is(key)) found = Written(members.value());
  }
  return found;
}

std::optional<std::string> Written::text() const {
  if (text_.size() < 2 || text_.front() != '"') return std::nullopt;
  return unescaped(text_.substr(1, text_.size() - 2));
}

std::string Written::string_or(std::string_view fallback) const { return text().value_or(std::string(fallback)); }

bool Written::boolean_or(bool fallback) const {
  if (text_ == "true") return true;
  return text_ == "false" ? false : fallback;
}

std::string Written::to_json() const {
  if (!text_.empty() && is_compact(text_)) return std::string(text_);
  const Result<Document> parsed = parse(std::string(text_));
  return parsed ? parsed->root().to_json() : "null";
}

WrittenObject::WrittenObject(std::string_view text) : text_(text) {
  for (Skim members(text); members.next();) {
    const Member member{members.key(), members.value(), members.key_is_escaped()};
    if (count_ < first_.size()) {
      first_[count_++] = member;
    } else {
      others_.push_back(member);
    }
  }
}

bool WrittenObject::is(const Member& member, std::string_view key) {
  return member.escaped ? unescaped(member.key) == key : member.key == key;
}

Written WrittenObject::operator[](std::string_view key) const {
  for (std::size_t at = others_.size(); at > 0; --at) {
    if (is(others_[at - 1], key)) return Written(others_[at - 1].value);
  }
  for (std::size_t at = count_; at > 0; --at) {
    if (is(first_[at - 1], key)) return Written(first_[at - 1].value);
  }
  return {};
}

}  // namespace confab::json
