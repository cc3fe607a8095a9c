#include "services/html_sanitizer.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "unit/services/html_corpus.hpp"

using confab::services::largest_html;
using confab::services::most_nested;
using confab::services::sanitize_html;
using confab::test::html_corpus;
using confab::test::HtmlRow;

namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("sanitize_html: the corpus") {
  const std::vector<HtmlRow> rows = html_corpus();
  REQUIRE(rows.size() > 90);
  for (const HtmlRow& row : rows) {
    CAPTURE(row.name);
    CHECK(sanitize_html(row.input) == row.output);
    CHECK(sanitize_html(row.output) == row.output);
  }
}

TEST_CASE("sanitize_html: every row cut anywhere gives something that stays as it is") {
  for (const HtmlRow& row : html_corpus()) {
    CAPTURE(row.name);
    for (std::size_t size = 0; size < row.input.size(); ++size) {
      const std::string once = sanitize_html(std::string_view(row.input).substr(0, size));
      CHECK(sanitize_html(once) == once);
    }
  }
}

TEST_CASE("sanitize_html: what is nested too deep loses its tags, not its text") {
  const std::string deep =
      sanitize_html(repeated("<div>", most_nested + 50) + "x" + repeated("</div>", most_nested + 50));
  CHECK(deep == repeated("<div>", most_nested) + "x" + repeated("</div>", most_nested));
}

TEST_CASE("sanitize_html: what is no UTF-8, or larger than an event, gives nothing") {
  CHECK(sanitize_html("a\xFF").empty());
  CHECK(sanitize_html("<a href=\"\xC0\xAFx\">a</a>").empty());
  CHECK(sanitize_html(std::string(largest_html, 'a')).size() == largest_html);
  CHECK(sanitize_html(std::string(largest_html + 1, 'a')).empty());
}

TEST_CASE("sanitize_html: what is hard to read is read once, however it is made") {
  // Quadratic work on 64 KiB would be billions of steps; this is about milliseconds.
  const auto begin = std::chrono::steady_clock::now();
  for (const char* piece : {"<",      "<!--",        "<!-- -", "<script>",   "</script", "<svg>", "<b ",
                            "<b a='", "<b a=\"x\" ", "<li>",   "<p>",        "<table>",  "</p>",  "&",
                            "&#",     "&a;",         "<!",     "<a href=x>", "<td>",     "--",    "<mx-reply>"}) {
    CAPTURE(piece);
    const std::string html = repeated(piece, largest_html / std::string_view(piece).size());
    const std::string once = sanitize_html(html);
    CHECK(once.size() <= 8 * html.size() + 2048);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}
