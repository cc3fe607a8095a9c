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

TEST_CASE("membership: ban, unban, forget, joined rooms") {
  const MatrixUserId ben("@ben:hs");
  const auto ban = encoded(BanUser(room, ben).reason("spam"));
  CHECK(ban.method() == Method::post);
  CHECK(ban.target() == "/_matrix/client/v3/rooms/%21r%3Ahs/ban");
  CHECK(ban.body() == R"({"user_id":"@ben:hs","reason":"spam"})");
  CHECK_FALSE(ban.idempotent());
  const auto unban = encoded(UnbanUser(room, ben).reason("enough"));
  CHECK(unban.target() == "/_matrix/client/v3/rooms/%21r%3Ahs/unban");
  CHECK(unban.body() == R"({"user_id":"@ben:hs","reason":"enough"})");
  CHECK(unban.expects(Errc::forbidden));
  CHECK(unban.expects(Errc::conflict));
  const auto forget = encoded(ForgetRoom(room));
  CHECK(forget.target() == "/_matrix/client/v3/rooms/%21r%3Ahs/forget");
  CHECK(forget.body() == "{}");
  CHECK(forget.idempotent());
  refuses(BanUser(room, MatrixUserId("ben")), "user_id");
  refuses(UnbanUser(MatrixRoomId(), ben), "room_id");
  refuses(ForgetRoom(MatrixRoomId("r")), "room_id");
  CHECK(decode<BanUser>("{}"));
  CHECK_FALSE(decode<UnbanUser>("[]"));
  CHECK(decode<ForgetRoom>("{}"));
  CHECK(encoded(GetJoinedRooms()).target() == "/_matrix/client/v3/joined_rooms");
  requires_fields<GetJoinedRooms>(R"({"joined_rooms":["!foo:example.com"]})", {"joined_rooms"});
  CHECK(decode<GetJoinedRooms>(R"({"joined_rooms":["!a","!b"]})")->rooms()[1].str() == "!b");
  CHECK(decode<GetJoinedRooms>(R"({"joined_rooms":["!a",5]})").error().subject() == "joined_rooms[1]");
}
