#include "matrix/endpoints/room_event.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

namespace {
const EventId event("$e");

std::string event_text(std::string_view id) {
  return R"({"event_id":")" + std::string(id) +
         R"(","type":"m.room.message","sender":"@a:b","origin_server_ts":1432735824653,"content":{"body":"x"},"room_id":"!r:hs"})";
}
}  // namespace

TEST_CASE("one event") {
  CHECK(encoded(GetEvent(room, event)).target() == "/_matrix/client/v3/rooms/%21r%3Ahs/event/%24e");
  CHECK(encoded(GetEvent(room, event)).expects(Errc::not_found));
  refuses(GetEvent(MatrixRoomId(), event), "room_id");
  refuses(GetEvent(room, EventId("e")), "event_id");
  requires_fields<GetEvent>(event_text("$1"), {"event_id", "type", "sender", "origin_server_ts", "content"});
  CHECK(decode<GetEvent>(event_text("$1"))->room_id() == room);
}

TEST_CASE("context: the request") {
  const auto request = encoded(GetContext(room, event).limit(4).filter(R"({ "types": ["m.room.message"] })"));
  CHECK(
      request.target() ==
      "/_matrix/client/v3/rooms/%21r%3Ahs/context/%24e?limit=4&filter=%7B%22types%22%3A%5B%22m.room.message%22%5D%7D");
  refuses(GetContext(room, event).limit(0), "limit");
  refuses(GetContext(room, event).limit(1001), "limit");
  refuses(GetContext(room, event).filter("[]"), "filter");
  refuses(GetContext(room, EventId("$")), "event_id");
}

TEST_CASE("context: the answer, with what cannot be read counted") {
  requires_fields<GetContext>(R"({"event":)" + event_text("$1") + "}", {"event"});
  const auto answer = decode<GetContext>(R"({"start":"s","end":"e","event":)" + event_text("$3") +
                                         R"(,"events_before":[)" + event_text("$2") + "," + event_text("$1") +
                                         R"(],"events_after":[5],"state":[)" + event_text("$0") + "]}");
  REQUIRE(answer);
  CHECK(answer->event()->id().str() == "$3");
  REQUIRE(answer->before().size() == 2);
  CHECK(answer->before()[0].id().str() == "$2");
  CHECK(answer->after().empty());
  CHECK(answer->state().size() == 1);
  CHECK(answer->unreadable() == 1);
  CHECK(answer->start()->str() == "s");
  CHECK(answer->end()->str() == "e");
  const auto bare = decode<GetContext>(R"({"event":{"event_id":5},"start":""})");
  REQUIRE(bare);
  CHECK_FALSE(bare->event());
  CHECK(bare->unreadable() == 1);
  CHECK_FALSE(bare->start());
  CHECK_FALSE(bare->end());
  CHECK(decode<GetContext>(R"({"event":{},"events_after":{}})").error().subject() == "events_after");
}
