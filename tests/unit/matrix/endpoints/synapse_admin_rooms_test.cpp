// What a server admin sees of rooms and does with them.
#include "matrix/endpoints/synapse_admin_rooms.hpp"

#include "matrix/endpoints/synapse_admin_room_delete.hpp"
#include "matrix/endpoints/synapse_admin_room_list.hpp"
#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

namespace {
constexpr const char* one_room =
    R"({"room_id":"!r:hs","name":"Music","canonical_alias":"#music:hs","joined_members":31326,
    "joined_local_members":2,"version":"12","creator":"@erika:hs","encryption":"m.megolm.v1.aes-sha2","federatable":true,
    "public":1,"join_rules":"invite","guest_access":null,"history_visibility":"shared","state_events":93534})";
}  // namespace

TEST_CASE("synapse admin: one room") {
  CHECK(encoded(AdminGetRoom(room)).target() == "/_synapse/admin/v1/rooms/%21r%3Ahs");
  CHECK(encoded(AdminGetRoom(room)).expects(Errc::not_found));
  refuses(AdminGetRoom(MatrixRoomId("r")), "room_id");
  requires_fields<AdminGetRoom>(one_room, {"room_id"});
  const auto answer = decode<AdminGetRoom>(one_room);
  CHECK(answer->name() == "Music");
  CHECK(answer->alias()->str() == "#music:hs");
  CHECK(answer->joined_members() == 31326);
  CHECK(answer->joined_local_members() == 2);
  CHECK(answer->version() == "12");
  CHECK(answer->creator()->str() == "@erika:hs");
  CHECK(answer->join_rule() == "invite");
  CHECK(answer->encrypted());
  CHECK(answer->listed());
  const auto half_made = decode<AdminGetRoom>(
      R"({"room_id":"!r","name":null,"joined_members":null,"encryption":null,"public":false,"creator":null})");
  REQUIRE(half_made);
  CHECK_FALSE(half_made->name());
  CHECK_FALSE(half_made->creator());
  CHECK_FALSE(half_made->encrypted());
  CHECK_FALSE(half_made->listed());
  CHECK(half_made->joined_members() == 0);
  CHECK(decode<AdminGetRoom>(R"({"room_id":"!r","public":"yes"})").error().subject() == "public");
}

TEST_CASE("synapse admin: the list of rooms") {
  CHECK(encoded(AdminListRooms()).target() == "/_synapse/admin/v1/rooms?from=0&limit=100");
  CHECK(encoded(AdminListRooms().from(200).limit(7).matching("a&b")).query() == "from=200&limit=7&search_term=a%26b");
  refuses(AdminListRooms().from(-1), "from");
  refuses(AdminListRooms().limit(1001), "limit");
  refuses(AdminListRooms().matching("\xFF"), "matching");
  const std::string whole =
      R"({"rooms":[)" + std::string(one_room) + R"(],"offset":0,"total_rooms":150,"next_batch":100,"prev_batch":5})";
  requires_fields<AdminListRooms>(whole, {"rooms", "total_rooms"});
  const auto answer = decode<AdminListRooms>(whole);
  REQUIRE(answer->rooms().size() == 1);
  CHECK(answer->rooms()[0].room_id() == room);
  CHECK(answer->total() == 150);
  CHECK(answer->next() == 100);
  CHECK_FALSE(decode<AdminListRooms>(R"({"rooms":[],"total_rooms":0})")->next());
  CHECK(decode<AdminListRooms>(R"({"rooms":[5],"total_rooms":1})").error().subject() == "rooms[0]");
}

TEST_CASE("synapse admin: who and what is in a room") {
  CHECK(encoded(AdminGetRoomMembers(room)).target() == "/_synapse/admin/v1/rooms/%21r%3Ahs/members");
  CHECK(encoded(AdminGetRoomState(room)).target() == "/_synapse/admin/v1/rooms/%21r%3Ahs/state");
  refuses(AdminGetRoomMembers(MatrixRoomId()), "room_id");
  refuses(AdminGetRoomState(MatrixRoomId()), "room_id");
  requires_fields<AdminGetRoomMembers>(R"({"members":["@foo:matrix.org","@bar:matrix.org"],"total":2})", {"members"});
  CHECK(decode<AdminGetRoomMembers>(R"({"members":["@a:hs","@b:hs"]})")->members()[1].str() == "@b:hs");
  CHECK(decode<AdminGetRoomMembers>(R"({"members":[null]})").error().subject() == "members[0]");
  requires_fields<AdminGetRoomState>(R"({"state":[]})", {"state"});
  const auto state = decode<AdminGetRoomState>(
      R"({"state":[{"event_id":"$1","type":"m.room.name","state_key":"","sender":"@a:b","origin_server_ts":1,"content":{}},{}]})");
  CHECK(state->events().size() == 1);
  CHECK(state->unreadable() == 1);
}

TEST_CASE("synapse admin: giving a room an admin") {
  const auto request = encoded(AdminMakeRoomAdmin(room, MatrixUserId("@ana:hs")));
  CHECK(request.method() == Method::post);
  CHECK(request.target() == "/_synapse/admin/v1/rooms/%21r%3Ahs/make_room_admin");
  CHECK(request.body() == R"({"user_id":"@ana:hs"})");
  CHECK(request.idempotent());
  refuses(AdminMakeRoomAdmin(MatrixRoomId(), MatrixUserId("@ana:hs")), "room_id");
  refuses(AdminMakeRoomAdmin(room, MatrixUserId("ana")), "user_id");
  CHECK(decode<AdminMakeRoomAdmin>("{}"));
}

TEST_CASE("synapse admin: deleting a room") {
  const auto request = encoded(AdminDeleteRoom(room));
  CHECK(request.method() == Method::del);
  CHECK(request.target() == "/_synapse/admin/v2/rooms/%21r%3Ahs");
  CHECK(request.body() == R"({"block":false,"purge":true})");
  CHECK_FALSE(request.idempotent());
  CHECK(encoded(AdminDeleteRoom(room).block(true).purge(false)).body() == R"({"block":true,"purge":false})");
  refuses(AdminDeleteRoom(MatrixRoomId("r")), "room_id");
  requires_fields<AdminDeleteRoom>(R"({"delete_id":"VuWwJuKJ"})", {"delete_id"});
  CHECK(decode<AdminDeleteRoom>(R"({"delete_id":"VuWwJuKJ"})")->delete_id() == "VuWwJuKJ");
}

TEST_CASE("synapse admin: how far a deletion is") {
  CHECK(encoded(AdminGetRoomDeletion("a/b")).target() == "/_synapse/admin/v2/rooms/delete_status/a%2Fb");
  CHECK(encoded(AdminGetRoomDeletion("a")).expects(Errc::not_found));
  refuses(AdminGetRoomDeletion(""), "delete_id");
  refuses(AdminGetRoomDeletion("\xFF"), "delete_id");
  const auto state = [](std::string_view text) {
    return decode<AdminGetRoomDeletion>(R"({"status":")" + std::string(text) + "\"}")->state();
  };
  CHECK(state("scheduled") == DeletionState::scheduled);
  CHECK(state("active") == DeletionState::active);
  CHECK(state("purging") == DeletionState::active);
  CHECK(state("complete") == DeletionState::complete);
  CHECK(state("failed") == DeletionState::failed);
  CHECK(state("paused") == DeletionState::other);
  constexpr const char* whole = R"({"status":"failed","error":"x","delete_id":"d","room_id":"!r",
      "shutdown_room":{"kicked_users":["@foobar:hs"],"failed_to_kick_users":["@ana:hs"],"local_aliases":[],"new_room_id":null}})";
  requires_fields<AdminGetRoomDeletion>(whole, {"status"});
  const auto answer = decode<AdminGetRoomDeletion>(whole);
  CHECK(answer->ended());
  REQUIRE(answer->not_removed().size() == 1);
  CHECK(answer->not_removed()[0].str() == "@ana:hs");
  CHECK_FALSE(decode<AdminGetRoomDeletion>(R"({"status":"active","shutdown_room":null})")->ended());
  CHECK(decode<AdminGetRoomDeletion>(R"({"status":"active","shutdown_room":{"failed_to_kick_users":[5]}})")
            .error()
            .subject() == "shutdown_room.failed_to_kick_users[0]");
  CHECK(decode<AdminGetRoomDeletion>(R"({"status":"active","shutdown_room":5})").error().subject() == "shutdown_room");
}
