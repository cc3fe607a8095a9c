#include "matrix/endpoints/read_markers.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("read markers") {
  const auto all =
      encoded(SetReadMarkers(room).fully_read(EventId("$1")).read(EventId("$2")).read_private(EventId("$3")));
  CHECK(all.method() == Method::post);
  CHECK(all.target() == "/_matrix/client/v3/rooms/%21r%3Ahs/read_markers");
  CHECK(all.body() == R"({"m.fully_read":"$1","m.read":"$2","m.read.private":"$3"})");
  CHECK(all.idempotent());
  CHECK(encoded(SetReadMarkers(room).read(EventId("$2"))).body() == R"({"m.read":"$2"})");
  refuses(SetReadMarkers(room), "event_id");
  refuses(SetReadMarkers(room).fully_read(EventId("1")), "event_id");
  refuses(SetReadMarkers(room).read(EventId("2")), "event_id");
  refuses(SetReadMarkers(room).read_private(EventId("3")), "event_id");
  refuses(SetReadMarkers(MatrixRoomId("r")).read(EventId("$2")), "room_id");
  CHECK(decode<SetReadMarkers>("{}"));
  CHECK_FALSE(decode<SetReadMarkers>("5"));
}
