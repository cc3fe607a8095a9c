#include "matrix/endpoints/public_rooms.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("public rooms: the requests") {
  CHECK(encoded(GetPublicRooms()).target() == "/_matrix/client/v3/publicRooms?limit=100");
  CHECK(encoded(GetPublicRooms().limit(3).since(PageToken("p1")).server("b:8448")).query() ==
        "limit=3&since=p1&server=b%3A8448");
  const auto search = encoded(SearchPublicRooms("foo").limit(10).since(PageToken("p1")).server("b"));
  CHECK(search.method() == Method::post);
  CHECK(search.target() == "/_matrix/client/v3/publicRooms?server=b");
  CHECK(search.body() == R"({"limit":10,"since":"p1","filter":{"generic_search_term":"foo"}})");
  CHECK(search.idempotent());
  refuses(GetPublicRooms().limit(0), "limit");
  refuses(GetPublicRooms().server("no/server"), "server_name");
  refuses(SearchPublicRooms("x").limit(1001), "limit");
  refuses(SearchPublicRooms("\xFF"), "term");
  CHECK(encoded(ListRoom(MatrixRoomId("!r"), true)).target() == "/_matrix/client/v3/directory/list/room/%21r");
  CHECK(encoded(ListRoom(MatrixRoomId("!r"), true)).body() == R"({"visibility":"public"})");
  CHECK(encoded(ListRoom(MatrixRoomId("!r"), false)).body() == R"({"visibility":"private"})");
  refuses(ListRoom(MatrixRoomId("r"), false), "room_id");
  CHECK(decode<ListRoom>("{}"));
}

TEST_CASE("public rooms: the answer, with what cannot be read counted") {
  requires_fields<GetPublicRooms>(R"({"chunk":[],"next_batch":"p190q","total_room_count_estimate":115})", {"chunk"});
  const auto answer = decode<SearchPublicRooms>(
      R"({"chunk":[{"avatar_url":"mxc://a/b","guest_can_join":false,"name":"CHEESE","num_joined_members":37,
      "room_id":"!ol19s:bleecker.street","topic":"Tasty","world_readable":true,"join_rule":"knock","canonical_alias":"#c:hs"},
      {"room_id":"!b","num_joined_members":0,"world_readable":false},{"room_id":5}],"next_batch":"p190q"})");
  REQUIRE(answer);
  REQUIRE(answer->rooms().size() == 2);
  const PublicRoom& cheese = answer->rooms()[0];
  CHECK(cheese.room_id().str() == "!ol19s:bleecker.street");
  CHECK(cheese.alias()->str() == "#c:hs");
  CHECK(cheese.name() == "CHEESE");
  CHECK(cheese.topic() == "Tasty");
  CHECK(cheese.joined_members() == 37);
  CHECK(cheese.world_readable());
  CHECK(cheese.join_rule() == "knock");
  CHECK(answer->rooms()[1].join_rule() == "public");
  CHECK_FALSE(answer->rooms()[1].name());
  CHECK(answer->unreadable() == 1);
  CHECK(answer->next()->str() == "p190q");
  CHECK_FALSE(decode<GetPublicRooms>(R"({"chunk":[]})")->next());
}
