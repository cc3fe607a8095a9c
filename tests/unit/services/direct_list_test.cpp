#include "services/direct_list.hpp"

#include <doctest/doctest.h>

#include <string>

#include "matrix/endpoints/account_data.hpp"
#include "unit/services/in_room.hpp"

using namespace confab;
using namespace confab::test;

namespace {

struct Direct : Services {
  ProviderRoomRequest request() { return ProviderRoomRequest("pair", ana).direct_with(ben); }
  // The rooms with `other` that `user` keeps as direct ones.
  std::string list(const MatrixUserId& user, const MatrixUserId& other) {
    std::string listed;
    const TestJson kept = hs.account_data(user.str(), "m.direct");
    for (const TestJson& room : kept[other.str()].as_array()) {
      listed += room.as_string() + " ";
    }
    return listed;
  }
  TestJson state_of(const MatrixRoomId& room, std::string_view type) {
    TestJson content;
    for (const auto& event : hs.events(room.str())) {
      if (event["type"].as_string() == type) content = event["content"];
    }
    return content;
  }
  MatrixUserId ana = add("ana");
  MatrixUserId ben = add("ben");
};

}  // namespace

TEST_CASE("RoomService: a direct room is of two equals, whom nobody joins and nobody silences") {
  for (const char* version : {"12", "11"}) {
    CAPTURE(version);
    Direct at;
    const MatrixRoomId room = at.ensure_room(at.request()).wait().value();
    CHECK(at.hs.membership(room.str(), at.ana.str()) == "invite");
    CHECK(at.hs.membership(room.str(), at.ben.str()) == "invite");
    const TestJson levels = at.state_of(room, "m.room.power_levels");
    CHECK(levels["users"][at.ana.str()].as_integer() == 50);
    CHECK(levels["users"][at.ben.str()].as_integer() == 50);
    CHECK(levels["invite"].as_integer() == 100);
    CHECK(levels["redact"].as_integer() == 100);
    CHECK(at.state_of(room, "m.room.join_rules")["join_rule"].as_string() == "invite");
    CHECK(at.state_of(room, "io.element.functional_members")["service_members"].as_array().size() == 1);
    // Invited when it was made, so that joining is one request each.
    at.hs.forget_requests();
    REQUIRE(at.join(room, at.ana).wait());
    REQUIRE(at.join(room, at.ben).wait());
    CHECK(at.hs.count("POST", "/_matrix/client/v3/**") == 2);
  }
}

TEST_CASE("list_as_direct: both users' clients show the room as a direct one, beside what they showed before") {
  Direct at;
  REQUIRE(test::run<matrix::Done>(at.runtime, [&](net::CallContext context) {
    matrix::PutAccountData put(at.ana, "m.direct", R"({"@ben:hs.test":["!old"],"@eve:hs.test":["!eve"],"odd":7})");
    return at.tokens->call(at.ana, std::move(put), std::move(context));
  }));
  const MatrixRoomId room = at.ensure_room(at.request()).wait().value();
  CHECK(at.list(at.ana, at.ben) == "!old " + room.str() + " ");
  CHECK(at.list(at.ana, MatrixUserId("@eve:hs.test")) == "!eve ");
  CHECK(at.hs.account_data(at.ana.str(), "m.direct")["odd"].as_integer() == 7);
  CHECK(at.list(at.ben, at.ana) == room.str() + " ");
  // Found again it is not listed again.
  CHECK(at.ensure_room(at.request()).wait().value() == room);
  CHECK(at.list(at.ben, at.ana) == room.str() + " ");
}

TEST_CASE("list_as_direct: a list that cannot be read or written keeps nobody from talking") {
  Direct at;
  at.hs.fail_next(1, "GET", "/_matrix/client/v3/user/*/account_data/*", Answer::error(403, "M_FORBIDDEN"));
  at.hs.fail_next(1, "PUT", "/_matrix/client/v3/user/*/account_data/*", Answer::error(403, "M_FORBIDDEN"));
  CHECK(at.ensure_room(at.request()).wait());
  CHECK(at.hs.account_data(at.ana.str(), "m.direct").is_null());
}
