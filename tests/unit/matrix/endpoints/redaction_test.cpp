#include "matrix/endpoints/redaction.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("redaction") {
  const EventId event("$e/1");
  const auto request = encoded(RedactEvent(room, event, TransactionId("t/1")).reason("spam"));
  CHECK(request.method() == Method::put);
  CHECK(request.target() == "/_matrix/client/v3/rooms/%21r%3Ahs/redact/%24e%2F1/t%2F1");
  CHECK(request.body() == R"({"reason":"spam"})");
  CHECK(request.idempotent());
  CHECK(encoded(RedactEvent(room, event, TransactionId("t"))).body() == "{}");
  refuses(RedactEvent(MatrixRoomId("r"), event, TransactionId("t")), "room_id");
  refuses(RedactEvent(room, EventId("e"), TransactionId("t")), "event_id");
  refuses(RedactEvent(room, event, TransactionId()), "transaction_id");
  refuses(RedactEvent(room, event, TransactionId("t")).reason("\xFF"), "reason");
  requires_fields<RedactEvent>(R"({"event_id":"$YUwQidLecu:example.com"})", {"event_id"});
}
