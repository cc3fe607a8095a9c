// Rooms: made, joined, left, named, listed; who is in them.
#include <algorithm>

#include "homeserver_calls.hpp"
#include "matrix/endpoints/directory.hpp"
#include "matrix/endpoints/members.hpp"
#include "matrix/endpoints/membership.hpp"
#include "matrix/endpoints/public_rooms.hpp"
#include "matrix/endpoints/rooms_create.hpp"
#include "matrix/endpoints/send.hpp"

using namespace confab;
using namespace confab::matrix;
using confab::test::HomeserverCalls;
using confab::test::User;

namespace {

std::string membership_of(const EventList& members, const MatrixUserId& user) {
  for (const RoomEvent& event : members.events()) {
    if (event.state_key() == user.str()) return std::string(event.content()["membership"].string_or(""));
  }
  return "none";
}

}  // namespace

TEST_CASE("rooms: made with all that can be said of them, once under one alias") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("make_ana");
  const User ben = hs.user("make_ben");
  const auto room = hs.answer(CreateRoom(RoomPreset::private_chat)
                                  .name("Picnic")
                                  .topic("Sunday")
                                  .alias_localpart("make_picnic")
                                  .invite(ben.id())
                                  .power_levels(R"({"users_default":10})")
                                  .creation_content(R"({"org.example.kind":"picnic"})")
                                  .initial_state("org.example.marker", "", R"({"slug":"picnic"})"),
                              ana)
                        .room_id();
  CHECK(hs.answer(GetState(room, "m.room.name"), ana).content()["name"].string_or("") == "Picnic");
  CHECK(hs.answer(GetState(room, "org.example.marker"), ana).content()["slug"].string_or("") == "picnic");
  const auto create = hs.answer(GetState(room, "m.room.create"), ana);
  CHECK(create.content()["org.example.kind"].string_or("") == "picnic");
  hs.refuse(CreateRoom().alias_localpart("make_picnic"), ana, Errc::conflict, "M_ROOM_IN_USE");
  hs.refuse(CreateRoom().room_version("no such version"), ana, Errc::unsupported, "M_UNSUPPORTED_ROOM_VERSION");

  const RoomAlias alias("#make_picnic:" + hs.server_name());
  const RoomAlias second("#make_other:" + hs.server_name());
  CHECK(hs.answer(ResolveAlias(alias), ben).room_id() == room);
  hs.refuse(ResolveAlias(second), ben, Errc::not_found, "M_NOT_FOUND");
  (void)hs.answer(CreateAlias(second, room), ana);
  std::vector<RoomAlias> aliases = hs.answer(GetRoomAliases(room), ana).aliases();
  std::sort(aliases.begin(), aliases.end());
  CHECK(aliases == std::vector<RoomAlias>{second, alias});
  hs.refuse(GetRoomAliases(room), ben, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(CreateAlias(second, room), ana, Errc::conflict, "M_UNKNOWN");
  hs.refuse(DeleteAlias(second), ben, Errc::forbidden, "M_FORBIDDEN");
  (void)hs.answer(DeleteAlias(second), ana);
  hs.refuse(DeleteAlias(second), ana, Errc::not_found, "M_NOT_FOUND");
}

TEST_CASE("rooms: invited, joined, kicked, banned, left and forgotten") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("in_ana");
  const User ben = hs.user("in_ben");
  const User cyd = hs.user("in_cyd");
  const MatrixRoomId room = hs.answer(CreateRoom().name("Inside"), ana).room_id();
  const MatrixRoomId nowhere("!nowhere:" + hs.server_name());

  hs.refuse(JoinRoom(room), ben, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(InviteUser(room, cyd.id()), ben, Errc::forbidden, "M_FORBIDDEN");
  (void)hs.answer(InviteUser(room, ben.id()).reason("the more the merrier"), ana);
  (void)hs.answer(InviteUser(room, ben.id()), ana);
  CHECK(hs.answer(JoinRoom(room).via(hs.server_name()), ben).room_id() == room);
  CHECK(hs.answer(JoinRoom(room), ben).room_id() == room);
  hs.refuse(InviteUser(room, ben.id()), ana, Errc::forbidden, "M_FORBIDDEN");

  CHECK(hs.answer(GetJoinedRooms(), ben).rooms() == std::vector<MatrixRoomId>{room});
  hs.refuse(GetJoinedRooms(), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  const auto joined = hs.answer(GetJoinedMembers(room), ben);
  CHECK(joined.members().size() == 2);
  CHECK(joined.has(ana.id()));
  hs.refuse(GetJoinedMembers(room), cyd, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(GetMembers(room), cyd, Errc::forbidden, "M_FORBIDDEN");

  hs.refuse(ForgetRoom(room), ben, Errc::invalid_argument, "M_UNKNOWN");
  hs.refuse(KickUser(room, ana.id()), ben, Errc::forbidden, "M_FORBIDDEN");
  (void)hs.answer(KickUser(room, ben.id()).reason("for a while"), ana);
  CHECK(membership_of(hs.answer(GetMembers(room), ana), ben.id()) == "leave");
  hs.refuse(BanUser(room, ana.id()), ben, Errc::forbidden, "M_FORBIDDEN");
  (void)hs.answer(BanUser(room, ben.id()).reason("for good"), ana);
  CHECK(membership_of(hs.answer(GetMembers(room).only(Membership::ban), ana), ben.id()) == "ban");
  CHECK(membership_of(hs.answer(GetMembers(room).without(Membership::ban), ana), ben.id()) == "none");
  (void)hs.answer(UnbanUser(room, ben.id()), ana);
  hs.refuse(UnbanUser(room, ben.id()), ana, Errc::conflict, "M_BAD_STATE");

  (void)hs.answer(InviteUser(room, ben.id()), ana);
  (void)hs.answer(JoinRoom(room), ben);
  (void)hs.answer(LeaveRoom(room).reason("late already"), ben);
  hs.refuse(LeaveRoom(room), ben, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(LeaveRoom(nowhere), ben, Errc::not_found, "M_UNKNOWN");
  (void)hs.answer(ForgetRoom(room), ben);
  CHECK(hs.answer(GetJoinedRooms(), ben).rooms().empty());
}

TEST_CASE("rooms: a public one is joined by its alias, listed and found") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("list_ana");
  const User ben = hs.user("list_ben");
  const MatrixRoomId room =
      hs.answer(CreateRoom(RoomPreset::public_chat).name("Haystack needle").alias_localpart("list_public"), ana)
          .room_id();
  CHECK(hs.answer(JoinRoom(RoomAlias("#list_public:" + hs.server_name())), ben).room_id() == room);
  hs.refuse(JoinRoom(RoomAlias("#list_none:" + hs.server_name())), ben, Errc::not_found, "M_NOT_FOUND");

  hs.refuse(ListRoom(room, true), ben, Errc::forbidden, "M_FORBIDDEN");
  (void)hs.answer(ListRoom(room, true), ana);
  const auto has = [&](const PublicRoomsAnswer& answer) {
    return std::any_of(answer.rooms().begin(), answer.rooms().end(), [&](const PublicRoom& each) {
      return each.room_id() == room && each.name() == "Haystack needle" && each.joined_members() == 2 &&
             each.alias() == RoomAlias("#list_public:" + hs.server_name());
    });
  };
  CHECK(has(hs.answer(GetPublicRooms(), ben)));
  CHECK(has(hs.answer(SearchPublicRooms("needle"), ben)));
  CHECK(hs.answer(SearchPublicRooms("no such straw"), ben).rooms().empty());
  hs.refuse(GetPublicRooms(), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  hs.refuse(SearchPublicRooms("x"), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  (void)hs.answer(ListRoom(room, false), ana);
  CHECK_FALSE(has(hs.answer(GetPublicRooms().limit(5), ben)));
}
