#include "util/json_written.hpp"

#include "util/json.hpp"
#include "util/json_skim.hpp"

namespace confab::json {
namespace {

// Written as to_json() would: without blanks, wherever they are, and without escapes. By memchr, which is quick.
bool is_compact(std::string_view text) {
  for (const char c : {'\\', ' ', '\n', '\t', '\r', '\x7f'}) {
    if (text.find(c) != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace

Written Written::operator[](std::string_view key) const {
  Written found;
  for (Skim members(text_); members.next();) {
    if (members.is(key)) found = Written(members.value());
  }
  return found;
}

std::optional<std::string> Written::text() const { return text_of(text_); }

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
