#include "util/json_skim.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace confab;

TEST_CASE("json skim: the members of an object, as written") {
  json::Skim skim(R"( { "a" : "x\"}" , "b":[1,{"c":"]"}],"t\u0079pe":-12 ,"d":{"b":2}, "e":null})");
  REQUIRE(skim.next());
  CHECK(skim.is("a"));
  CHECK_FALSE(skim.is("b"));
  CHECK(skim.value() == R"("x\"}")");
  CHECK(json::text_of(skim.value()) == "x\"}");
  REQUIRE(skim.next());
  CHECK(skim.value() == R"([1,{"c":"]"}])");
  REQUIRE(skim.next());
  CHECK(skim.is("type"));
  CHECK(skim.value() == "-12");
  CHECK(json::integer_of(skim.value()) == -12);
  REQUIRE(skim.next());
  CHECK(skim.is("d"));
  REQUIRE(skim.next());
  CHECK(skim.value() == "null");
  CHECK_FALSE(skim.next());
  CHECK_FALSE(skim.next());
}

TEST_CASE("json skim: what is no object has no members, and what breaks off ends") {
  for (const char* text : {"", "[1,2]", "5", "{", "{}", R"({"a)", R"({"a":)", R"({"a" "b")", "{5:6}", "{\"\\"}) {
    CAPTURE(text);
    json::Skim skim(text);
    int found = 0;
    while (skim.next()) ++found;
    CHECK(found <= 1);
  }
}

TEST_CASE("json skim: strings and integers") {
  CHECK(json::text_of(R"("")") == "");
  CHECK(json::text_of(R"("\u00e9\ud83c\udf89")") == "\xc3\xa9\xf0\x9f\x8e\x89");
  for (const char* none : {"", "\"", "5", "null", "[]", R"("\ud83c")"}) CHECK_FALSE(json::text_of(none));
  const std::string_view plain = R"("as it is")";
  std::string decoded;
  CHECK(json::text_in(plain, decoded).value().data() == plain.data() + 1);
  CHECK(json::text_in(R"("\u00e9")", decoded) == "\xc3\xa9");
  CHECK(decoded == "\xc3\xa9");
  CHECK_FALSE(json::text_in("5", decoded));
  CHECK(json::integer_of("9223372036854775807") == 9223372036854775807);
  CHECK(json::integer_of("-0") == 0);
  for (const char* none : {"", "1.0", "1e3", "9223372036854775808", "\"1\"", "true"}) {
    CAPTURE(none);
    CHECK_FALSE(json::integer_of(none));
  }
}

namespace {

// The values of an object's members, as they are written.
std::vector<std::string> skimmed(std::string_view text) {
  // In memory of its own: whoever reads behind it, reads what is nobody's.
  const std::vector<char> object(text.begin(), text.end());
  std::vector<std::string> values;
  for (json::Skim skim({object.data(), object.size()}); skim.next();) {
    CHECK(skim.value().data() >= object.data());
    CHECK(skim.value().data() + skim.value().size() <= object.data() + object.size());
    values.emplace_back(skim.value());
  }
  return values;
}

}  // namespace

TEST_CASE("json skim: strings and containers end anywhere in a block") {
  for (std::size_t length = 0; length <= 70; ++length) {
    for (const char* const inside :
         {"", R"(\")", R"(\\)", R"(\\\")", R"(\",\")", R"(\":\"\\)", "}", "]", "{[", "],}", ",:"}) {
      const std::string string = '"' + std::string(length, 'x') + inside + '"';
      const std::string object = "{" + string + ":" + string + ", " + string + " : [" + string + "]}";
      const std::string array = "[-1," + object + ",[]," + string + " ,{},true," + string + "]";
      const std::string text = "{" + string + ":" + string + ",\"a\":" + object + " , \"b\" :\n" + array + ",\"c\":12}";
      CAPTURE(text);
      CHECK(skimmed(text) == std::vector<std::string>{string, object, array, "12"});
      json::Skim skim(text);
      REQUIRE(skim.next());
      CHECK(skim.is(json::text_of(string).value()));
      CHECK_FALSE(skim.is(std::string(length + 1, 'x')));
      REQUIRE(skim.next());
      CHECK(skim.is("a"));
      if (length % 16 != 0) continue;
      for (std::size_t at = 0; at < text.size(); ++at) CHECK(skimmed(text.substr(0, at)).size() <= 4);
    }
  }
}
