#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "matrix/endpoints/membership.hpp"
#include "services/room_service.hpp"
#include "unit/services/in_room.hpp"

using namespace confab;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::InRoom;

namespace {

constexpr const char* kick_path = "/_matrix/client/v3/rooms/*/kick";

struct Members : InRoom {
  using InRoom::InRoom;
  Pending<void> remove(const MatrixRoomId& from, const MatrixUserId& user) {
    return net::describe<void>(runtime.core(), user.str(), CallOptions(),
                               [rooms = rooms, from, user](net::CallContext context) {
                                 return services::RoomService::remove(rooms, from, user, std::move(context));
                               });
  }
  Result<std::vector<Member>> members(const MatrixRoomId& of) {
    return test::run<std::vector<Member>>(runtime, [rooms = rooms, of](net::CallContext context) {
      return services::RoomService::members(rooms, of, std::move(context));
    });
  }
  [[nodiscard]] std::string membership(const MatrixUserId& user) const { return hs.membership(room.str(), user.str()); }
};

}  // namespace

TEST_CASE("RoomService: a member is put out, and so is who was only invited") {
  Members at;
  REQUIRE(at.remove(at.room, at.ben).wait());
  CHECK(at.membership(at.ben) == "leave");
  CHECK(at.hs.count("*", "/_matrix/client/v3/rooms/**") == 1);
  const MatrixUserId eve = at.add("eve");
  REQUIRE(test::run<matrix::Done>(at.runtime, [&](net::CallContext context) {
    return at.admin->call(matrix::InviteUser(at.room, eve), std::move(context));
  }));
  REQUIRE(at.remove(at.room, eve).wait());
  CHECK(at.membership(eve) == "leave");
}

TEST_CASE("RoomService: who is not in, never was, or is banned has nothing to be put out of") {
  Members at;
  const MatrixUserId eve = at.add("eve");
  REQUIRE(at.remove(at.room, at.ben).wait());
  CHECK(at.remove(at.room, at.ben).wait());
  CHECK(at.remove(at.room, eve).wait());
  REQUIRE(test::run<matrix::Done>(at.runtime, [&](net::CallContext context) {
    return at.admin->call(matrix::BanUser(at.room, eve), std::move(context));
  }));
  CHECK(at.remove(at.room, eve).wait());
  CHECK(at.membership(eve) == "ban");
}

TEST_CASE("RoomService: a removal whose answer was lost is looked up, never repeated blindly") {
  Members at;
  at.hs.fail_next(1, "POST", kick_path, Answer::real().close_before_answer());
  REQUIRE(at.remove(at.room, at.ben).wait());
  CHECK(at.membership(at.ben) == "leave");
  CHECK(at.hs.count("POST", kick_path) == 1);
  // And one that never arrived is not taken for done.
  REQUIRE(at.join(at.room, at.ben).wait());
  at.hs.fail_next(1, "POST", kick_path, Answer().close_before_answer());
  const auto lost = at.remove(at.room, at.ben).wait();
  REQUIRE_FALSE(lost.has_value());
  CHECK(lost.error().code() == Errc::outcome_unknown);
  CHECK(at.membership(at.ben) == "join");
}

TEST_CASE("RoomService: a removal that is not allowed, or from no room, says so") {
  Members at(1, FakeMatrix::MatrixOptions().room_version("11"));
  at.hs.fail_next(1, "POST", kick_path, Answer::error(403, "M_FORBIDDEN"));
  CHECK(at.remove(at.room, at.ben).wait().error().code() == Errc::forbidden);
  CHECK(at.membership(at.ben) == "join");
  CHECK(at.remove(MatrixRoomId("!nowhere:hs.test"), at.ben).wait().error().code() == Errc::forbidden);
  at.hs.fail_next(1, "POST", kick_path, Answer(429, R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":5})"));
  CHECK(at.remove(at.room, at.ben).wait());
}

TEST_CASE("RoomService: members are told without the library's own account and without those who left") {
  for (const char* version : {"12", "11"}) {
    CAPTURE(version);
    Members at(1, FakeMatrix::MatrixOptions().room_version(version));
    const MatrixUserId eve = at.add("eve");
    REQUIRE(test::run<matrix::Done>(at.runtime, [&](net::CallContext context) {
      return at.admin->call(matrix::InviteUser(at.room, eve), std::move(context));
    }));
    auto members = at.members(at.room);
    REQUIRE(members.has_value());
    REQUIRE(members->size() == 3);
    CHECK(members->at(0).user_id() == at.ana);
    CHECK(members->at(0).power_level() == 50);
    CHECK(members->at(0).membership() == "join");
    CHECK(members->at(1).user_id() == at.ben);
    CHECK(members->at(1).power_level() == 0);
    CHECK(members->at(2).user_id() == eve);
    CHECK(members->at(2).membership() == "invite");
    REQUIRE(at.remove(at.room, at.ben).wait());
    CHECK(at.members(at.room)->size() == 2);
  }
  Members at;
  CHECK(at.members(MatrixRoomId("!nowhere")).error().code() == Errc::forbidden);
}

TEST_CASE("RoomService: joining a room that is gone is told from not being invited") {
  for (const char* version : {"12", "11"}) {
    CAPTURE(version);
    Members at(1, FakeMatrix::MatrixOptions().room_version(version));
    at.hs.delete_room(at.room.str());
    const auto joined = at.join(at.room, at.ana).wait();
    REQUIRE_FALSE(joined.has_value());
    CHECK(joined.error().code() == Errc::not_found);
  }
}
