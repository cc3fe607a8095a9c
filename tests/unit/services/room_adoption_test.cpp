// Rooms of ours that the library's account cannot read, and rooms that only look like ours.
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "matrix/endpoints/directory.hpp"
#include "matrix/endpoints/membership.hpp"
#include "matrix/endpoints/rooms_create.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "store/memory_store.hpp"
#include "unit/services/in_room.hpp"

using namespace std::chrono_literals;
using namespace confab;
using namespace confab::test;
using services::RoomService;

namespace {

constexpr const char* admin_state_path = "/_synapse/admin/v1/rooms/*/state";

// Takes every question and answers none.
class SilentStore final : public Store {
 public:
  void get(std::string, StoreHandler<std::optional<StoreRecord>>) override {}
  void list(std::string, std::string, std::size_t, StoreHandler<StorePage>) override {}
  void transact(std::vector<StoreWrite>, Durability, StoreHandler<std::vector<StoreVersion>>) override {}
  void now(StoreHandler<StoreTime>) override {}
};

struct Rooms : Services {
  template <class Endpoint>
  void as(const MatrixUserId& user, Endpoint endpoint) {
    using Answer = typename Endpoint::Answer;
    REQUIRE(run<Answer>(runtime, [this, user, endpoint](net::CallContext context) {
              return user == admin->user() ? admin->call(endpoint, std::move(context))
                                           : tokens->call(user, endpoint, std::move(context));
            }).has_value());
  }
  Result<MatrixRoomId> ensure(const std::shared_ptr<RoomService>& by, const ProviderRoomRequest& request) {
    return run<MatrixRoomId>(runtime, [by, request](net::CallContext context) {
      return RoomService::ensure_room(by, request, std::move(context));
    });
  }
  // The rooms of a deployment whose configuration names another admin.
  std::shared_ptr<RoomService> under(const std::string& localpart) {
    const MatrixUserId user(hs.add_user(localpart, localpart + "-password"));
    as(admin->user(), matrix::AdminPutUser(user).admin(true));
    const auto password = std::make_shared<credentials::AdminPassword>(Secret(localpart + "-password"));
    others = std::make_shared<credentials::AdminSession>(client, user, password, token_store);
    return std::make_shared<RoomService>(std::make_shared<credentials::UserTokens>(others, token_store),
                                         hs.server_name());
  }
  [[nodiscard]] TestJson state_of(const MatrixRoomId& room, std::string_view type, std::string_view key) const {
    TestJson content;
    for (const auto& event : hs.events(room.str())) {
      if (event["type"].as_string() == type && event["state_key"].as_string() == key) content = event["content"];
    }
    return content;
  }
  [[nodiscard]] std::string membership(const MatrixRoomId& room, const MatrixUserId& user) const {
    return state_of(room, "m.room.member", user.str())["membership"].as_string();
  }
  // As anybody can who has an account on the homeserver.
  void imitate(const MatrixUserId& by, const std::string& alias) {
    matrix::CreateRoom create(matrix::RoomPreset::private_chat);
    create.alias_localpart(alias);
    create.initial_state(RoomService::marker_type, by.str(), R"({"alias":")" + alias + R"(","version":1})");
    as(by, std::move(create));
  }

  std::shared_ptr<credentials::AdminSession> others;
  MatrixUserId ana = add("ana");
};

}  // namespace

TEST_CASE_FIXTURE(Rooms, "RoomService: a room that another admin of the server made is taken up") {
  const auto request = ProviderRoomRequest("room", ana);
  const MatrixRoomId room = ensure_room(request).wait().value();
  const std::shared_ptr<RoomService> later = under("boss");
  CHECK(ensure(later, request).value() == room);
  CHECK(hs.count("DELETE", alias_path) == 0);
  CHECK(hs.room_ids().size() == 1);
  CHECK(membership(room, others->user()) == "join");
  CHECK(state_of(room, "m.room.power_levels", "")["users"][others->user().str()].as_integer() == 100);
  CHECK(state_of(room, RoomService::marker_type, others->user().str())["alias"].as_string() == "room");
  // From then on by one look, as its own.
  hs.forget_requests();
  CHECK(ensure(later, request).value() == room);
  CHECK(hs.count("GET", admin_state_path) == 0);
  CHECK(hs.count() == 2);
}

TEST_CASE_FIXTURE(Rooms, "RoomService: a marker that somebody adds, or a former admin's, does not hide a good one") {
  const MatrixUserId zoe = add("zoe");
  const MatrixUserId aaron = add("aaron");
  const auto request = ProviderRoomRequest("room", zoe);
  const MatrixRoomId room = ensure_room(request).wait().value();
  for (const MatrixUserId& user : {zoe, aaron}) REQUIRE(join(room, user).wait().has_value());
  // The creator may send state, and so says that the room is of another name, before and behind the good marker.
  as(zoe, matrix::PutState(room, RoomService::marker_type, zoe.str(), R"({"alias":"room","version":1})"));
  const std::shared_ptr<RoomService> second = under("boss");
  CHECK(ensure(second, request).value() == room);
  as(admin->user(), matrix::AdminPutUser(others->user()).admin(false));
  const std::shared_ptr<RoomService> third = under("chief");
  CHECK(ensure(third, request).value() == room);
  CHECK(hs.count("DELETE", alias_path) == 0);
  CHECK(hs.room_ids().size() == 1);
}

TEST_CASE_FIXTURE(
    Rooms, "RoomService: whoever asks the account back in keeps their password, and no token of theirs is kept") {
  hs.set_password(ana.str(), "ana's own");
  tokens->use_devices("");
  const auto request = ProviderRoomRequest("room", ana);
  const MatrixRoomId room = ensure_room(request).wait().value();
  as(admin->user(), matrix::InviteUser(room, ana));
  const std::string phone = hs.token_for(ana.str());
  REQUIRE(run<matrix::JoinRoomAnswer>(runtime, [&](net::CallContext context) {
            return client->call(matrix::JoinRoom(room), Secret(phone), ana.str(), std::move(context));
          }).has_value());
  as(admin->user(), matrix::LeaveRoom(room));
  hs.forget_requests();
  CHECK(ensure_room(request).wait().value() == room);
  CHECK(membership(room, admin->user()) == "join");
  CHECK(hs.count("PUT", "/_synapse/admin/v2/users/*") == 0);
  CHECK(hs.count("POST", login_as_path) == 1);
}

TEST_CASE_FIXTURE(Rooms, "RoomService: a room that the library's account has left is ours, and it comes back") {
  for (const bool is_public : {true, false}) {
    CAPTURE(is_public);
    const auto request = ProviderRoomRequest(is_public ? "open" : "closed", ana).make_public(is_public);
    const MatrixRoomId room = ensure_room(request).wait().value();
    REQUIRE(join(room, ana).wait().has_value());
    as(admin->user(), matrix::LeaveRoom(room));
    CHECK(ensure_room(request).wait().value() == room);
    CHECK(membership(room, admin->user()) == "join");
  }
  CHECK(hs.count("DELETE", alias_path) == 0);
  CHECK(hs.room_ids().size() == 2);
}

TEST_CASE_FIXTURE(Rooms, "RoomService: a room of ours in which nobody can ask the account back stays the room") {
  const auto request = ProviderRoomRequest("room", ana);
  const MatrixRoomId room = ensure_room(request).wait().value();
  as(admin->user(), matrix::LeaveRoom(room));  // nobody is in
  CHECK(ensure_room(request).wait().value() == room);
  CHECK(membership(room, admin->user()) == "leave");
  CHECK(hs.count("DELETE", alias_path) == 0);
  // For a minute that is known: the alias and one look, not the room as a whole.
  hs.forget_requests();
  for (int i = 0; i < 3; ++i) CHECK(ensure_room(request).wait().value() == room);
  CHECK(hs.count("GET", admin_state_path) == 0);
  CHECK(hs.count() == 6);
  // Of this name alone.
  as(ana, matrix::CreateAlias(RoomAlias("#other:hs.test"), room));
  CHECK(ensure_room(ProviderRoomRequest("other", ana)).wait().value() != room);
}

TEST_CASE_FIXTURE(Rooms, "RoomService: a join finds that the library's account is out, and brings it back first") {
  const MatrixUserId ben = add("ben");
  const MatrixRoomId room = ensure_room(ProviderRoomRequest("room", ana)).wait().value();
  REQUIRE(join(room, ana).wait().has_value());
  as(admin->user(), matrix::LeaveRoom(room));
  CHECK(join(room, ben).wait().has_value());
  CHECK(membership(room, ben) == "join");
  CHECK(membership(room, admin->user()) == "join");
  // Another's room stays closed.
  matrix::CreateRoom create(matrix::RoomPreset::private_chat);
  create.alias_localpart("private");
  as(ben, std::move(create));
  const MatrixRoomId bens(hs.room_of_alias("#private:hs.test"));
  hs.forget_requests();
  for (int i = 0; i < 3; ++i) CHECK(join(bens, ana).wait().error().code() == Errc::forbidden);
  CHECK(membership(bens, ana).empty());
  // The whole room is looked at for the first of them.
  CHECK(hs.count("GET", admin_state_path) == 1);
}

TEST_CASE_FIXTURE(Rooms,
                  "RoomService: a homeserver that cannot tell whose room it is has it neither taken up nor lost") {
  const auto request = ProviderRoomRequest("room", ana);
  const MatrixRoomId room = ensure_room(request).wait().value();
  REQUIRE(join(room, ana).wait().has_value());
  as(admin->user(), matrix::LeaveRoom(room));
  SUBCASE("for a while: the caller is told to try again, at once") {
    hs.on("GET", admin_state_path, Answer::error(503, "M_UNKNOWN"));
    const Error error = ensure_room(request).wait().error();
    CHECK(error.retriable());
    hs.clear_scripts();
  }
  SUBCASE("for good: it is told after the patience with a room that is being made") {
    hs.on("GET", admin_state_path, Answer::error(403, "M_FORBIDDEN"));
    CHECK(ensure_room(request).wait().error().code() == Errc::forbidden);
    CHECK(hs.count("GET", admin_state_path) == 2);
    hs.clear_scripts();
  }
  CHECK(hs.count("DELETE", alias_path) == 0);
  CHECK(ensure_room(request).wait().value() == room);
  CHECK(membership(room, admin->user()) == "join");
}

TEST_CASE_FIXTURE(Rooms, "RoomService: a store that answers nothing holds up the making of a room, and no more") {
  const auto silent = std::make_shared<SilentStore>();
  const auto service = std::make_shared<RoomService>(tokens, hs.server_name(), net::RecordStore(silent));
  const auto begun = net::Clock::now();
  CHECK(ensure(service, ProviderRoomRequest("room", ana)).has_value());
  // The lease, its end, and the record.
  CHECK(net::Clock::now() - begun < 10s);
  CHECK(hs.count("POST", create_path) == 1);
}

TEST_CASE_FIXTURE(Rooms,
                  "RoomService: no room that a user put under our alias passes for ours, whatever it is marked with") {
  const MatrixUserId eve = add("eve");
  imitate(eve, "forged");
  // A room of ours, in which eve is, under the name of one that is still to be made.
  const MatrixRoomId theirs = ensure_room(ProviderRoomRequest("shared", ana)).wait().value();
  REQUIRE(join(theirs, eve).wait().has_value());
  as(eve, matrix::CreateAlias(RoomAlias("#secret:hs.test"), theirs));
  const std::string forged = hs.room_of_alias("#forged:hs.test");

  Together<MatrixRoomId> calls;
  calls.start(ensure_room(ProviderRoomRequest("forged", ana)));
  calls.start(ensure_room(ProviderRoomRequest("secret", ana)));
  const auto rooms = calls.all();
  REQUIRE(rooms.size() == 2);
  CHECK(rooms[0].value().str() != forged);
  CHECK(rooms[1].value() != theirs);
  CHECK(membership(rooms[0].value(), eve).empty());
  CHECK(membership(rooms[1].value(), eve).empty());
  CHECK(membership(MatrixRoomId(forged), admin->user()).empty());
}

TEST_CASE_FIXTURE(Rooms, "RoomService: of two processes on one store one makes a room, however long that takes") {
  const std::shared_ptr<Store> store = store::make_memory_store();
  const auto process = [&] { return std::make_shared<RoomService>(tokens, hs.server_name(), net::RecordStore(store)); };
  const std::shared_ptr<RoomService> first = process();
  const std::shared_ptr<RoomService> second = process();
  const auto begin = [&](Together<MatrixRoomId>& calls, const std::shared_ptr<RoomService>& by, const char* alias) {
    const ProviderRoomRequest request(alias, ana);
    calls.start(runtime, [by, request](net::CallContext context) {
      return RoomService::ensure_room(by, request, std::move(context));
    });
  };
  Together<MatrixRoomId> calls;
  SUBCASE("where there is none") {
    hs.fail_next(1, "POST", create_path, Answer::error(502, "M_UNKNOWN").hold());
    begin(calls, first, "room");
    REQUIRE(hs.wait_for(1, "POST", create_path, 5s));
    const std::size_t looks = hs.count("GET", alias_path);
    begin(calls, second, "room");
    REQUIRE(hs.wait_for(looks + 5, "GET", alias_path, 20s));
    CHECK(hs.count("POST", create_path) == 1);
    hs.forget_requests();
    hs.release();
  }
  SUBCASE("where the alias is on a dead one") {
    matrix::CreateRoom create(matrix::RoomPreset::private_chat);
    create.alias_localpart("room");
    as(admin->user(), std::move(create));
    hs.forget_requests();
    begin(calls, first, "room");
    begin(calls, second, "room");
  }
  const auto rooms = calls.all();
  REQUIRE(rooms.size() == 2);
  CHECK(rooms[0].value() == rooms[1].value());
  CHECK(hs.count("POST", create_path) == 1);
  CHECK(hs.count("DELETE", alias_path) <= 1);
}
