// Discovery, sessions, devices, profiles, account data, filters.
#include "homeserver_calls.hpp"
#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/account_data.hpp"
#include "matrix/endpoints/capabilities.hpp"
#include "matrix/endpoints/devices.hpp"
#include "matrix/endpoints/discovery.hpp"
#include "matrix/endpoints/filters.hpp"
#include "matrix/endpoints/login.hpp"
#include "matrix/endpoints/profile.hpp"
#include "matrix/endpoints/registration.hpp"
#include "matrix/endpoints/versions.hpp"

using namespace confab;
using namespace confab::matrix;
using confab::test::HomeserverCalls;
using confab::test::User;

TEST_CASE("discovery: what the homeserver is, and where") {
  HomeserverCalls& hs = HomeserverCalls::get();
  CHECK(hs.answer(GetVersions(), Secret()).has_version("v1.1"));
  CHECK(hs.answer(GetWellKnown(), Secret()).base_url() == hs.url());
  CHECK(hs.answer(GetLoginFlows(), Secret()).has_password());
  CHECK(hs.answer(GetLoginFlows(), Secret()).has("m.login.application_service"));
  hs.refuse_elsewhere(GetVersions(), Errc::unsupported, "M_UNRECOGNIZED");
  hs.refuse_elsewhere(GetWellKnown(), Errc::unsupported, "M_UNRECOGNIZED");
  hs.refuse_elsewhere(GetLoginFlows(), Errc::unsupported, "M_UNRECOGNIZED");
  // Its passwords are its own.
  hs.refuse(GetAuthMetadata(), Secret(), Errc::unsupported, "M_UNRECOGNIZED");
  CHECK_FALSE(hs.answer(GetCapabilities(), hs.admin()).default_room_version().empty());
  hs.refuse(GetCapabilities(), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
}

TEST_CASE("sessions: login, whoami, refresh, logout") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("session_ana");
  CHECK(ana.id() == hs.id_of("session_ana"));
  CHECK(ana.device().str() == "HOME");
  hs.refuse(PasswordLogin(ana.id(), Secret("wrong")), Secret(), Errc::forbidden, "M_FORBIDDEN");

  const auto self = hs.answer(Whoami(), ana);
  CHECK(self.user_id() == ana.id());
  CHECK(self.device_id() == ana.device());
  CHECK_FALSE(self.is_guest());
  hs.refuse(Whoami(), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  hs.refuse(Whoami(), Secret(), Errc::session_expired, "M_MISSING_TOKEN");

  const auto short_lived = hs.answer(PasswordLogin(ana.id(), ana.password()).with_refresh_token(true), Secret());
  REQUIRE(short_lived.refresh_token());
  CHECK(short_lived.expires_in() > std::chrono::milliseconds(0));
  const auto renewed = hs.answer(RefreshToken(*short_lived.refresh_token()), Secret());
  CHECK(hs.answer(Whoami(), renewed.access_token()).device_id() == short_lived.device_id());
  CHECK(renewed.refresh_token());
  hs.refuse(RefreshToken(HomeserverCalls::dead()), Secret(), Errc::session_expired, "M_UNKNOWN_TOKEN");

  const auto signed_in = hs.answer(JwtLogin(hs.jwt()).device_id(DeviceId("SIGNED")).with_refresh_token(true), Secret());
  CHECK(signed_in.user_id() == ana.id());
  CHECK(signed_in.device_id() == DeviceId("SIGNED"));
  CHECK(signed_in.refresh_token());
  hs.refuse(JwtLogin(HomeserverCalls::dead()), Secret(), Errc::forbidden, "M_FORBIDDEN");

  (void)hs.answer(Logout(), renewed.access_token());
  hs.refuse(Logout(), renewed.access_token(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  (void)hs.answer(Whoami(), ana);
  (void)hs.answer(LogoutAll(), ana);
  hs.refuse(LogoutAll(), ana, Errc::session_expired, "M_UNKNOWN_TOKEN");
}

TEST_CASE("registration of an application service's user") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const auto plain = hs.answer(RegisterAppserviceUser("bridge_ana"), hs.appservice());
  CHECK(plain.user_id() == hs.id_of("bridge_ana"));
  CHECK_FALSE(plain.session());
  const auto logged_in =
      hs.answer(RegisterAppserviceUser("bridge_ben").log_in(DeviceId("BRIDGE"), true), hs.appservice());
  REQUIRE(logged_in.session());
  CHECK(logged_in.session()->device_id().str() == "BRIDGE");
  CHECK(logged_in.session()->refresh_token());
  CHECK(hs.answer(Whoami(), logged_in.session()->access_token()).user_id() == hs.id_of("bridge_ben"));
  hs.refuse(RegisterAppserviceUser("bridge_ana"), hs.appservice(), Errc::conflict, "M_USER_IN_USE");
  hs.refuse(RegisterAppserviceUser("somebody"), hs.appservice(), Errc::forbidden, "M_EXCLUSIVE");
  hs.refuse(RegisterAppserviceUser("bridge_cyd"), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
}

TEST_CASE("devices: listed, named, deleted with a password") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("device_ana");
  const User second = hs.again(ana);
  const User third = hs.again(ana);
  const DeviceId none("NOWHERE");
  CHECK(hs.answer(GetDevices(), ana).devices().size() == 3);
  hs.refuse(GetDevices(), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");

  (void)hs.answer(PutDevice(second.device()).display_name("Küche"), ana);
  CHECK(hs.answer(GetDevice(second.device()), ana).display_name() == "Küche");
  hs.refuse(GetDevice(none), ana, Errc::not_found, "M_NOT_FOUND");
  hs.refuse(PutDevice(none).display_name("x"), ana, Errc::not_found, "M_NOT_FOUND");

  // A token alone is not enough: the question has no errcode, and does not mean that the token is dead.
  hs.refuse(DeleteDevice(second.device()), ana, Errc::forbidden, "");
  (void)hs.answer(DeleteDevice(second.device()).proof(PasswordProof(ana.id(), ana.password())), ana);
  hs.refuse(Whoami(), second, Errc::session_expired, "M_UNKNOWN_TOKEN");
  hs.refuse(DeleteDevices({third.device(), none}), ana, Errc::forbidden, "");
  (void)hs.answer(DeleteDevices({third.device(), none}).proof(PasswordProof(ana.id(), ana.password())), ana);
  CHECK(hs.answer(GetDevices(), ana).devices().size() == 1);
}

TEST_CASE("profile: names and fields") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("profile_ana");
  const MatrixUserId nobody = hs.id_of("profile_nobody");
  (void)hs.answer(SetDisplayName(ana.id(), "Ana ✨"), ana);
  CHECK(hs.answer(GetProfile(ana.id()), ana).display_name() == "Ana ✨");
  CHECK_FALSE(hs.answer(GetProfile(ana.id()), ana).avatar_url());
  hs.refuse(GetProfile(nobody), ana, Errc::not_found, "M_UNKNOWN");
  hs.refuse(SetDisplayName(hs.admin().id(), "x"), ana, Errc::forbidden, "M_FORBIDDEN");

  (void)hs.answer(SetProfileField(ana.id(), "m.tz", R"("Europe/Berlin")"), ana);
  const auto zone = hs.answer(GetProfileField(ana.id(), "m.tz"), ana);
  CHECK(zone.object()["m.tz"].string_or("") == "Europe/Berlin");
  (void)hs.answer(DeleteProfileField(ana.id(), "m.tz"), ana);
  hs.refuse(GetProfileField(ana.id(), "m.tz"), ana, Errc::not_found, "M_NOT_FOUND");
  hs.refuse(SetProfileField(hs.admin().id(), "m.tz", R"("Europe/Berlin")"), ana, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(DeleteProfileField(hs.admin().id(), "m.tz"), ana, Errc::forbidden, "M_FORBIDDEN");
}

TEST_CASE("account data and filters: one's own alone") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("data_ana");
  (void)hs.answer(PutAccountData(ana.id(), "org.example.seen", R"({"page":3})"), ana);
  CHECK(hs.answer(GetAccountData(ana.id(), "org.example.seen"), ana).object()["page"].integer().value_or(0) == 3);
  hs.refuse(GetAccountData(ana.id(), "org.example.other"), ana, Errc::not_found, "M_NOT_FOUND");
  hs.refuse(PutAccountData(hs.admin().id(), "org.example.seen", "{}"), ana, Errc::forbidden, "M_FORBIDDEN");

  const auto filter = hs.answer(UploadFilter(ana.id(), R"({"room":{"timeline":{"limit":5}}})"), ana);
  const auto kept = hs.answer(GetFilter(ana.id(), filter.filter_id()), ana);
  CHECK(kept.object()["room"]["timeline"]["limit"].integer().value_or(0) == 5);
  hs.refuse(GetFilter(ana.id(), "999"), ana, Errc::not_found, "M_NOT_FOUND");
  hs.refuse(UploadFilter(hs.admin().id(), "{}"), ana, Errc::forbidden, "M_FORBIDDEN");
}
