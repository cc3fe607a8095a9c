#include "util/text.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

using namespace confab;

TEST_CASE("text: UTF-8 is judged by RFC 3629") {
  for (const char* good : {"", "plain ascii over eight bytes", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "12345678\xC3\xA9", "1234567\xC3\xA9"}) {
    CAPTURE(good);
    CHECK(text::is_valid_utf8(good));
  }
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xC3", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "12345678\xFF", "ab\xF0\x9F\x98"}) {
    CAPTURE(bad);
    CHECK_FALSE(text::is_valid_utf8(bad));
  }
  CHECK(text::valid_utf8_prefix("abc\xFFx") == 3);
  CHECK(text::valid_utf8_prefix("0123456789\xC3") == 10);
  // Blocks of any width are looked at in one go: wherever it stands, it is found.
  for (const std::string_view character : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    for (std::size_t at = 0; at < 150; ++at) {
      std::string text(150, 'a');
      text.replace(at, 1, character);
      CHECK(text::is_valid_utf8(text));
      text[at + 1] = 'a';
      CHECK(text::valid_utf8_prefix(text) == at);
      text[at] = 'a';
      if (character.size() > 2) CHECK(text::valid_utf8_prefix(text) == at + 2);
    }
  }
}

TEST_CASE("text: cutting never splits a character") {
  CHECK(text::cut_utf8("a\xC3\xA9", 2) == "a");
  CHECK(text::cut_utf8("a\xC3\xA9", 3) == "a\xC3\xA9");
  CHECK(text::cut_utf8("\xF0\x9F\x98\x80", 3).empty());
}

TEST_CASE("text: parts stand one behind the other") {
  CHECK(text::concat({"@", "ana", ":", "hs"}) == "@ana:hs");
  CHECK(text::concat({}).empty());
}

TEST_CASE("text: percent-encoding is safe in one path segment") {
  CHECK(text::percent_encode("!room:hs.test") == "%21room%3Ahs.test");
  CHECK(text::percent_encode("#a/b?c%d e") == "%23a%2Fb%3Fc%25d%20e");
  CHECK(text::percent_encode("\xC3\xA9") == "%C3%A9");
  CHECK(text::percent_encode("..") == "%2E%2E");
  CHECK(text::percent_encode(".") == "%2E");
  CHECK(text::percent_encode("a.b-c_d~") == "a.b-c_d~");
}

TEST_CASE("text: base64url (vectors of RFC 4648)") {
  CHECK(text::base64url("").empty());
  CHECK(text::base64url("f") == "Zg");
  CHECK(text::base64url("fo") == "Zm8");
  CHECK(text::base64url("foo") == "Zm9v");
  CHECK(text::base64url("foobar") == "Zm9vYmFy");
  CHECK(text::base64url("\xFB\xFF") == "-_8");
}

TEST_CASE("text: random tokens differ") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(text::random_token());
  CHECK(seen.size() == 100);
  CHECK(text::random_token(18).size() == 24);
}

TEST_CASE("text: case is ignored for ASCII only") {
  CHECK(text::equals_ignoring_case("Retry-After", "retry-aFTER"));
  CHECK_FALSE(text::equals_ignoring_case("a", "ab"));
  CHECK_FALSE(text::equals_ignoring_case("\xC3\x89", "\xC3\xA9"));
}
