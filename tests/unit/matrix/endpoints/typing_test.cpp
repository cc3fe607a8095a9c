#include "matrix/endpoints/typing.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;
using namespace std::chrono_literals;

TEST_CASE("typing: on ends by itself, off says no more") {
  const auto on = encoded(SetTyping(room, ana, 30s));
  CHECK(on.method() == Method::put);
  CHECK(on.target() == "/_matrix/client/v3/rooms/%21r%3Ahs/typing/%40ana%3Ahs");
  CHECK(on.body() == R"({"typing":true,"timeout":30000})");
  CHECK(on.idempotent());
  CHECK(encoded(SetTyping(room, ana)).body() == R"({"typing":false})");
  CHECK(encoded(SetTyping(room, ana, 2min)).body() == R"({"typing":true,"timeout":120000})");
  refuses(SetTyping(room, ana, 0ms), "lasting");
  refuses(SetTyping(room, ana, 120'001ms), "lasting");
  refuses(SetTyping(MatrixRoomId("r"), ana), "room_id");
  refuses(SetTyping(room, MatrixUserId("ana")), "user_id");
  CHECK(decode<SetTyping>("{}"));
  CHECK_FALSE(decode<SetTyping>("null"));
}
