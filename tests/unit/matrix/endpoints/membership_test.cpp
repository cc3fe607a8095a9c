#include "matrix/endpoints/membership.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("membership: joining by id or alias") {
  const auto by_id = encoded(JoinRoom(MatrixRoomId("!opaque")).via("hs.test").via("b:8448"));
  CHECK(by_id.target() == "/_matrix/client/v3/join/%21opaque?via=hs.test&via=b%3A8448");
  CHECK(by_id.body() == "{}");
  CHECK(by_id.idempotent());
  CHECK(encoded(JoinRoom(RoomAlias("#a:hs"))).path() == "/_matrix/client/v3/join/%23a%3Ahs");
  refuses(JoinRoom(MatrixRoomId("nonsense")), "room_id");
  refuses(JoinRoom(RoomAlias("nonsense")), "room_alias");
  refuses(JoinRoom(MatrixRoomId("!a")).via("no/server"), "server_name");
  requires_fields<JoinRoom>(R"({"room_id":"!d41d8cd:matrix.org"})", {"room_id"});
}

TEST_CASE("membership: invite, leave, kick") {
  const MatrixRoomId room("!r:hs");
  const MatrixUserId ben("@ben:hs");
  const auto invite = encoded(InviteUser(room, ben).reason("come"));
  CHECK(invite.path() == "/_matrix/client/v3/rooms/%21r%3Ahs/invite");
  CHECK(invite.body() == R"({"user_id":"@ben:hs","reason":"come"})");
  CHECK(invite.idempotent());
  const auto leave = encoded(LeaveRoom(room));
  CHECK(leave.path() == "/_matrix/client/v3/rooms/%21r%3Ahs/leave");
  CHECK(leave.body() == "{}");
  const auto kick = encoded(KickUser(room, ben));
  CHECK(kick.path() == "/_matrix/client/v3/rooms/%21r%3Ahs/kick");
  CHECK_FALSE(kick.idempotent());
  CHECK(kick.expects(Errc::forbidden));
  refuses(InviteUser(room, MatrixUserId("ben")), "user_id");
  refuses(KickUser(MatrixRoomId(), ben), "room_id");
  refuses(LeaveRoom(MatrixRoomId("r")), "room_id");
  CHECK(decode<InviteUser>("{}"));
  CHECK(decode<LeaveRoom>("{}"));
  CHECK_FALSE(decode<KickUser>("5"));
}
