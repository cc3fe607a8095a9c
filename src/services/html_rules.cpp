#include "services/html_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "util/ascii.hpp"
#include "util/text.hpp"

namespace confab::services {
namespace {

constexpr std::array elements = {
    HtmlElement("a"),        HtmlElement("b"),      HtmlElement("blockquote"), HtmlElement("br", true),
    HtmlElement("caption"),  HtmlElement("code"),   HtmlElement("del"),        HtmlElement("details"),
    HtmlElement("div"),      HtmlElement("em"),     HtmlElement("h1"),         HtmlElement("h2"),
    HtmlElement("h3"),       HtmlElement("h4"),     HtmlElement("h5"),         HtmlElement("h6"),
    HtmlElement("hr", true), HtmlElement("i"),      HtmlElement("img", true),  HtmlElement("li"),
    HtmlElement("ol"),       HtmlElement("p"),      HtmlElement("pre"),        HtmlElement("s"),
    HtmlElement("span"),     HtmlElement("strong"), HtmlElement("sub"),        HtmlElement("summary"),
    HtmlElement("sup"),      HtmlElement("table"),  HtmlElement("tbody"),      HtmlElement("td"),
    HtmlElement("th"),       HtmlElement("thead"),  HtmlElement("tr"),         HtmlElement("u"),
    HtmlElement("ul"),
};

// Earlier versions of the list, and what stands for them now.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> successors = {
    {{"font", "span"}, {"strike", "s"}, {"tt", "code"}}};

constexpr std::array<std::string_view, 10> raw_text = {"iframe", "noembed", "noframes", "noscript", "plaintext",
                                                       "script", "style",   "textarea", "title",    "xmp"};
constexpr std::array<std::string_view, 10> hidden_trees = {"applet", "audio",  "canvas", "math",     "mx-reply",
                                                           "object", "select", "svg",    "template", "video"};

constexpr std::size_t longest_link = 2048;
constexpr std::size_t longest_word = 64;
constexpr std::size_t longest_value = 1024;
constexpr std::size_t most_digits = 5;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || is_control(text.front()))) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || is_control(text.back()))) text.remove_suffix(1);
  return text;
}

// A browser drops tabs and newlines inside a link before it reads the scheme; here such a link is none at all.
std::optional<std::string> link(std::string_view value) {
  const std::string_view target = trimmed(value);
  if (target.size() > longest_link || std::any_of(target.begin(), target.end(), is_control)) return std::nullopt;
  // With "//" where the scheme has an authority: without it browsers take some for relative to the page.
  for (const std::string_view scheme : {"https://", "http://", "ftp://", "mailto:", "magnet:"}) {
    if (target.size() > scheme.size() && text::equals_ignoring_case(target.substr(0, scheme.size()), scheme))
      return std::string(target);
  }
  return std::nullopt;
}

// mxc://server/media: the only source a picture may have, so that looking at a message calls nobody.
std::optional<std::string> media(std::string_view value) {
  constexpr std::string_view scheme = "mxc://";
  const std::string_view target = trimmed(value);
  if (target.size() > longest_link || !target.starts_with(scheme)) return std::nullopt;
  const std::string_view rest = target.substr(scheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == rest.size()) return std::nullopt;
  const auto in_server = [](char c) {
    return ascii::is_letter(c) || ascii::is_digit(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
  };
  const auto in_media = [](char c) {
    return ascii::is_letter(c) || ascii::is_digit(c) || c == '-' || c == '_' || c == '.' || c == '~';
  };
  const std::string_view server = rest.substr(0, slash);
  const std::string_view name = rest.substr(slash + 1);
  if (!std::all_of(server.begin(), server.end(), in_server) || !std::all_of(name.begin(), name.end(), in_media))
    return std::nullopt;
  return std::string(target);
}

std::optional<std::string> colour(std::string_view value) {
  if (value.size() != 7 || value.front() != '#') return std::nullopt;
  if (!std::all_of(value.begin() + 1, value.end(), ascii::is_hex)) return std::nullopt;
  return std::string(value);
}

std::optional<std::string> number(std::string_view value, bool may_be_negative) {
  std::string_view digits = value;
  if (may_be_negative && digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.empty() || digits.size() > most_digits || !std::all_of(digits.begin(), digits.end(), ascii::is_digit))
    return std::nullopt;
  return std::string(value);
}

// Of the classes of <code> those that name a language.
std::optional<std::string> languages(std::string_view value) {
  constexpr std::string_view prefix = "language-";
  const auto in_name = [](char c) {
    return ascii::is_letter(c) || ascii::is_digit(c) || c == '-' || c == '_' || c == '+' || c == '#' || c == '.';
  };
  std::string kept;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find_first_of(" \t\n\r\f"), value.size());
    const std::string_view word = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    if (word.size() <= prefix.size() || word.size() > longest_word || !word.starts_with(prefix)) continue;
    if (!std::all_of(word.begin(), word.end(), in_name) || kept.size() > longest_word) continue;
    if (!kept.empty()) kept += ' ';
    kept += word;
  }
  if (kept.empty()) return std::nullopt;
  return kept;
}

std::optional<std::string> words(std::string_view value) {
  std::string kept(text::cut_utf8(value, longest_value));
  std::erase_if(kept, is_control);
  return kept;
}

template <class Names>
bool lists(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<std::string> checked(std::string_view element, std::string_view name, std::string_view value) {
  if (element == "a") {
    if (name == "href") return link(value);
    // Other targets name frames of the host's page.
    if (name == "target" && value == "_blank") return std::string(value);
  } else if (element == "img") {
    if (name == "src") return media(value);
    if (name == "width" || name == "height") return number(value, false);
    if (name == "alt" || name == "title") return words(value);
  } else if (element == "span") {
    if (name == "data-mx-color" || name == "data-mx-bg-color") return colour(value);
    if (name == "data-mx-spoiler" || name == "data-mx-maths") return words(value);
  } else if (element == "div") {
    if (name == "data-mx-maths") return words(value);
  } else if (element == "ol") {
    if (name == "start") return number(value, true);
  } else if (element == "code") {
    if (name == "class") return languages(value);
  }
  return std::nullopt;
}

}  // namespace

const HtmlElement* find_html_element(std::string_view name) {
  for (const auto& [old_name, successor] : successors) {
    if (name == old_name) name = successor;
  }
  const auto* const found =
      std::lower_bound(elements.begin(), elements.end(), name,
                       [](const HtmlElement& element, std::string_view wanted) { return element.name() < wanted; });
  return found != elements.end() && found->name() == name ? &*found : nullptr;
}

bool hides_content(std::string_view name) { return lists(raw_text, name) || lists(hidden_trees, name); }
bool is_raw_text(std::string_view name) { return lists(raw_text, name); }

std::optional<HtmlAttribute> allowed_attribute(const HtmlElement& element, std::string_view name,
                                               std::string_view value) {
  static constexpr std::array<std::string_view, 13> names = {
      "alt", "class", "data-mx-bg-color", "data-mx-color", "data-mx-maths", "data-mx-spoiler", "height", "href",
      "src", "start", "target",           "title",         "width"};
  if (element.name() == "span" && name == "color") name = "data-mx-color";  // <font color>
  // What is written is one of our names, never one that came in.
  const auto* const known = std::find(names.begin(), names.end(), name);
  const std::string_view own = known == names.end() ? std::string_view() : *known;
  if (own.empty()) return std::nullopt;
  std::optional<std::string> kept = checked(element.name(), own, value);
  if (!kept) return std::nullopt;
  return HtmlAttribute(own, std::move(*kept));
}

}  // namespace confab::services
