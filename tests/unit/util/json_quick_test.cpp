#include "util/json_quick.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "support/json_alike.hpp"

using namespace confab;

namespace {

bool ordinary(const std::string& text, const json::Limits& limits = {}) {
  auto storage = std::make_shared<json::detail::Storage>(text);
  return json::read_quickly(*storage, limits);
}

// As RapidJSON reads it, which is asked where a fraction stands beside it.
void check_same(const std::string& text) {
  CAPTURE(text);
  CHECK(ordinary(text));
  const auto quick = json::parse(text);
  const auto slow = json::parse("[" + text + ",0.5]");
  REQUIRE(quick);
  REQUIRE(slow);
  CHECK(confab::test::alike(quick->root(), slow->root()[std::size_t{0}]));
}

}  // namespace

TEST_CASE("json_quick: ordinary text is read as RapidJSON reads it") {
  for (const char* const text :
       {"{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "-7",
        "123456789012345678",
        R"("")",
        R"("plain")",
        R"("a\nb\"c\\\/")",
        R"("\u0041\u00e9\u20AC\u0000\b\f\r\t")",
        "\"caf\xc3\xa9 \xf0\x9f\x8e\x89\"",
        R"({"a":{}})",
        R"([[],[[]],{}])",
        R"( { "a" : [ 1 , -2 , "x" ] , "b" : { "c" : null } } )",
        R"({"k":1,"k":2})",
        R"({"a\tb":"\n"})",
        R"([{"a":[{"b":[1,2,3]},[]]},true])",
        R"({"body":"hi \"you\"","m.relates_to":{"event_id":"$1","rel_type":"m.thread"},"msgtype":"m.text"})"}) {
    check_same(text);
  }
}

TEST_CASE("json_quick: escapes stand anywhere in a block") {
  for (std::size_t before = 0; before <= 40; ++before) {
    for (const std::size_t behind : {0U, 1U, 14U, 15U, 16U, 17U, 33U}) {
      for (const char* const escapes : {R"(\n)", R"(\\\")", R"(\u00e9\/)", "\\nx\\t\xc3\xa9"}) {
        const std::string plain(before, 'x');
        check_same('"' + plain + escapes + std::string(behind, 'y') + escapes + plain + '"');
      }
    }
  }
}

TEST_CASE("json_quick: any number of values, side by side and nested") {
  for (const std::size_t count : {1U, 15U, 16U, 63U, 64U, 65U, 200U}) {
    std::string values;
    std::string members;
    for (std::size_t i = 0; i < count; ++i) {
      values += (i > 0 ? ",[" : "[") + std::to_string(i) + "]";
      members += (i > 0 ? " , \"" : "\"") + std::to_string(i) + "\" :\n" + std::to_string(i);
    }
    check_same("[" + values + "]");
    check_same("{" + members + "}");
    CHECK(ordinary("[" + values + "]", json::Limits().values(2 * count + 1)));
    CHECK_FALSE(ordinary("[" + values + "]", json::Limits().values(2 * count)));
  }
}

TEST_CASE("json_quick: what is not ordinary is left to RapidJSON, whether it is JSON or not") {
  for (const char* const text : {"",
                                 " ",
                                 "{",
                                 "[",
                                 "[1",
                                 "[1,",
                                 "[1,]",
                                 "{\"a\"",
                                 "{\"a\":",
                                 "{\"a\":1",
                                 "{\"a\":1,",
                                 "{\"a\":1,}",
                                 "{,}",
                                 "[,]",
                                 "{1:2}",
                                 "[1}",
                                 "{\"a\":1]",
                                 "[1]]",
                                 "1 2",
                                 "tru",
                                 "nul",
                                 "-",
                                 "-0",
                                 "01",
                                 "1.5",
                                 "1e3",
                                 "1234567890123456789",
                                 "\"",
                                 "\"a",
                                 "\"\\",
                                 "\"\\\"",
                                 "\"\\x\"",
                                 "\"\\u12\"",
                                 "\"\\u12g4\"",
                                 "\"\\ud83c\\udf89\"",
                                 "\"\\udf89\"",
                                 "\"\n\"",
                                 "\"\\n\x01\"",
                                 "[1 2]",
                                 "{\"a\" 1}",
                                 "{\"a\":1 \"b\":2}"}) {
    CAPTURE(text);
    CHECK_FALSE(ordinary(text));
  }
  CHECK_FALSE(ordinary(std::string("\"a\0\"", 4)));
  CHECK_FALSE(ordinary(std::string("[]\0", 3)));
  CHECK(json::parse("\"\\ud83c\\udf89\"")->root().string_or("") == "\xf0\x9f\x8e\x89");
}

TEST_CASE("json_quick: the limits hold") {
  CHECK(ordinary("[[[]]]", json::Limits().depth(3)));
  CHECK_FALSE(ordinary("[[[]]]", json::Limits().depth(2)));
  CHECK(ordinary(R"({"a":[1,2]})", json::Limits().values(5)));
  CHECK_FALSE(ordinary(R"({"a":[1,2]})", json::Limits().values(4)));
  CHECK(json::parse(R"({"a":[1,2]})", json::Limits().values(4)).error().code() == Errc::too_large);
}
