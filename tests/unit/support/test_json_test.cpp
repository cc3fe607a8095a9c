#include "../../support/test_json.hpp"

#include <doctest/doctest.h>

using confab::test::TestJson;

TEST_CASE("test json: reads and writes values, refuses the rest") {
  const auto value = TestJson::parse(R"({"b":[1,true,null,"x\u00e9"],"a":{"c":-9007199254740991}})");
  REQUIRE(value);
  CHECK(value->dump() == "{\"a\":{\"c\":-9007199254740991},\"b\":[1,true,null,\"x\xc3\xa9\"]}");
  CHECK((*value)["a"]["c"].as_integer() == -9007199254740991);
  CHECK((*value)["none"]["deeper"].is_null());
  CHECK_FALSE(value->has_float());
  CHECK(TestJson::parse(R"({"x":[{"y":0.5}]})")->has_float());
  for (const char* bad : {"", "{", "{} {}", "{'a':1}", "\"\xff\"", "[1,]", "nul"}) {
    CAPTURE(bad);
    CHECK_FALSE(TestJson::parse(bad));
  }
  CHECK_FALSE(TestJson::parse(std::string(5000, '[') + std::string(5000, ']')));
}
