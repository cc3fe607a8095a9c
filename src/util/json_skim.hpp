// Skim: where in this object are the members that I want? For text that was found to be JSON before (json_scan): it
// checks nothing again and builds nothing. On other text it finds less, and never reads beyond its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace confab::json {

/// Walks the members of one object:
///
///     for (Skim members(text); members.next();) if (members.is("type")) type = text_of(members.value());
class Skim {
 public:
  /// Text that is no object has no members.
  explicit Skim(std::string_view object);
  /// To the next member; false at the end.
  [[nodiscard]] bool next();
  /// Whether the member is called so.
  [[nodiscard]] bool is(std::string_view name) const { return escaped_ ? decodes_to(name) : key_ == name; }
  /// The member's name as it was written, between its quotes, and whether there are escapes in it.
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] bool key_is_escaped() const { return escaped_; }
  /// The member's value as it was written.
  [[nodiscard]] std::string_view value() const { return value_; }

 private:
  void to_next_token();
  [[nodiscard]] bool stop();
  [[nodiscard]] bool decodes_to(std::string_view name) const;
  const char* at_;
  const char* end_;
  std::string_view key_;  // between its quotes, as written
  std::string_view value_;
  bool escaped_ = false;  // the key holds a backslash
};

/// The string that is written there, decoded; nothing unless it is one.
[[nodiscard]] std::optional<std::string> text_of(std::string_view value);
/// The same where it stands, or in `decoded` where it was written in another way.
[[nodiscard]] std::optional<std::string_view> text_in(std::string_view value, std::string& decoded);
/// What is written between the quotes of a string, decoded; nothing where that is not possible.
[[nodiscard]] std::optional<std::string> unescaped(std::string_view inside);
/// The integer that is written there; nothing for other numbers, and those beyond 64 bits.
[[nodiscard]] std::optional<std::int64_t> integer_of(std::string_view value);

}  // namespace confab::json
