#include "util/json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace confab;

namespace {
json::Document parsed(std::string text) {
  auto document = json::parse(std::move(text));
  REQUIRE(document);
  return *std::move(document);
}
Error refused(std::string text, const json::Limits& limits = {}) {
  auto document = json::parse(std::move(text), limits);
  REQUIRE_FALSE(document);
  return document.error();
}
}  // namespace

TEST_CASE("json: every kind of value is read") {
  const auto document =
      parsed(R"( {"s":"a\nb","plain":"x","i":-5,"big":18446744073709551616,"f":1.50,"t":true,"f2":false,
    "n":null,"o":{"k":{}},"a":[1,[2],"x"]} )");
  const json::Value root = document.root();
  CHECK(root.is_object());
  CHECK(root.size() == 10);
  CHECK(*root.string("s") == "a\nb");
  CHECK(*root.string("plain") == "x");
  CHECK(*root.integer("i") == -5);
  CHECK(root["big"].kind() == json::Kind::number);
  CHECK(root["f"].source() == "1.50");
  CHECK(*root.boolean("t"));
  CHECK_FALSE(*root.boolean("f2"));
  CHECK(root["n"].is_null());
  CHECK(root["o"].source() == R"({"k":{}})");
  CHECK(root["a"].source() == R"([1,[2],"x"])");
  CHECK(root["a"][1][0].integer_or(0) == 2);
  CHECK_FALSE(root["a"][3]);
  CHECK_FALSE(root["missing"]["deeper"][7]);
  CHECK(root["i"].source() == "-5");
  CHECK(root["t"].source() == "true");
  CHECK(root["n"].source() == "null");
}

TEST_CASE("json: strings are decoded and may hold anything") {
  const auto document = parsed(R"(["\u00e9\ud83d\ude00\u0000x\/\\\"", "\"", "", "x\\", "\\x"])");
  const json::Value root = document.root();
  CHECK(root[0].string_or("") == std::string_view("\xC3\xA9\xF0\x9F\x98\x80\0x/\\\"", 11));
  CHECK(root[1].string_or("-") == "\"");
  CHECK(root[2].string_or("-").empty());
  CHECK(root[3].string_or("-") == "x\\");
  CHECK(root[4].string_or("-") == "\\x");
}

TEST_CASE("json: compact form keeps numbers as written and members in order") {
  const auto document =
      parsed("{ \"b\" : [ 1.0e5 , 123456789012345678901234567890, {} , [ ] ] ,\n \"a\" : \"\\u00e9\\n\" }");
  CHECK(document.root().to_json() == "{\"b\":[1.0e5,123456789012345678901234567890,{},[]],\"a\":\"\xC3\xA9\\n\"}");
  CHECK(document.root()["nothing"].to_json() == "null");
}

TEST_CASE("json: of members written twice the last counts") {
  CHECK(*parsed(R"({"a":1,"a":2})").root().integer("a") == 2);
}

TEST_CASE("json: a document is shared by its copies") {
  json::Value value;
  json::Document copy;
  {
    const auto document = parsed(R"({"short":"sso"})");
    copy = document;
    value = document.root();
  }
  CHECK(*value.string("short") == "sso");
  json::Document part;
  part = parsed(R"({"outer":{"inner":["x"]}})").root()["outer"].share();
  CHECK(part.root()["inner"][0].string_or("") == "x");
  CHECK(part.root()["inner"].integer("y").error().subject() == "outer.inner");
  CHECK_FALSE(value["absent"].share().root());
  CHECK_FALSE(json::Document().root());
}

TEST_CASE("json: malformed text is refused with its place and without its content") {
  struct {
    std::string text;
    std::string_view place;
  } cases[] = {
      {"", "line 1, column 1"},
      {"{\"a\" 1}", "line 1, column 6"},
      {"{\n \"a\":tru }", "line 2"},
      {"[1,]", "line 1, column 4"},
      {"[1 2]", "line 1, column 4"},
      {"{\"a\":1} x", "something follows"},
      {"\"abc", "not closed"},
      {"\"\\ud800\"", "surrogate"},
      {"\"\\udddd\"", "surrogate"},
      {"{\"\\udc00\":1}", "surrogate"},
      {"\"\\ud83d\\ude00\\ude00\"", "surrogate"},
      {"\"\\q\"", "unknown escape"},
      {"[1e999]", "too big"},
      {"[01]", "column 3"},
      {"[NaN]", "column 2"},
      {"[1.]", "no digits"},
      {std::string("{}\0{}", 5), "NUL"},
      {std::string("\"a\0b\"", 5), "line 1"},
      {"\"\xff\"", "byte 1): not UTF-8"},
      {"\"\xed\xa0\x80\"", "not UTF-8"},
      {"{\"a\":}", "column 6"},
      {"]", "column 1"},
      {"// c\n1", "column 1"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const Error error = refused(c.text);
    CHECK(error.code() == Errc::protocol);
    CHECK(error.message().find(c.place) != std::string_view::npos);
  }
  CHECK(refused(R"({"password":"hunter2" "x"})").message().find("hunter2") == std::string_view::npos);
}

TEST_CASE("json: size, depth and number of values are bounded") {
  CHECK(refused("[1,2,3]", json::Limits().bytes(6)).code() == Errc::too_large);
  CHECK(json::parse("[1,2,3]", json::Limits().bytes(7)));
  CHECK(refused("[[[1]]]", json::Limits().depth(2)).code() == Errc::too_large);
  CHECK(json::parse("[[[1]]]", json::Limits().depth(3)));
  CHECK(refused("[1,2,3]", json::Limits().values(3)).code() == Errc::too_large);
  CHECK(json::parse("[1,2,3]", json::Limits().values(4)));
  CHECK(refused(std::string(1'000'000, '[')).code() == Errc::too_large);
}

TEST_CASE("json: strict getters name the path") {
  const auto document = parsed(R"({"rooms":{"join":{"!a:b":{"timeline":{"events":[{"type":5}]}}}},"s p":{"x":1}})");
  const json::Value event = document.root()["rooms"]["join"]["!a:b"]["timeline"]["events"][0];
  const auto wrong = event.string("type");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().subject() == "rooms.join.!a:b.timeline.events[0].type");
  CHECK(wrong.error().message() == "JSON: rooms.join.!a:b.timeline.events[0].type must be a string");
  const auto missing = event.string("sender");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().subject() == "rooms.join.!a:b.timeline.events[0].sender");
  CHECK(missing.error().message().find("missing") != std::string_view::npos);
  CHECK(document.root()["s p"].string("x").error().subject() == "*.x");
  CHECK(event.integer("type", 6).error().message().find("at least 6") != std::string_view::npos);
  CHECK(event.integer("type", 1, 4).error().message().find("from 1 to 4") != std::string_view::npos);
  CHECK(*event.integer("type", 5, 5) == 5);
  CHECK_FALSE(event.boolean("type"));
  CHECK_FALSE(event.array("type"));
  CHECK_FALSE(event.object("type"));
  CHECK_FALSE(event["type"].string("x"));
  CHECK_FALSE(event["absent"].string("x"));
  CHECK_FALSE(document.root().string());
}

TEST_CASE("json: integers are what is written as an integer and fits") {
  const auto root = parsed("[9223372036854775807,-9223372036854775808,9223372036854775808,1.0,1e3,-0]");
  CHECK(*root.root()[0].integer() == 9223372036854775807);
  CHECK(*root.root()[1].integer() == std::numeric_limits<std::int64_t>::min());
  CHECK_FALSE(root.root()[2].integer());
  CHECK_FALSE(root.root()[3].integer());
  CHECK_FALSE(root.root()[4].integer());
  CHECK(*root.root()[5].integer() == 0);
  CHECK(root.root()[5].source() == "-0");
}

TEST_CASE("json: reader keeps the first thing wrong") {
  const auto document = parsed(R"({"a":"x","n":null,"i":3,"e":"","o":{},"l":[],"b":true})");
  json::Reader read(document.root());
  CHECK(read.string("a") == "x");
  CHECK(read.integer("i", 0, 3) == 3);
  CHECK(read.boolean("b"));
  CHECK(read.object("o").is_object());
  CHECK(read.array("l").is_array());
  CHECK(read.optional_string("a") == "x");
  CHECK_FALSE(read.optional_string("n"));
  CHECK_FALSE(read.optional_integer("absent"));
  CHECK_FALSE(read.optional_boolean("absent"));
  CHECK_FALSE(read.optional_object("n"));
  CHECK_FALSE(read.optional_array("n"));
  CHECK(*read.finish(1) == 1);
  CHECK(read.non_empty_string("e").empty());
  CHECK(read.string("second").empty());
  REQUIRE(read.failed());
  CHECK(read.finish(1).error().subject() == "e");

  json::Reader optional(document.root());
  CHECK(optional.optional_integer("a") == std::numeric_limits<std::int64_t>::min());
  CHECK(optional.error().subject() == "a");
  json::Reader null_is_missing(document.root());
  CHECK(null_is_missing.string("n").empty());
  CHECK(null_is_missing.failed());
  json::Reader no_object(document.root()["l"]);
  CHECK(no_object.failed());
  CHECK(no_object.error().message() == "JSON: l must be an object");
}

TEST_CASE("json: iteration") {
  const auto document = parsed(R"({"a":1,"b":2,"l":[3,4]})");
  std::string seen;
  for (const auto& [key, value] : document.root().members())
    seen += std::string(key) + std::to_string(value.integer_or(0));
  for (const json::Value element : document.root()["l"].elements()) seen += std::to_string(element.integer_or(0));
  CHECK(seen == "a1b2l034");
  for (const json::Value element : document.root().elements()) CHECK_FALSE(element);
  for (const auto& member : document.root()["a"].members()) CHECK_FALSE(member.value);
}

TEST_CASE("json: writer") {
  json::Writer w;
  w.object()
      .member("s", "q\"\\\n\x01")
      .member("i", -1)
      .member("u", std::uint64_t{18446744073709551615U})
      .member("b", true);
  w.member("d", 1.5)
      .member("nan", 0.0 / 0.0)
      .key("n")
      .null()
      .key("raw")
      .raw("[1]")
      .key("a")
      .array()
      .value("x")
      .value(2)
      .end();
  w.member_if("absent", std::optional<std::string>()).member_if("there", std::optional<int>(7)).key("o").object().end();
  CHECK(
      std::move(w).finish() ==
      R"({"s":"q\"\\\n\u0001","i":-1,"u":18446744073709551615,"b":true,"d":1.5,"nan":null,"n":null,"raw":[1],"a":["x",2],"there":7,"o":{}})");
}

TEST_CASE("json: writer always writes UTF-8 and closes what is open") {
  json::Writer w;
  w.object().key("a").array().value("x\xff\xc3y\xed\xa0\x80");
  const std::string text = std::move(w).finish();
  CHECK(text == "{\"a\":[\"x\xEF\xBF\xBD\xEF\xBF\xBDy\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"]}");
  CHECK(json::parse(text));
}
