// The endpoints that only read or name things: versions, whoami, messages, sync, members, directory, profile.
#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/directory.hpp"
#include "matrix/endpoints/members.hpp"
#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/profile.hpp"
#include "matrix/endpoints/sync.hpp"
#include "matrix/endpoints/versions.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"
#include "util/text.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;
using namespace std::chrono_literals;

TEST_CASE("versions") {
  CHECK(encoded(GetVersions()).target() == "/_matrix/client/versions");
  CHECK_FALSE(encoded(GetVersions()).needs_token());
  requires_fields<GetVersions>(R"({"versions":["r0.0.1","v1.1"],"unstable_features":{"org.example.my_feature":true}})",
                               {"versions"});
  const auto answer = decode<GetVersions>(
      R"({"versions":["r0.6.1","v1.9","v1.15","v1.x"],"unstable_features":{"a":true,"b":false,"c":"x"}})");
  CHECK(answer->newest() == "v1.15");
  CHECK(answer->has_version("v1.9"));
  CHECK(answer->has_feature("a"));
  CHECK_FALSE(answer->has_feature("b"));
  CHECK_FALSE(answer->has_feature("c"));
  CHECK(decode<GetVersions>(R"({"versions":["r0.6.1"]})")->newest().empty());
  CHECK(decode<GetVersions>(R"({"versions":["v1.1",5]})").error().subject() == "versions[1]");
}

TEST_CASE("whoami") {
  CHECK(encoded(Whoami()).target() == "/_matrix/client/v3/account/whoami");
  requires_fields<Whoami>(R"({"user_id":"@joe:example.org","device_id":"ABC1234"})", {"user_id"});
  CHECK_FALSE(decode<Whoami>(R"({"user_id":"@a:b"})")->device_id());
  CHECK(decode<Whoami>(R"({"user_id":"@a:b","is_guest":true})")->is_guest());
}

TEST_CASE("messages") {
  const auto request = encoded(GetMessages(MatrixRoomId("!r"))
                                   .from(PageToken("t&1"))
                                   .to(PageToken("s2"))
                                   .limit(5)
                                   .filter(R"({"types":["m.x"]})"));
  CHECK(request.target() ==
        "/_matrix/client/v3/rooms/%21r/"
        "messages?dir=b&limit=5&from=t%261&to=s2&filter=%7B%22types%22%3A%5B%22m.x%22%5D%7D");
  CHECK(encoded(GetMessages(MatrixRoomId("!r")).forwards(true)).query() == "dir=f&limit=100");
  CHECK(request.idempotent());
  refuses(GetMessages(MatrixRoomId("!r")).limit(0), "limit");
  refuses(GetMessages(MatrixRoomId("!r")).limit(1001), "limit");
  refuses(GetMessages(MatrixRoomId("!r")).filter("x"), "filter");
  refuses(GetMessages(MatrixRoomId("")), "room_id");
  requires_fields<GetMessages>(R"({"start":"s","end":"e","chunk":[]})", {"chunk"});
  CHECK(decode<GetMessages>(R"({"chunk":[],"end":"e"})")->end()->str() == "e");  // an empty page is not the end
  CHECK_FALSE(decode<GetMessages>(R"({"chunk":[]})")->end());
  CHECK_FALSE(decode<GetMessages>(R"({"chunk":[],"end":null})")->end());
  CHECK(decode<GetMessages>(R"({"chunk":[],"start":"s"})")->start()->str() == "s");
  CHECK_FALSE(decode<GetMessages>(R"({"chunk":[],"start":5})")->start());
  const auto page = decode<GetMessages>(
      R"({"chunk":[{"event_id":"$1","type":"t","sender":"@a:b","origin_server_ts":1,"content":{}},{"event_id":5}]})");
  CHECK(page->events().size() == 1);
  CHECK(page->unreadable() == 1);
}

TEST_CASE("sync: the request") {
  const auto request = encoded(
      SyncRequest().since(PageToken("s1")).timeout(30s).filter(SyncFilter().timeline_limit(7).ephemeral(false)));
  CHECK(request.path() == "/_matrix/client/v3/sync");
  CHECK(request.query().find("timeout=30000&filter=") == 0);
  CHECK(request.query().ends_with("&since=s1&set_presence=offline"));
  CHECK(request.long_poll() == 30s);
  CHECK(request.max_answer() == SyncRequest::max_answer_bytes);
  CHECK(
      SyncFilter().timeline_limit(7).ephemeral(false).json() ==
      R"({"presence":{"types":[]},"account_data":{"types":[]},"room":{"account_data":{"types":[]},"ephemeral":{"types":[]},"state":{"lazy_load_members":true,"include_redundant_members":true},"timeline":{"limit":7}}})");
  CHECK(SyncFilter::position_only("w1").json().find(
            R"("state":{"types":[]},"timeline":{"limit":1,"not_senders":["@w1:position.invalid"]})") !=
        std::string::npos);
  // Of each filter, the one that nearly all have and any other, its own text goes out.
  for (const SyncFilter& filter : {SyncFilter(), SyncFilter().ephemeral(false), SyncFilter::position_only("w1")}) {
    const auto asked = encoded(SyncRequest().since(PageToken("s&1")).filter(filter));
    const std::string query =
        "timeout=0&filter=" + text::percent_encode(filter.json()) + "&since=s%261&set_presence=offline";
    CHECK(asked.query() == query);
    CHECK(asked.target() == "/_matrix/client/v3/sync?" + query);
    CHECK(EndpointRequest(asked).target() == "/_matrix/client/v3/sync?" + query);
  }
  CHECK(encoded(SyncRequest().timeout(-5s)).long_poll() == 0ms);
  CHECK(encoded(SyncRequest().timeout(24h)).long_poll() == 5min);
  CHECK(encoded(SyncRequest().show_online(true)).query().find("since") == std::string::npos);
}

TEST_CASE("sync: the answer, cut into rooms") {
  const auto answer = SyncAnswer::read(R"({"next_batch":"s72595_4483_1934","presence":{"events":[]},"device_lists":{},
    "rooms":{"join":{"!726s6s6q:example.com":{"summary":{},"state":{"events":[{"x":1}]},"timeline":{"events":[{"a":1},{"b":2}],"limited":true,
      "prev_batch":"t34-23535_0_0"},"ephemeral":{"events":[{"type":"m.typing","content":{"user_ids":[]}}]}},"!quiet:e":{}},
      "invite":{"!i:e":{"invite_state":{"events":[{"type":"m.room.name"}]}}},"knock":{"!k":{}},"leave":{"!l:e":{"timeline":{"events":[]}}}}})");
  REQUIRE(answer);
  CHECK(answer->next_batch().str() == "s72595_4483_1934");
  REQUIRE(answer->rooms().size() == 4);
  const RoomPiece& piece = answer->rooms()[0];
  CHECK(piece.part() == RoomPart::joined);
  CHECK(piece.limited());
  CHECK(piece.prev_batch()->str() == "t34-23535_0_0");
  CHECK(piece.events() == 2);
  CHECK(piece.event_text(1) == R"({"b":2})");
  CHECK_FALSE(piece.invite_state().root());
  CHECK(piece.ephemeral().root().size() == 1);
  CHECK_FALSE(answer->rooms()[1].limited());
  CHECK(answer->rooms()[2].part() == RoomPart::invited);
  CHECK(answer->rooms()[2].invite_state().root().size() == 1);
  CHECK(answer->rooms()[3].part() == RoomPart::left);
  // Taken while it arrives, the rooms are not in the answer.
  std::vector<std::string> taken;
  const auto reader = SyncRequest().on_piece([&](RoomPiece each) { taken.push_back(each.room_id().str()); }).reader();
  CHECK(reader->feed(R"({"rooms":{"join":{"!a":{},"!b":)"));
  CHECK(taken == std::vector<std::string>{"!a"});
  CHECK(reader->feed(R"({}}},"next_batch":"s"})"));
  const auto whole = reader->finish();
  REQUIRE(whole);
  CHECK(whole->rooms().empty());
  CHECK(taken.size() == 2);
}

TEST_CASE("members") {
  CHECK(encoded(GetJoinedMembers(MatrixRoomId("!r"))).target() == "/_matrix/client/v3/rooms/%21r/joined_members");
  requires_fields<GetJoinedMembers>(
      R"({"joined":{"@bar:example.com":{"display_name":"Bar","avatar_url":"mxc://x/y"}}})", {"joined"});
  const auto answer =
      decode<GetJoinedMembers>(R"({"joined":{"@a:b":{"display_name":null},"@c:d":{"display_name":"C"}}})");
  CHECK(answer->has(MatrixUserId("@a:b")));
  CHECK_FALSE(answer->has(MatrixUserId("@x:y")));
  CHECK(answer->members()[1].display_name() == "C");
  CHECK(decode<GetJoinedMembers>(R"({"joined":{"@a:b":5}})").error().subject() == "joined.@a:b");
}

TEST_CASE("directory") {
  const RoomAlias alias("#a b:hs");
  const RoomAlias good("#a/b:hs");
  CHECK(encoded(ResolveAlias(good)).target() == "/_matrix/client/v3/directory/room/%23a%2Fb%3Ahs");
  CHECK(encoded(CreateAlias(good, MatrixRoomId("!r"))).body() == R"({"room_id":"!r"})");
  CHECK_FALSE(encoded(CreateAlias(good, MatrixRoomId("!r"))).idempotent());
  CHECK(encoded(DeleteAlias(good)).method() == Method::del);
  refuses(ResolveAlias(alias), "room_alias");
  refuses(CreateAlias(alias, MatrixRoomId("!r")), "room_alias");
  refuses(CreateAlias(good, MatrixRoomId("r")), "room_id");
  refuses(DeleteAlias(alias), "room_alias");
  requires_fields<ResolveAlias>(R"({"room_id":"!abnjk1jdasj98:capuchins.com","servers":["capuchins.com"]})",
                                {"room_id"});
  CHECK(decode<ResolveAlias>(R"({"room_id":"!a","servers":[5]})").error().subject() == "servers[0]");

  const auto list = encoded(GetRoomAliases(MatrixRoomId("!r/s:hs")));
  CHECK(list.method() == Method::get);
  CHECK(list.target() == "/_matrix/client/v3/rooms/%21r%2Fs%3Ahs/aliases");
  CHECK(list.idempotent());
  refuses(GetRoomAliases(MatrixRoomId("r")), "room_id");
  requires_fields<GetRoomAliases>(R"({"aliases":["#somewhere:example.com"],"more":1})", {"aliases"});
  const auto found = decode<GetRoomAliases>(R"({"aliases":["#a:hs","#b:hs"]})");
  CHECK(found->aliases() == std::vector<RoomAlias>{RoomAlias("#a:hs"), RoomAlias("#b:hs")});
  CHECK(decode<GetRoomAliases>(R"({"aliases":["#a:hs",5]})").error().subject() == "aliases[1]");
}

TEST_CASE("profile") {
  CHECK(encoded(GetProfile(MatrixUserId("@a:hs"))).target() == "/_matrix/client/v3/profile/%40a%3Ahs");
  CHECK(decode<GetProfile>(R"({"displayname":"Alice","avatar_url":null})")->display_name() == "Alice");
  CHECK_FALSE(decode<GetProfile>("{}")->avatar_url());
  CHECK_FALSE(decode<GetProfile>(R"({"displayname":5})"));
  const auto put = encoded(SetDisplayName(MatrixUserId("@a:hs"), "A\"B"));
  CHECK(put.target() == "/_matrix/client/v3/profile/%40a%3Ahs/displayname");
  CHECK(put.body() == R"({"displayname":"A\"B"})");
  refuses(SetDisplayName(MatrixUserId("@a:hs"), "\xFF"), "name");
  refuses(GetProfile(MatrixUserId("a")), "user_id");
}

TEST_CASE("members as events") {
  CHECK(encoded(GetMembers(room)).target() == "/_matrix/client/v3/rooms/%21r%3Ahs/members");
  CHECK(encoded(GetMembers(room).at(PageToken("s1")).only(Membership::invite)).query() == "at=s1&membership=invite");
  CHECK(encoded(GetMembers(room).without(Membership::leave)).query() == "not_membership=leave");
  CHECK(membership_name(Membership::join) == "join");
  CHECK(membership_name(Membership::knock) == "knock");
  CHECK(membership_name(Membership::ban) == "ban");
  refuses(GetMembers(MatrixRoomId("r")), "room_id");
  requires_fields<GetMembers>(R"({"chunk":[]})", {"chunk"});
  const auto answer = decode<GetMembers>(
      R"({"chunk":[{"event_id":"$1","type":"m.room.member","sender":"@a:b","state_key":"@a:b","origin_server_ts":1,
          "content":{"membership":"join"}},{"type":"m.room.member"}]})");
  REQUIRE(answer->events().size() == 1);
  CHECK(answer->events()[0].state_key() == "@a:b");
  CHECK(answer->unreadable() == 1);
}
