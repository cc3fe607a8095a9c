// Written: what does this value say, of which little is wanted? For text that was found to be JSON before (json_scan);
// it is looked at where it stands, and only what is asked for is decoded.
//
// It answers as json::Value does of the same text parsed, so that code which reads either is one template. Of text that
// cannot be parsed though it is JSON (half of a surrogate pair, a number beyond all doubles), it still finds the rest.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confab::json {

/// A view of one value in a text, or of nothing; valid while the text is.
class Written {
 public:
  Written() = default;
  /// Exactly the value, without blanks around it.
  explicit Written(std::string_view text) : text_(text) {}

  [[nodiscard]] explicit operator bool() const { return !text_.empty(); }
  [[nodiscard]] bool is_object() const { return text_.starts_with('{'); }
  /// The member called `key`, or nothing; of members written twice the last. For more than one of an object see
  /// WrittenObject.
  [[nodiscard]] Written operator[](std::string_view key) const;
  /// The string, decoded; nothing unless it is one.
  [[nodiscard]] std::optional<std::string> text() const;
  [[nodiscard]] std::string string_or(std::string_view fallback) const;
  [[nodiscard]] bool boolean_or(bool fallback) const;
  /// As Value::to_json(); "null" where it cannot be parsed.
  [[nodiscard]] std::string to_json() const;

 private:
  std::string_view text_;
};

/// An object whose members are found once, for whoever asks for several.
class WrittenObject {
 public:
  /// Text that is no object has no members.
  explicit WrittenObject(std::string_view text);

  [[nodiscard]] Written operator[](std::string_view key) const;
  [[nodiscard]] std::string to_json() const { return Written(text_).to_json(); }

 private:
  struct Member {
    std::string_view key;  // as written, without its quotes
    std::string_view value;
    bool escaped = false;
  };
  [[nodiscard]] static bool is(const Member& member, std::string_view key);

  std::string_view text_;
  // What is usual needs no memory.
  std::array<Member, 12> first_;
  std::size_t count_ = 0;
  std::vector<Member> others_;
};

}  // namespace confab::json
