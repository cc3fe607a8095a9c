#include "matrix/endpoints/receipts.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("receipts") {
  const EventId event("$e");
  const auto plain = encoded(SendReceipt(room, event));
  CHECK(plain.method() == Method::post);
  CHECK(plain.target() == "/_matrix/client/v3/rooms/%21r%3Ahs/receipt/m.read/%24e");
  CHECK(plain.body() == "{}");
  CHECK(plain.idempotent());
  CHECK(encoded(SendReceipt(room, event, ReceiptType::read_private)).path() ==
        "/_matrix/client/v3/rooms/%21r%3Ahs/receipt/m.read.private/%24e");
  CHECK(encoded(SendReceipt(room, event).thread("main")).body() == R"({"thread_id":"main"})");
  CHECK(encoded(SendReceipt(room, event).thread("$root")).body() == R"({"thread_id":"$root"})");
  refuses(SendReceipt(room, event).thread("root"), "thread");
  refuses(SendReceipt(room, EventId("e")), "event_id");
  refuses(SendReceipt(MatrixRoomId(), event), "room_id");
  CHECK(decode<SendReceipt>("{}"));
  CHECK_FALSE(decode<SendReceipt>("[]"));
}
