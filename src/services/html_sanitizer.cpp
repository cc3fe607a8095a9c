#include "services/html_sanitizer.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "services/html_rules.hpp"
#include "services/html_text.hpp"
#include "util/ascii.hpp"
#include "util/text.hpp"

namespace confab::services {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

constexpr std::string_view blocks[] = {"blockquote", "details", "div", "h1", "h2",  "h3",    "h4", "h5",
                                       "h6",         "hr",      "ol",  "p",  "pre", "table", "ul"};
bool is_block(std::string_view name) {
  return std::find(std::begin(blocks), std::end(blocks), name) != std::end(blocks);
}

// One start tag whose attributes have been read.
struct Tag {
  std::string name;
  bool closes_itself = false;
  std::vector<std::pair<std::string, std::string>> attributes;  // names in lower case; values with references resolved
};

class Sanitizer {
 public:
  explicit Sanitizer(std::string_view html) : in_(html) {}

  std::string run() && {
    while (at_ < in_.size()) {
      const std::size_t tag = std::min(in_.find('<', at_), in_.size());
      append_html_text(out_, in_.substr(at_, tag - at_));
      at_ = tag;
      if (at_ < in_.size()) markup();
    }
    close_to(0);
    return std::move(out_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  void skip_past(std::string_view end) {
    const std::size_t found = in_.find(end, at_);
    at_ = found == std::string_view::npos ? in_.size() : found + end.size();
  }

  // At "<".
  void markup() {
    if (ascii::is_letter(peek(1))) {
      ++at_;
      if (std::optional<Tag> tag = read_tag()) start(*tag);
    } else if (peek(1) == '/' && ascii::is_letter(peek(2))) {
      at_ += 2;
      if (const std::optional<Tag> tag = read_tag()) end(tag->name);
    } else if (in_.substr(at_).starts_with("<!--")) {
      comment();
    } else if (peek(1) == '!' || peek(1) == '?' || peek(1) == '/') {
      skip_past(">");  // a declaration, an instruction, CDATA: comments to a browser
    } else {
      append_html_text(out_, "<");
      ++at_;
    }
  }

  void comment() {
    at_ += 4;
    if (peek() == '>') return skip_past(">");
    if (in_.substr(at_).starts_with("->")) return skip_past("->");
    for (; at_ < in_.size(); ++at_) {
      at_ = std::min(in_.find("--", at_), in_.size());
      const std::string_view end = in_.substr(at_);
      if (end.starts_with("-->") || end.starts_with("--!>")) return skip_past(">");
    }
  }

  // After "<" or "</", at the name's first letter; to behind ">". Nothing where the tag has no end: it is none.
  std::optional<Tag> read_tag() {
    Tag tag;
    while (at_ < in_.size() && !is_space(peek()) && peek() != '/' && peek() != '>')
      tag.name += ascii::lower(in_[at_++]);
    for (;;) {
      while (at_ < in_.size() && (is_space(peek()) || peek() == '/')) tag.closes_itself = in_[at_++] == '/';
      if (at_ >= in_.size()) return std::nullopt;
      if (peek() == '>') {
        ++at_;
        return tag;
      }
      tag.closes_itself = false;
      if (!read_attribute(tag)) return std::nullopt;
    }
  }

  bool read_attribute(Tag& tag) {
    std::string name(1, ascii::lower(in_[at_++]));  // even a "=" is part of the name here
    while (at_ < in_.size() && !is_space(peek()) && peek() != '/' && peek() != '>' && peek() != '=') {
      name += ascii::lower(in_[at_++]);
    }
    while (is_space(peek())) ++at_;
    std::string_view value;
    if (peek() == '=') {
      ++at_;
      while (is_space(peek())) ++at_;
      if (peek() == '"' || peek() == '\'') {
        const std::size_t close = in_.find(in_[at_], at_ + 1);
        if (close == std::string_view::npos) return at_ = in_.size(), false;
        value = in_.substr(at_ + 1, close - at_ - 1);
        at_ = close + 1;
      } else {
        const std::size_t begin = at_;
        while (at_ < in_.size() && !is_space(peek()) && peek() != '>') ++at_;
        value = in_.substr(begin, at_ - begin);
      }
    }
    const bool wanted = tag.attributes.size() < most_attributes && name.size() <= longest_name;
    const bool is_first = std::none_of(tag.attributes.begin(), tag.attributes.end(),
                                       [&](const auto& earlier) { return earlier.first == name; });
    if (wanted && is_first) tag.attributes.emplace_back(std::move(name), resolved_references(value));
    return true;
  }

  void start(const Tag& tag) {
    if (hides_content(tag.name)) {
      const bool is_foreign = tag.name == "svg" || tag.name == "math";
      return is_foreign && tag.closes_itself ? void() : skip_content(tag.name);
    }
    const HtmlElement* const element = find_html_element(tag.name);
    if (element == nullptr) return;
    close_implied(element->name());
    if (open_.size() >= most_nested && !element->is_void()) return;
    std::vector<HtmlAttribute> attributes;
    const auto has = [&attributes](std::string_view name) {
      return std::any_of(attributes.begin(), attributes.end(),
                         [name](const auto& each) { return each.name() == name; });
    };
    for (const auto& [name, value] : tag.attributes) {
      std::optional<HtmlAttribute> kept = allowed_attribute(*element, name, value);
      if (kept && !has(kept->name())) attributes.push_back(*std::move(kept));
    }
    if (element->name() == "img" && !has("src")) return;
    // A page in a new window must not get hold of the host's.
    if (has("target")) attributes.emplace_back("rel", "noopener");
    write_start(*element, attributes);
    if (!element->is_void()) open_.push_back(element);
  }

  void write_start(const HtmlElement& element, const std::vector<HtmlAttribute>& attributes) {
    out_.append("<").append(element.name());
    for (const HtmlAttribute& attribute : attributes) {
      out_.append(" ").append(attribute.name()).append("=\"");
      append_html_value(out_, attribute.value());
      out_ += '"';
    }
    out_ += '>';
  }

  void end(std::string_view name) {
    const HtmlElement* const element = find_html_element(name);
    if (element == nullptr || element->is_void()) return;
    for (std::size_t depth = open_.size(); depth > 0; --depth) {
      if (open_[depth - 1] == element) return close_to(depth - 1);
      // A cell's or an item's end does not reach out of the table or list that it is in.
      if (bounds(open_[depth - 1]->name(), element->name())) return;
    }
  }

  void close_to(std::size_t depth) {
    while (open_.size() > depth) {
      out_.append("</").append(open_.back()->name()).append(">");
      open_.pop_back();
    }
  }

  // Whether `inner`, being open, keeps an end of `outer` from reaching further.
  static bool bounds(std::string_view inner, std::string_view outer) {
    if (outer == "table") return false;
    if (inner == "table") return true;
    return (inner == "td" || inner == "th" || inner == "caption") && outer != "tr" && outer != "td" && outer != "th" &&
           outer != "thead" && outer != "tbody" && outer != "caption";
  }

  // What ends because this begins, as in every browser: <li>a<li>b are two items, not one in the other.
  void close_implied(std::string_view begins) {
    if (begins == "li") return close_nearest({"li"}, {"ul", "ol"});
    if (begins == "td" || begins == "th") return close_nearest({"td", "th"}, {"tr"});
    if (begins == "tr") return close_nearest({"tr"}, {});
    if (begins == "thead" || begins == "tbody") return close_nearest({"thead", "tbody"}, {});
    if (begins == "a") return close_nearest({"a"}, {"td", "th", "caption"});
    if (is_block(begins)) return close_nearest({"p"}, {"td", "th", "caption"});
  }
  void close_nearest(std::initializer_list<std::string_view> names, std::initializer_list<std::string_view> borders) {
    for (std::size_t depth = open_.size(); depth > 0; --depth) {
      const std::string_view name = open_[depth - 1]->name();
      if (std::find(names.begin(), names.end(), name) != names.end()) return close_to(depth - 1);
      if (name == "table" || std::find(borders.begin(), borders.end(), name) != borders.end()) return;
    }
  }

  // Behind the start tag of an element whose content goes with it.
  void skip_content(std::string_view name) {
    if (name == "plaintext") {
      at_ = in_.size();
    } else if (is_raw_text(name)) {
      skip_raw_text(name);
    } else {
      skip_tree(name);
    }
  }
  void skip_raw_text(std::string_view name) {
    while (at_ < in_.size()) {
      skip_past("</");
      if (!text::equals_ignoring_case(in_.substr(at_, name.size()), name)) continue;
      const std::size_t behind = at_ + name.size();
      if (behind < in_.size() && !is_space(in_[behind]) && in_[behind] != '/' && in_[behind] != '>') continue;
      (void)read_tag();
      return;
    }
  }
  void skip_tree(std::string_view name) {
    std::size_t depth = 1;
    while (depth > 0 && at_ < in_.size()) {
      at_ = std::min(in_.find('<', at_), in_.size());
      const bool is_end = peek(1) == '/' && ascii::is_letter(peek(2));
      if (!is_end && !ascii::is_letter(peek(1))) {
        if (in_.substr(at_).starts_with("<!--")) {
          comment();
        } else {
          at_ = std::min(at_ + 1, in_.size());
        }
        continue;
      }
      at_ += is_end ? 2U : 1U;
      const std::optional<Tag> tag = read_tag();
      if (!tag) return;
      if (tag->name == name) {
        if (is_end) --depth;
        if (!is_end && !tag->closes_itself) ++depth;
      } else if (!is_end && is_raw_text(tag->name)) {
        skip_content(tag->name);
      }
    }
  }

  static constexpr std::size_t most_attributes = 32;
  static constexpr std::size_t longest_name = 32;

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<const HtmlElement*> open_;
};

}  // namespace

std::string sanitize_html(std::string_view html) {
  if (html.size() > largest_html || !text::is_valid_utf8(html)) return {};
  return Sanitizer(html).run();
}

}  // namespace confab::services
