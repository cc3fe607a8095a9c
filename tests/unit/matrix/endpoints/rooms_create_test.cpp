#include "matrix/endpoints/rooms_create.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("create room: all that can be said") {
  const auto request = encoded(CreateRoom(RoomPreset::public_chat)
                                   .name("Launch")
                                   .topic("t")
                                   .alias_localpart("events_launch")
                                   .listed(true)
                                   .direct(true)
                                   .invite(MatrixUserId("@ben:hs"))
                                   .room_version("11")
                                   .creation_content(R"({ "m.federate": false })")
                                   .power_levels(R"({"events_default":50})")
                                   .initial_state("org.x.marker", "", R"({"slug":"launch"})"));
  CHECK(request.target() == "/_matrix/client/v3/createRoom");
  CHECK_FALSE(request.idempotent());
  CHECK(request.expects(Errc::conflict));
  CHECK(
      request.body() ==
      R"({"preset":"public_chat","visibility":"public","name":"Launch","topic":"t","room_alias_name":"events_launch","room_version":"11","is_direct":true,"invite":["@ben:hs"],"creation_content":{"m.federate":false},"power_level_content_override":{"events_default":50},"initial_state":[{"type":"org.x.marker","state_key":"","content":{"slug":"launch"}}]})");
  CHECK(encoded(CreateRoom()).body() == R"({"preset":"private_chat","visibility":"private"})");
  CHECK(encoded(CreateRoom(RoomPreset::trusted_private_chat)).body().find("trusted_private_chat") != std::string::npos);
}

TEST_CASE("create room: bad arguments") {
  refuses(CreateRoom().alias_localpart("a b"), "alias_localpart");
  refuses(CreateRoom().alias_localpart("a:b"), "alias_localpart");
  refuses(CreateRoom().alias_localpart(std::string(300, 'a')), "alias_localpart");
  refuses(CreateRoom().name("\xFF"), "name");
  refuses(CreateRoom().invite(MatrixUserId("ben")), "user_id");
  refuses(CreateRoom().power_levels("x"), "power_levels");
  refuses(CreateRoom().creation_content("[]"), "creation_content");
  refuses(CreateRoom().initial_state("", "", "{}"), "event_type");
  refuses(CreateRoom().initial_state("m.x", "", ""), "initial_state");
}

TEST_CASE("create room: the answer") {
  requires_fields<CreateRoom>(R"({"room_id":"!sefiuhWgwghwWgh:example.com"})", {"room_id"});
  CHECK(decode<CreateRoom>(R"({"room_id":"!opaque"})")->room_id().str() == "!opaque");
}
