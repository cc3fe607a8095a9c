// What is sent of HTML: nothing but what may be shown, whichever way it goes out.
#include "services/message_content.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/services/html_corpus.hpp"
#include "util/json.hpp"

using namespace confab;
using confab::test::html_corpus;
using confab::test::HtmlRow;

namespace {

// `html` is what is left, with `before` in front of it; where nothing is left, the words are plain.
void check_words(const json::Value& words, const std::string& before, const std::string& html) {
  CHECK(words["body"].string_or("") == before + "plain");
  CHECK(words["formatted_body"].string_or("") == (html.empty() ? html : before + html));
  CHECK(words["format"].string_or("") == (html.empty() ? "" : "org.matrix.custom.html"));
  CHECK(static_cast<bool>(words["formatted_body"]) == !html.empty());
}

}  // namespace

TEST_CASE("message content: HTML is sanitized in a message and in an edit: the corpus") {
  const MatrixRoomId room("!r");
  const MatrixUserId ana("@ana:hs");
  const std::vector<HtmlRow> rows = html_corpus();
  REQUIRE(rows.size() > 90);
  for (const HtmlRow& row : rows) {
    CAPTURE(row.name);
    ProviderMessage message(room, ana, "plain", TransactionId("t1"));
    const auto said = json::parse(services::content_of(message.formatted(row.input)));
    REQUIRE(said);
    check_words(said->root(), "", row.output);

    ProviderEdit edit(room, ana, EventId("$1"), "plain");
    const auto edited = json::parse(services::content_of(edit.formatted(row.input)));
    REQUIRE(edited);
    check_words(edited->root()["m.new_content"], "", row.output);
    // What clients show that know no edits.
    check_words(edited->root(), "* ", row.output);
  }
}
