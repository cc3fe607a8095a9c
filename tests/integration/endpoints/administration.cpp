// Synapse's admin API: accounts, devices, limits, rooms.
#include <algorithm>
#include <chrono>

#include "homeserver_calls.hpp"
#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/members.hpp"
#include "matrix/endpoints/membership.hpp"
#include "matrix/endpoints/rooms_create.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/synapse_admin_account.hpp"
#include "matrix/endpoints/synapse_admin_devices.hpp"
#include "matrix/endpoints/synapse_admin_rate_limit.hpp"
#include "matrix/endpoints/synapse_admin_room_delete.hpp"
#include "matrix/endpoints/synapse_admin_room_list.hpp"
#include "matrix/endpoints/synapse_admin_rooms.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"

using namespace confab;
using namespace confab::matrix;
using confab::test::HomeserverCalls;
using confab::test::User;

TEST_CASE("admin: accounts are made, read, listed, and given passwords") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("adm_ana");
  const MatrixUserId nobody = hs.id_of("adm_nobody");
  CHECK_FALSE(hs.answer(AdminServerVersion(), hs.admin()).version().empty());
  hs.refuse_elsewhere(AdminServerVersion(), Errc::unsupported, "M_UNRECOGNIZED");

  const auto read = hs.answer(AdminGetUser(ana.id()), hs.admin());
  CHECK(read.user_id() == ana.id());
  CHECK(read.display_name() == "adm_ana");
  CHECK_FALSE(read.admin());
  hs.refuse(AdminGetUser(nobody), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminGetUser(ana.id()), ana, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(AdminPutUser(nobody), ana, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(AdminPutUser(MatrixUserId("@adm:elsewhere.test")), hs.admin(), Errc::invalid_argument, "M_UNKNOWN");
  const auto list = hs.answer(AdminListUsers().matching("adm_ana").limit(10), hs.admin());
  REQUIRE(list.users().size() == 1);
  CHECK(list.users().front().user_id() == ana.id());
  CHECK(list.total() == 1);
  const auto paged = hs.answer(AdminListUsers().limit(1), hs.admin());
  REQUIRE(paged.next());
  CHECK(hs.answer(AdminListUsers().limit(1).from(*paged.next()), hs.admin()).users().size() == 1);
  hs.refuse(AdminListUsers(), ana, Errc::forbidden, "M_FORBIDDEN");

  (void)hs.answer(AdminResetPassword(ana.id(), Secret("another one")), hs.admin());
  (void)hs.answer(Whoami(), ana);  // the devices stay unless told otherwise
  (void)hs.answer(PasswordLogin(ana.id(), Secret("another one")), Secret());
  hs.refuse(AdminResetPassword(ana.id(), Secret("x")), ana, Errc::forbidden, "M_FORBIDDEN");
}

TEST_CASE("admin: login as a user, locked, suspended, closed") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("adm_state");
  const MatrixUserId nobody = hs.id_of("adm_nobody");
  const auto soon = std::chrono::system_clock::now() + std::chrono::minutes(5);
  const Secret puppet = hs.answer(AdminLoginAs(ana.id(), soon), hs.admin()).access_token();
  CHECK(hs.answer(Whoami(), puppet).user_id() == ana.id());
  CHECK_FALSE(hs.answer(Whoami(), puppet).device_id());
  hs.refuse(AdminLoginAs(nobody, soon), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminLoginAs(ana.id(), soon), ana, Errc::forbidden, "M_FORBIDDEN");

  CHECK(hs.answer(AdminLockUser(ana.id(), true), hs.admin()).locked());
  hs.refuse(Whoami(), ana, Errc::account_locked, "M_USER_LOCKED");
  CHECK_FALSE(hs.answer(AdminLockUser(ana.id(), false), hs.admin()).locked());
  (void)hs.answer(Whoami(), ana);
  hs.refuse(AdminLockUser(ana.id(), true), ana, Errc::forbidden, "M_FORBIDDEN");

  (void)hs.answer(AdminSuspendUser(ana.id(), true), hs.admin());
  CHECK(hs.answer(AdminGetUser(ana.id()), hs.admin()).suspended());
  hs.refuse(CreateRoom(), ana, Errc::account_suspended, "M_USER_SUSPENDED");
  (void)hs.answer(AdminSuspendUser(ana.id(), false), hs.admin());
  (void)hs.answer(CreateRoom(), ana);
  hs.refuse(AdminSuspendUser(nobody, true), hs.admin(), Errc::not_found, "M_NOT_FOUND");

  (void)hs.answer(AdminDeactivate(ana.id()).erase(true), hs.admin());
  (void)hs.answer(AdminDeactivate(ana.id()), hs.admin());
  CHECK(hs.answer(AdminGetUser(ana.id()), hs.admin()).deactivated());
  hs.refuse(Whoami(), ana, Errc::session_expired, "M_UNKNOWN_TOKEN");
  hs.refuse(AdminDeactivate(nobody), hs.admin(), Errc::not_found, "M_NOT_FOUND");
}

TEST_CASE("admin: devices and limits of a user") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("adm_device");
  const MatrixUserId nobody = hs.id_of("adm_nobody");
  (void)hs.answer(AdminCreateDevice(ana.id(), DeviceId("EXTRA")), hs.admin());
  (void)hs.answer(AdminCreateDevice(ana.id(), DeviceId("EXTRA")), hs.admin());
  CHECK(hs.answer(AdminListDevices(ana.id()), hs.admin()).devices().size() == 2);
  (void)hs.answer(AdminDeleteDevices(ana.id(), {DeviceId("EXTRA"), DeviceId("NOWHERE")}), hs.admin());
  CHECK(hs.answer(AdminListDevices(ana.id()), hs.admin()).devices().size() == 1);
  hs.refuse(AdminCreateDevice(nobody, DeviceId("EXTRA")), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminListDevices(nobody), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminDeleteDevices(nobody, {DeviceId("EXTRA")}), hs.admin(), Errc::not_found, "M_NOT_FOUND");

  CHECK_FALSE(hs.answer(AdminGetRateLimit(ana.id()), hs.admin()).overridden());
  CHECK(hs.answer(AdminSetRateLimit(ana.id(), 3, 7), hs.admin()).burst() == 7);
  CHECK(hs.answer(AdminGetRateLimit(ana.id()), hs.admin()).messages_per_second() == 3);
  (void)hs.answer(AdminLiftRateLimit(ana.id()), hs.admin());
  CHECK(hs.answer(AdminGetRateLimit(ana.id()), hs.admin()).lifted());
  (void)hs.answer(AdminDeleteRateLimit(ana.id()), hs.admin());
  CHECK_FALSE(hs.answer(AdminGetRateLimit(ana.id()), hs.admin()).overridden());
  hs.refuse(AdminGetRateLimit(nobody), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminSetRateLimit(nobody, 1, 1), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminLiftRateLimit(nobody), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminDeleteRateLimit(nobody), hs.admin(), Errc::not_found, "M_NOT_FOUND");
}

TEST_CASE("admin: rooms are listed, looked into, joined, taken over and deleted") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("adm_room_ana");
  const User ben = hs.user("adm_room_ben");
  const MatrixRoomId nowhere("!nowhere:" + hs.server_name());
  const MatrixRoomId room =
      hs.answer(CreateRoom().name("adm room").alias_localpart("adm_room").room_version("11"), ana).room_id();

  const auto found = hs.answer(AdminListRooms().matching("adm room").limit(5), hs.admin());
  REQUIRE(found.rooms().size() == 1);
  CHECK(found.rooms().front().room_id() == room);
  const auto seen = hs.answer(AdminGetRoom(room), hs.admin());
  CHECK(seen.name() == "adm room");
  CHECK(seen.alias() == RoomAlias("#adm_room:" + hs.server_name()));
  CHECK(seen.creator() == ana.id());
  CHECK(seen.joined_local_members() == 1);
  CHECK(seen.version() == "11");
  CHECK(seen.join_rule() == "invite");
  CHECK_FALSE(seen.encrypted());
  CHECK(hs.answer(AdminGetRoomMembers(room), hs.admin()).members() == std::vector<MatrixUserId>{ana.id()});
  const auto state = hs.answer(AdminGetRoomState(room), hs.admin());
  CHECK(state.unreadable() == 0);
  CHECK(std::any_of(state.events().begin(), state.events().end(),
                    [](const RoomEvent& event) { return event.type() == "m.room.create"; }));
  hs.refuse(AdminListRooms(), ana, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(AdminGetRoom(nowhere), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminGetRoomMembers(nowhere), hs.admin(), Errc::not_found, "M_NOT_FOUND");
  hs.refuse(AdminGetRoomState(nowhere), hs.admin(), Errc::not_found, "M_NOT_FOUND");

  // Into a private room only where the admin is inside, with the power to invite.
  hs.refuse(AdminJoin(room, ben.id()), hs.admin(), Errc::forbidden, "M_FORBIDDEN");
  (void)hs.answer(AdminMakeRoomAdmin(room, hs.admin().id()), hs.admin());
  (void)hs.answer(JoinRoom(room), hs.admin());
  CHECK(hs.answer(AdminJoin(room, ben.id()), hs.admin()).room_id() == room);
  CHECK(hs.answer(GetJoinedMembers(room), ben).members().size() == 3);
  hs.refuse(AdminMakeRoomAdmin(nowhere, ben.id()), hs.admin(), Errc::invalid_argument, "M_UNKNOWN");

  const std::string deletion = hs.answer(AdminDeleteRoom(room).block(true), hs.admin()).delete_id();
  auto far = hs.answer(AdminGetRoomDeletion(deletion), hs.admin());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!far.ended() && std::chrono::steady_clock::now() < until) {
    far = hs.answer(AdminGetRoomDeletion(deletion), hs.admin());
  }
  CHECK(far.state() == DeletionState::complete);
  CHECK(far.not_removed().empty());
  hs.refuse(JoinRoom(room), ana, Errc::forbidden, "M_UNKNOWN");  // blocked
  hs.refuse(AdminDeleteRoom(room), ana, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(AdminGetRoomDeletion("nonsense"), hs.admin(), Errc::not_found, "M_NOT_FOUND");
}
