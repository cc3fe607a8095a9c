// Whatever comes in: what goes out stays as it is, and holds nothing but the specification's elements, properly nested,
// with nothing but its attributes. The checks here are written apart from the sanitizer.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "services/html_sanitizer.hpp"
#include "util/text.hpp"

namespace {

const std::vector<std::string_view> pairs = {
    "a",       "b",   "blockquote", "caption", "code", "del", "details", "div", "em", "h1",   "h2",     "h3",
    "h4",      "h5",  "h6",         "i",       "li",   "ol",  "p",       "pre", "s",  "span", "strong", "sub",
    "summary", "sup", "table",      "tbody",   "td",   "th",  "thead",   "tr",  "u",  "ul"};
const std::vector<std::string_view> voids = {"br", "hr", "img"};
const std::vector<std::string_view> attributes = {"a href",
                                                  "a target",
                                                  "a rel",
                                                  "img src",
                                                  "img alt",
                                                  "img title",
                                                  "img width",
                                                  "img height",
                                                  "ol start",
                                                  "code class",
                                                  "div data-mx-maths",
                                                  "span data-mx-maths",
                                                  "span data-mx-color",
                                                  "span data-mx-bg-color",
                                                  "span data-mx-spoiler"};

void require(bool holds) {
  if (!holds) std::abort();
}
bool listed(const std::vector<std::string_view>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// The attributes of one start tag, each ` name="value"`.
void check_attributes(std::string_view element, std::string_view text) {
  while (!text.empty()) {
    require(text.front() == ' ');
    const std::size_t equals = text.find("=\"");
    require(equals != std::string_view::npos);
    const std::string_view name = text.substr(1, equals - 1);
    require(listed(attributes, std::string(element) + " " + std::string(name)));
    text.remove_prefix(equals + 2);
    const std::size_t end = text.find('"');
    require(end != std::string_view::npos);
    const std::string_view value = text.substr(0, end);
    if (name == "src") require(value.starts_with("mxc://"));
    if (name == "href") {
      std::string scheme(value.substr(0, value.find(':') + 1));
      std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      require(listed({"https:", "http:", "ftp:", "mailto:", "magnet:"}, scheme));
    }
    text.remove_prefix(end + 1);
  }
}

void check(std::string_view html) {
  std::vector<std::string_view> open;
  while (!html.empty()) {
    const std::size_t begin = std::min(html.find('<'), html.size());
    require(html.substr(0, begin).find('>') == std::string_view::npos);
    html.remove_prefix(begin);
    if (html.empty()) break;
    const std::size_t end = html.find('>');  // values hold none: it is escaped there
    require(end != std::string_view::npos);
    std::string_view tag = html.substr(1, end - 1);
    html.remove_prefix(end + 1);
    if (tag.starts_with('/')) {
      require(!open.empty() && open.back() == tag.substr(1));
      open.pop_back();
      continue;
    }
    const std::string_view name = tag.substr(0, tag.find(' '));
    require(listed(pairs, name) || listed(voids, name));
    check_attributes(name, tag.substr(name.size()));
    if (!listed(voids, name)) open.push_back(name);
    require(open.size() <= confab::services::most_nested);
  }
  require(open.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view html(reinterpret_cast<const char*>(data), size);
  const std::string once = confab::services::sanitize_html(html);
  require(confab::text::is_valid_utf8(once));
  check(once);
  if (once.size() <= confab::services::largest_html) require(confab::services::sanitize_html(once) == once);
  return 0;
}
