#include "matrix/endpoints/relations.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("relations: the request grows with what is known") {
  const EventId event("$e");
  CHECK(encoded(GetRelations(room, event)).target() ==
        "/_matrix/client/v1/rooms/%21r%3Ahs/relations/%24e?dir=b&limit=100");
  CHECK(encoded(GetRelations(room, event).rel_type("m.annotation")).path() ==
        "/_matrix/client/v1/rooms/%21r%3Ahs/relations/%24e/m.annotation");
  CHECK(encoded(GetRelations(room, event)
                    .rel_type("m.annotation")
                    .event_type("m.reaction")
                    .forwards(true)
                    .limit(7)
                    .from(PageToken("f"))
                    .to(PageToken("t"))
                    .recurse(true))
            .target() ==
        "/_matrix/client/v1/rooms/%21r%3Ahs/relations/%24e/m.annotation/"
        "m.reaction?dir=f&limit=7&from=f&to=t&recurse=true");
  refuses(GetRelations(room, event).event_type("m.reaction"), "rel_type");
  refuses(GetRelations(room, event).rel_type("a\nb"), "rel_type");
  refuses(GetRelations(room, event).rel_type("m.thread").event_type("a\nb"), "event_type");
  refuses(GetRelations(room, event).limit(0), "limit");
  refuses(GetRelations(room, EventId()), "event_id");
  refuses(GetRelations(MatrixRoomId("r"), event), "room_id");
}

TEST_CASE("relations: the answer") {
  requires_fields<GetRelations>(R"({"chunk":[],"next_batch":"page2_token","prev_batch":"page1_token"})", {"chunk"});
  const auto page = decode<GetRelations>(
      R"({"chunk":[{"event_id":"$1","type":"m.reaction","sender":"@a:b","origin_server_ts":1,"content":{}},7],"next_batch":"n"})");
  CHECK(page->events().size() == 1);
  CHECK(page->unreadable() == 1);
  CHECK(page->next()->str() == "n");
  CHECK_FALSE(decode<GetRelations>(R"({"chunk":[]})")->next());
  CHECK_FALSE(decode<GetRelations>(R"({"chunk":[],"next_batch":5})"));
}
