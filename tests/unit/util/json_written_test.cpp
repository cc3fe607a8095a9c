#include "util/json_written.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "util/json.hpp"
#include "util/json_skim.hpp"

using namespace confab;

namespace {

// What is said of text in one place holds where it is parsed, too.
void check_like_parsed(std::string_view object, const std::vector<std::string>& keys) {
  CAPTURE(object);
  const auto parsed = json::parse(std::string(object));
  REQUIRE(parsed);
  const json::WrittenObject several(object);
  const json::Written one(object);
  CHECK(several.to_json() == parsed->root().to_json());
  for (const std::string& key : keys) {
    CAPTURE(key);
    const json::Value value = parsed->root()[key];
    for (const json::Written& written : {several[key], one[key]}) {
      CHECK(static_cast<bool>(written) == static_cast<bool>(value));
      CHECK(written.is_object() == value.is_object());
      CHECK(written.text().has_value() == value.is_string());
      CHECK(written.string_or("else") == value.string_or("else"));
      CHECK(written.boolean_or(true) == value.boolean_or(true));
      CHECK(written.boolean_or(false) == value.boolean_or(false));
      if (value) CHECK(written.to_json() == value.to_json());
      CHECK(written["in"].string_or("none") == value["in"].string_or("none"));
    }
  }
}

}  // namespace

TEST_CASE("json written: it answers as the parsed value does") {
  check_like_parsed(R"({"a":"text","b":true,"c":false,"d":null,"e":12,"f":[1,"]"],"g":{"in":"side"},"h":""})",
                    {"a", "b", "c", "d", "e", "f", "g", "h", "none", ""});
  check_like_parsed(" { \"a\" : \"a b\" ,\n\"b\" : { \"in\" : \"\\\"}\" , \"in\" : \"last\" } , \"a\" : \"again\" } ",
                    {"a", "b"});
  check_like_parsed(R"({"\u0061":"key","a\"b":"quote","\ud83c\udf89":1})", {"a", "a\"b", "\xf0\x9f\x8e\x89"});
  check_like_parsed(R"({"a":"\"\\\/\b\f\n\r\t|\u0041\u00e9\u20ac\ud83c\udf89\u0000|end","b":"\u00E9"})", {"a", "b"});
  check_like_parsed("{}", {"a"});
  check_like_parsed("{\"a\":\"del\x7f\",\"b\":\"\xe2\x80\xa8\xc3\xa9\"}", {"a", "b"});
  std::string many = "{";
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) {
    keys.push_back("k" + std::to_string(i % 30));
    many += (i > 0 ? ",\"" : "\"") + keys.back() + "\":\"" + std::to_string(i) + "\"";
  }
  check_like_parsed(many + "}", keys);
}

TEST_CASE("json written: what is no object has no members, what is no string no text") {
  for (const char* text : {"", "\"a\"", "[{\"a\":1}]", "5", "true", "null"}) {
    CAPTURE(text);
    CHECK_FALSE(json::WrittenObject(text)["a"]);
    CHECK_FALSE(json::Written(text)["a"]);
  }
  for (const char* text : {"", "\"", "5", "[\"a\"]", "{}"}) CHECK_FALSE(json::Written(text).text());
}

TEST_CASE("json written: half a surrogate pair is no text, and hides nothing beside it") {
  for (const char* half : {R"(\ud83c)", R"(\ud83cx)", R"(\ud83c\n)", R"(\ud83c\ud83c)", R"(\udf89)", R"(\udf89\ud83c)",
                           R"(\u12)", R"(\x)", "\\"}) {
    CAPTURE(half);
    CHECK_FALSE(json::unescaped(half));
    const std::string object = std::string(R"({"bad":")") + half + R"(","good":"here"})";
    if (std::string_view(half).size() < 2) continue;  // it would hide the quote
    CHECK_FALSE(json::WrittenObject(object)["bad"].text());
    CHECK(json::WrittenObject(object)["good"].text() == "here");
    CHECK(json::WrittenObject(object).to_json() == "null");
  }
}
