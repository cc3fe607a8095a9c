#include "services/room_service.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "matrix/endpoints/rooms_create.hpp"
#include "matrix/endpoints/send.hpp"
#include "unit/services/in_room.hpp"

using namespace std::chrono_literals;
using namespace confab;
using namespace confab::test;

namespace {

constexpr const char* alias = "#room:hs.test";

// The content of a state event of the room.
TestJson state_of(const FakeMatrix& hs, const std::string& room, std::string_view type) {
  TestJson content;
  for (const auto& event : hs.events(room)) {
    if (event["type"].as_string() == type && event.contains("state_key")) content = event["content"];
  }
  return content;
}

// Makes a room as a crash of the homeserver leaves it: the alias stands, the marker is missing.
std::string half_made_room(Services& at) {
  const auto made = run<matrix::CreateRoomAnswer>(at.runtime, [&at](net::CallContext context) {
    matrix::CreateRoom create(matrix::RoomPreset::private_chat);
    create.alias_localpart("room");
    return at.admin->call(std::move(create), std::move(context));
  });
  return made.value().room_id().str();
}

}  // namespace

TEST_CASE("RoomService: a room is made once and found again") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  const auto request = ProviderRoomRequest("room", ana).name("The Room").topic("Talk");
  const MatrixRoomId room = at.ensure_room(request).wait().value();
  CHECK(at.ensure_room(request).wait().value() == room);
  CHECK(at.hs.count("POST", create_path) == 1);
  CHECK(at.hs.room_of_alias(alias) == room.str());
  CHECK(state_of(at.hs, room.str(), services::RoomService::marker_type)["alias"].as_string() == "room");
  const auto name_of = [&at](const MatrixRoomId& which) {
    return run<std::string>(at.runtime, [&](net::CallContext context) {
      return services::RoomService::room_alias(at.rooms, which, std::move(context));
    });
  };
  CHECK(name_of(room).value() == "room");
  CHECK(name_of(MatrixRoomId("!none:hs.test")).error().code() == Errc::not_found);
  CHECK(state_of(at.hs, room.str(), "m.room.name")["name"].as_string() == "The Room");
  CHECK(state_of(at.hs, room.str(), "m.room.guest_access")["guest_access"].as_string() == "forbidden");
  CHECK(state_of(at.hs, room.str(), "m.room.join_rules")["join_rule"].as_string() == "invite");
  CHECK(state_of(at.hs, room.str(), "m.room.encryption").is_null());
}

TEST_CASE("RoomService: who may do what, where creators stand above levels and where they do not") {
  for (const char* version : {"12", "11", "6"}) {
    CAPTURE(version);
    Services at(1, FakeMatrix::MatrixOptions().room_version(version));
    const MatrixUserId ana = at.add("ana");
    const MatrixRoomId room = at.ensure_room(ProviderRoomRequest("room", ana)).wait().value();
    const TestJson users = state_of(at.hs, room.str(), "m.room.power_levels")["users"];
    CHECK(users["@ana:hs.test"].as_integer() == 50);
    CHECK(users.contains("@admin:hs.test") == (std::string(version) != "12"));
    if (std::string(version) != "12") CHECK(users["@admin:hs.test"].as_integer() == 100);
  }
}

TEST_CASE("RoomService: the default room version is asked for once") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  for (int i = 0; i < 3; ++i) REQUIRE(at.ensure_room(ProviderRoomRequest("room" + std::to_string(i), ana)).wait());
  CHECK(at.hs.count("GET", "/_matrix/client/v3/capabilities") == 1);
}

TEST_CASE("RoomService: twenty callers at once cause one createRoom and get one room") {
  for (const unsigned loops : {1U, 2U}) {
    CAPTURE(loops);
    Services at(loops);
    const MatrixUserId ana = at.add("ana");
    Together<MatrixRoomId> calls;
    for (int i = 0; i < 20; ++i)
      calls.start(at.ensure_room(ProviderRoomRequest("room", ana), CallOptions(), std::to_string(i)));
    const auto rooms = calls.all();
    REQUIRE(rooms.size() == 20);
    for (const auto& room : rooms) CHECK(room.value() == rooms.front().value());
    CHECK(at.hs.count("POST", create_path) == 1);
    CHECK(at.hs.room_ids().size() == 1);
  }
}

TEST_CASE("RoomService: two processes that race get one room") {
  // Two RoomServices share nothing but the homeserver.
  Services at(2);
  const MatrixUserId ana = at.add("ana");
  const auto other = std::make_shared<services::RoomService>(at.tokens, at.hs.server_name());
  for (int round = 0; round < 5; ++round) {
    const std::string name = "room" + std::to_string(round);
    Together<MatrixRoomId> calls;
    calls.start(at.ensure_room(ProviderRoomRequest(name, ana), CallOptions(), "a"));
    calls.start(
        at.runtime,
        [&, name](net::CallContext context) {
          return services::RoomService::ensure_room(other, ProviderRoomRequest(name, ana), std::move(context));
        },
        CallOptions(), "b");
    const auto rooms = calls.all();
    REQUIRE(rooms.size() == 2);
    CHECK(rooms[0].value() == rooms[1].value());
  }
  CHECK(at.hs.room_ids().size() == 5);
}

TEST_CASE("RoomService: the loser of a race ends in the winner's room") {
  const std::vector<Answer> refusals = {Answer::error(409, "M_UNKNOWN"), Answer::error(400, "M_ROOM_IN_USE")};
  for (const Answer& refusal : refusals) {
    CAPTURE(refusal.parts().status);
    Services at;
    const MatrixUserId ana = at.add("ana");
    // The winner's room is made while the loser is refused, and cannot be read for a moment.
    at.hs.on("POST", create_path).then([&](const Request&) { return refusal; }).times(1).then(Answer::real());
    const auto winner = std::make_shared<services::RoomService>(at.tokens, at.hs.server_name());
    Together<MatrixRoomId> loser;
    loser.start(at.ensure_room(ProviderRoomRequest("room", ana)));
    REQUIRE(at.hs.wait_for(1, "POST", create_path, 5s));
    const MatrixRoomId won =
        run<MatrixRoomId>(at.runtime, [&](net::CallContext context) {
          return services::RoomService::ensure_room(winner, ProviderRoomRequest("room", ana), std::move(context));
        }).value();
    CHECK(loser.all().at(0).value() == won);
    CHECK(at.hs.room_ids().size() == 1);
  }
}

TEST_CASE("RoomService: a winner's room that cannot be read for a moment is not dead") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  const MatrixRoomId room = at.ensure_room(ProviderRoomRequest("room", ana)).wait().value();
  at.hs.fail_next(2, "GET", state_path, Answer::error(403, "M_FORBIDDEN"));
  at.hs.fail_next(1, "GET", state_path, Answer::error(404, "M_NOT_FOUND"));
  CHECK(at.ensure_room(ProviderRoomRequest("room", ana)).wait().value() == room);
  CHECK(at.hs.count("DELETE", alias_path) == 0);
}

TEST_CASE("RoomService: a createRoom whose answer was lost made the room") {
  const std::vector<Answer> losses = {Answer::real().close_before_answer(), Answer::real().cut_after(4),
                                      Answer::real().status_line("HTTP/1.1 502 Bad Gateway"), html(503)};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    CAPTURE(i);
    Services at;
    const MatrixUserId ana = at.add("ana");
    at.hs.fail_next(1, "POST", create_path, losses[i]);
    const Result<MatrixRoomId> room = at.ensure_room(ProviderRoomRequest("room", ana)).wait();
    REQUIRE(room);
    CHECK(at.hs.room_ids().size() == 1);
    CHECK(at.hs.room_of_alias(alias) == room->str());
  }
}

TEST_CASE("RoomService: an alias on a room that never became one is taken back after a patience, and not before") {
  struct Case {
    const char* name;
    Answer answer;
  };
  const std::vector<Case> cases = {{"no marker", Answer::real()},
                                   {"not readable", Answer::error(403, "M_FORBIDDEN")},
                                   {"unknown", Answer::error(404, "M_UNKNOWN")}};
  for (const Case& each : cases) {
    CAPTURE(each.name);
    Services at;
    const MatrixUserId ana = at.add("ana");
    const std::string dead = half_made_room(at);
    at.hs.on("GET", "/_matrix/client/v3/rooms/" + dead + "/state/**", each.answer);
    const auto begun = net::Clock::now();
    const Result<MatrixRoomId> room = at.ensure_room(ProviderRoomRequest("room", ana)).wait();
    REQUIRE(room);
    CHECK(room->str() != dead);
    CHECK(at.hs.room_of_alias(alias) == room->str());
    CHECK(at.hs.count("DELETE", alias_path) == 1);
    CHECK(at.hs.count("POST", create_path) == 2);
    CHECK(net::Clock::now() - begun >= 2s);
  }
}

TEST_CASE("RoomService: twenty callers at a dead room make one new one") {
  Services at(2);
  const MatrixUserId ana = at.add("ana");
  (void)half_made_room(at);
  Together<MatrixRoomId> calls;
  for (int i = 0; i < 20; ++i)
    calls.start(at.ensure_room(ProviderRoomRequest("room", ana), CallOptions(), std::to_string(i)));
  const auto rooms = calls.all();
  REQUIRE(rooms.size() == 20);
  for (const auto& room : rooms) CHECK(room.value() == rooms.front().value());
  CHECK(at.hs.room_ids().size() == 2);
  CHECK(at.hs.count("DELETE", alias_path) == 1);
}

TEST_CASE("RoomService: an alias that is taken and unknown at once ends as a conflict, not with the last createRoom") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  at.hs.on("POST", create_path, Answer::error(400, "M_ROOM_IN_USE"));
  CHECK(at.ensure_room(ProviderRoomRequest("room", ana)).wait().error().code() == Errc::conflict);
  CHECK(at.hs.count("POST", create_path) <= 3);
}

TEST_CASE("RoomService: what repeating cannot mend is not repeated") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  at.hs.on("POST", create_path, Answer::error(403, "M_EXCLUSIVE"));
  CHECK(at.ensure_room(ProviderRoomRequest("room", ana)).wait().error().code() == Errc::forbidden);
  CHECK(at.hs.count("POST", create_path) == 1);
  CHECK(at.ensure_room(ProviderRoomRequest("with space", ana)).wait().error().code() == Errc::invalid_argument);
}

TEST_CASE("RoomService: who gives up leaves the making alone") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  at.hs.fail_next(1, "POST", create_path, Answer::real().hold());
  Together<MatrixRoomId> calls;
  const Operation first = calls.start(at.ensure_room(ProviderRoomRequest("room", ana)));
  REQUIRE(at.hs.wait_for(1, "POST", create_path, 5s));
  calls.start(at.ensure_room(ProviderRoomRequest("room", ana), CallOptions(), "other"));
  first.cancel();
  REQUIRE(calls.wait_for(1));
  at.hs.release();
  const auto rooms = calls.all();
  CHECK(rooms.at(0).error().code() == Errc::cancelled);
  CHECK(rooms.at(1).value().str() == at.hs.room_of_alias(alias));
  CHECK(at.hs.room_ids().size() == 1);
}

TEST_CASE("RoomService: a room that was not made is not found") {
  Services at;
  const auto found = run<MatrixRoomId>(at.runtime, [&at](net::CallContext context) {
    return services::RoomService::find_room(at.rooms, "room", std::move(context));
  });
  CHECK(found.error().code() == Errc::not_found);
  CHECK(found.error().subject() == "room");
}

TEST_CASE("RoomService: a room that was only begun is not found, and found when it was made") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  const auto found = [&at] {
    return run<MatrixRoomId>(at.runtime, [&at](net::CallContext context) {
      return services::RoomService::find_room(at.rooms, "room", std::move(context));
    });
  };
  const std::string begun = half_made_room(at);
  CHECK(found().error().code() == Errc::not_found);
  const MatrixRoomId room = at.ensure_room(ProviderRoomRequest("room", ana)).wait().value();
  CHECK(room.str() != begun);
  CHECK(found().value() == room);
  // While the admin is locked out nobody can tell, and the alias is believed.
  at.hs.fail_next(1, "GET", state_path, Answer::error(503, "M_UNKNOWN"));
  CHECK(found().value() == room);
}

TEST_CASE("RoomService: joining a private room, a public one, and one that one is in") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  const MatrixUserId ben = at.add("ben");
  const MatrixRoomId closed = at.ensure_room(ProviderRoomRequest("closed", ana)).wait().value();
  const MatrixRoomId open = at.ensure_room(ProviderRoomRequest("open", ana).make_public(true)).wait().value();
  for (const MatrixRoomId& room : {closed, open}) {
    REQUIRE(at.join(room, ben).wait());
    CHECK(at.hs.membership(room.str(), ben.str()) == "join");
    const std::size_t before = at.hs.count();
    REQUIRE(at.join(room, ben).wait());
    CHECK(at.hs.count() == before + 1);
  }
}

TEST_CASE("RoomService: many joins of one user at once all succeed") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  const MatrixRoomId room = at.ensure_room(ProviderRoomRequest("room", ana)).wait().value();
  Together<void> calls;
  for (int i = 0; i < 10; ++i) calls.start(at.join(room, ana));
  for (const auto& joined : calls.all()) CHECK(joined.has_value());
  CHECK(calls.ended() == 10);
}

TEST_CASE("RoomService: a ban is told by the state of the room, whatever the refusals are called") {
  const std::vector<Answer> refusals = {Answer::error(403, "M_FORBIDDEN"), Answer::error(403, "M_BAD_STATE"),
                                        Answer::real()};
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    CAPTURE(i);
    InRoom at;
    const auto banned = run<matrix::EventIdAnswer>(at.runtime, [&at](net::CallContext context) {
      return at.admin->call(matrix::PutState(at.room, "m.room.member", at.ben.str(), R"({"membership":"ban"})"),
                            std::move(context));
    });
    REQUIRE(banned);
    at.hs.on("POST", "/_matrix/client/v3/rooms/*/join", refusals[i]);
    at.hs.on("POST", "/_matrix/client/v3/join/*", refusals[i]);
    at.hs.on("POST", "/_matrix/client/v3/rooms/*/invite", refusals[i]);
    const Error error = at.join(at.room, at.ben).wait().error();
    CHECK(error.code() == Errc::forbidden);
    CHECK(error.subject() == "user");
    CHECK(at.hs.membership(at.room.str(), at.ben.str()) == "ban");
  }
}

TEST_CASE("RoomService: no such room, no such account") {
  InRoom at;
  CHECK_FALSE(at.join(MatrixRoomId("!nowhere:hs.test"), at.ana).wait().has_value());
  const Error nobody = at.join(at.room, MatrixUserId("@nobody:hs.test")).wait().error();
  CHECK(nobody.code() == Errc::not_found);
  CHECK(nobody.subject() == "user");
}

TEST_CASE("RoomService: a join whose answer was lost is a join") {
  InRoom at;
  const MatrixUserId cat = at.add("cat");
  at.hs.fail_next(1, "POST", "/_matrix/client/v3/rooms/*/invite", Answer::real().close_before_answer());
  at.hs.kill_all_tokens();
  CHECK(at.join(at.room, cat).wait().has_value());
  CHECK(at.hs.membership(at.room.str(), cat.str()) == "join");
}
