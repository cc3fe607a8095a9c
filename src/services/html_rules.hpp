// What of HTML may stand in a message? The specification's list of elements and attributes, and what is asked of their
// values. (Client-server API, "m.room.message msgtypes".)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace confab::services {

class HtmlElement {
 public:
  constexpr HtmlElement(std::string_view name, bool is_void = false) : name_(name), is_void_(is_void) {}
  // As it is written: older names stand for their successors ("strike" is "s", "font" is "span").
  [[nodiscard]] constexpr std::string_view name() const { return name_; }
  // It has no content and no end tag.
  [[nodiscard]] constexpr bool is_void() const { return is_void_; }

 private:
  std::string_view name_;
  bool is_void_;
};

// Null for what is not on the list. `name` is in lower case.
[[nodiscard]] const HtmlElement* find_html_element(std::string_view name);

// Elements whose content is no text for people: it goes with them.
[[nodiscard]] bool hides_content(std::string_view name);
// Of these the ones in which nothing but their own end tag is read as markup.
[[nodiscard]] bool is_raw_text(std::string_view name);

class HtmlAttribute {
 public:
  HtmlAttribute(std::string_view name, std::string value) : name_(name), value_(std::move(value)) {}
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const std::string& value() const { return value_; }

 private:
  std::string_view name_;
  std::string value_;
};

// The attribute as it may stand on the element, its value checked; nothing where it may not. `value` has its character
// references resolved. `name` is in lower case.
[[nodiscard]] std::optional<HtmlAttribute> allowed_attribute(const HtmlElement& element, std::string_view name,
                                                             std::string_view value);

}  // namespace confab::services
