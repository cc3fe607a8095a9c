#include "util/json_skim.hpp"

#include <doctest/doctest.h>

#include <string>

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
