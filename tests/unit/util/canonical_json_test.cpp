#include "util/canonical_json.hpp"

#include <doctest/doctest.h>

using namespace confab;

namespace {
Result<std::string> canonical(std::string text) {
  auto document = json::parse(std::move(text));
  REQUIRE(document);
  return canonical_json(document->root());
}
}  // namespace

TEST_CASE("canonical json: the examples of the specification") {
  CHECK(*canonical("{}") == "{}");
  CHECK(*canonical(R"({"one": 1, "two": "Two"})") == R"({"one":1,"two":"Two"})");
  CHECK(*canonical(R"({"b": "2", "a": "1"})") == R"({"a":"1","b":"2"})");
  CHECK(
      *canonical(R"({"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe",
    "three_pids": [{"medium": "email", "address": "john.doe@example.org"}, {"medium": "msisdn", "address": "123456789"}]}}})") ==
      R"({"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},"success":true}})");
  CHECK(*canonical("{\"a\": \"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\"}") ==
        "{\"a\":\"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\"}");
  CHECK(*canonical("{\"\xE6\x9C\xAC\": 2, \"\xE6\x97\xA5\": 1}") == "{\"\xE6\x97\xA5\":1,\"\xE6\x9C\xAC\":2}");
  CHECK(*canonical(R"({"a": "\u65E5"})") == "{\"a\":\"\xE6\x97\xA5\"}");
  CHECK(*canonical(R"({"a": null})") == R"({"a":null})");
  CHECK(*canonical(R"({"a": -0, "b": 10})") == R"({"a":0,"b":10})");
}

TEST_CASE("canonical json: of equal names the last counts") {
  CHECK(*canonical(R"({"a":1,"b":2,"a":3})") == R"({"a":3,"b":2})");
}

TEST_CASE("canonical json: escapes are the shortest") {
  CHECK(*canonical(R"(["\u0000\u001f\u007f\b\t\n\f\r\"\\\/"])") == "[\"\\u0000\\u001f\x7f\\b\\t\\n\\f\\r\\\"\\\\/\"]");
}

TEST_CASE("canonical json: numbers that events cannot hold are refused") {
  CHECK(*canonical("[9007199254740991,-9007199254740991]") == "[9007199254740991,-9007199254740991]");
  for (const char* bad : {"9007199254740992", "-9007199254740992", "1.5", "1e3", "1.0", "99999999999999999999"}) {
    CAPTURE(bad);
    const auto refused = canonical(std::string(R"({"content":{"n":)") + bad + "}}");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Errc::invalid_argument);
    CHECK(refused.error().subject() == "content.n");
  }
}
