#include "matrix/event.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace confab;
using namespace confab::matrix;

namespace {
constexpr std::string_view whole =
    R"({"event_id":"$1","type":"m.room.message","sender":"@a:b","origin_server_ts":1432735824653,
  "content":{"body":"hi","big":1e5},"unsigned":{"age":5,"transaction_id":"t1"},"room_id":"!r:b","org.example.extra":[1]})";

json::Document parsed(std::string_view text) {
  auto document = json::parse(std::string(text));
  REQUIRE(document);
  return *std::move(document);
}
}  // namespace

TEST_CASE("events: the envelope is decoded, the rest kept as written") {
  const auto event = RoomEvent::decode(parsed(whole).root());
  REQUIRE(event);
  CHECK(event->id().str() == "$1");
  CHECK(event->type() == "m.room.message");
  CHECK(event->sender().str() == "@a:b");
  CHECK(event->origin_server_ts() == 1432735824653);
  CHECK_FALSE(event->is_state());
  CHECK(event->room_id()->str() == "!r:b");
  CHECK(event->content().source() == R"({"body":"hi","big":1e5})");
  CHECK(event->transaction_id()->str() == "t1");
  CHECK_FALSE(event->redacted());
  CHECK(event->source()["org.example.extra"].to_json() == "[1]");
}

TEST_CASE("events: each required field is required, with its type") {
  for (const char* key : {"event_id", "type", "sender", "origin_server_ts", "content"}) {
    CAPTURE(key);
    std::string text(whole);
    text.replace(text.find("\"" + std::string(key) + "\""), 2 + std::string(key).size(), "\"x\"");
    const auto event = RoomEvent::decode(parsed(text).root());
    REQUIRE_FALSE(event);
    CHECK(event.error().code() == Errc::protocol);
    CHECK(event.error().subject() == key);
    const auto read = RoomEvent::read(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == Errc::protocol);
    CHECK(read.error().subject() == key);
  }
  CHECK_FALSE(RoomEvent::decode(parsed("[]").root()));
  CHECK_FALSE(RoomEvent::decode({}));
}

TEST_CASE("events: read from text, they are what they are decoded from a document") {
  const auto event = RoomEvent::read(whole);
  REQUIRE(event);
  const RoomEvent copy = *event;
  CHECK(copy.id().str() == "$1");
  CHECK(copy.type() == "m.room.message");
  CHECK(copy.sender().str() == "@a:b");
  CHECK(copy.origin_server_ts() == 1432735824653);
  CHECK_FALSE(copy.is_state());
  CHECK(copy.room_id()->str() == "!r:b");
  CHECK(copy.content().source() == R"({"body":"hi","big":1e5})");
  CHECK(copy.transaction_id()->str() == "t1");
  CHECK_FALSE(copy.redacted());
  CHECK(copy.source()["org.example.extra"].to_json() == "[1]");
  CHECK(copy.bytes() == whole.size());
  CHECK(RoomEvent::decode(parsed(whole).root())->bytes() == whole.size());
  const auto redacted = RoomEvent::read(
      R"({"event_id":"$1","type":"t","sender":"@a:b","origin_server_ts":1,"state_key":"","content":{},"unsigned":{"redacted_because":{}}})");
  REQUIRE(redacted);
  CHECK(redacted->redacted());
  CHECK(redacted->state_key() == "");
  CHECK_FALSE(RoomEvent::read(""));
  CHECK_FALSE(RoomEvent::read("5"));
}

TEST_CASE("events: lists leave out what cannot be read and count it") {
  const auto document = parsed("[" + std::string(whole) + ",{},5,{\"event_id\":\"$2\"}]");
  const EventList list = EventList::decode(document.root());
  CHECK(list.events().size() == 1);
  CHECK(list.unreadable() == 3);
}

TEST_CASE("events: stripped state") {
  const auto event = StrippedEvent::decode(
      parsed(R"({"type":"m.room.name","state_key":"","sender":"@a:b","content":{"name":"x"}})").root());
  REQUIRE(event);
  CHECK(event->content()["name"].string_or("") == "x");
  CHECK_FALSE(StrippedEvent::decode(parsed(R"({"type":"m.room.name","sender":"@a:b","content":{}})").root()));
}

TEST_CASE("events: the size limit is the protocol's") {
  const auto sized = [](std::size_t bytes) {
    return check_event_size(parsed("{\"body\":\"" + std::string(bytes, 'x') + "\"}").root(), 20);
  };
  CHECK(sized(60'000));
  REQUIRE_FALSE(sized(66'000));
  CHECK(sized(66'000).error().code() == Errc::too_large);
  CHECK(check_event_size(parsed("{\"n\":1.5}").root(), 0).error().code() == Errc::invalid_argument);
  // Escapes count as they are sent in canonical form: one byte here, not six.
  std::string escapes;
  for (int i = 0; i < 12'000; ++i) escapes += "\\u0041";
  CHECK(check_event_size(parsed("{\"body\":\"" + escapes + "\"}").root(), 20));
}
