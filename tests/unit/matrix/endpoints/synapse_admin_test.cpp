#include "matrix/endpoints/synapse_admin_rooms.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("synapse admin: reading a user") {
  CHECK(encoded(AdminGetUser(ana)).target() == "/_synapse/admin/v2/users/%40ana%3Ahs");
  CHECK(encoded(AdminGetUser(ana)).expects(Errc::not_found));
  requires_fields<AdminGetUser>(
      R"({"name":"@ana:hs","displayname":"Ana","admin":false,"deactivated":false,"locked":true,"threepids":[]})",
      {"name"});
  const auto answer =
      decode<AdminGetUser>(R"({"name":"@ana:hs","displayname":null,"admin":1,"deactivated":0,"suspended":true})");
  REQUIRE(answer);
  CHECK(answer->admin());
  CHECK_FALSE(answer->deactivated());
  CHECK_FALSE(answer->locked());
  CHECK(answer->suspended());
  CHECK_FALSE(answer->display_name());
  CHECK(decode<AdminGetUser>(R"({"name":"@ana:hs","admin":"yes"})").error().subject() == "admin");
  CHECK_FALSE(decode<AdminGetUser>(R"({"name":"@ana:hs","admin":2})"));
}

TEST_CASE("synapse admin: a password never goes without saying what becomes of the devices") {
  const auto create = encoded(AdminPutUser(ana).password(Secret("pw")).display_name("Ana").admin(false));
  CHECK(create.method() == Method::put);
  CHECK(create.body() == R"({"password":"pw","logout_devices":false,"displayname":"Ana","admin":false})");
  CHECK(create.idempotent());
  const auto reset = encoded(AdminPutUser(ana).password(Secret("pw")).log_out_devices(true));
  CHECK(reset.body() == R"({"password":"pw","logout_devices":true})");
  CHECK_FALSE(reset.idempotent());
  CHECK(encoded(AdminPutUser(ana).locked(true).deactivated(false)).body() == R"({"deactivated":false,"locked":true})");
  CHECK(encoded(AdminPutUser(ana)).body() == "{}");
  refuses(AdminPutUser(MatrixUserId("ana")), "user_id");
  refuses(AdminPutUser(ana).display_name("\xFF"), "display_name");
  refuses(AdminPutUser(ana).password(Secret("\xFF")), "password");
}

TEST_CASE("synapse admin: login as a user always ends by itself") {
  const std::chrono::system_clock::time_point until{std::chrono::milliseconds(1'700'000'000'123)};
  const auto request = encoded(AdminLoginAs(ana, until));
  CHECK(request.target() == "/_synapse/admin/v1/users/%40ana%3Ahs/login");
  CHECK(request.body() == R"({"valid_until_ms":1700000000123})");
  refuses(AdminLoginAs(ana, {}), "valid_until");
  requires_fields<AdminLoginAs>(R"({"access_token":"t"})", {"access_token"});
}

TEST_CASE("synapse admin: rate limits, joins, version") {
  const auto lift = encoded(AdminLiftRateLimit(ana));
  CHECK(lift.target() == "/_synapse/admin/v1/users/%40ana%3Ahs/override_ratelimit");
  CHECK(lift.body() == R"({"messages_per_second":0,"burst_count":0})");
  CHECK(decode<AdminLiftRateLimit>(R"({"messages_per_second":0,"burst_count":0})"));
  const auto join = encoded(AdminJoin(MatrixRoomId("!r"), ana));
  CHECK(join.target() == "/_synapse/admin/v1/join/%21r");
  CHECK(join.body() == R"({"user_id":"@ana:hs"})");
  requires_fields<AdminJoin>(R"({"room_id":"!r"})", {"room_id"});
  CHECK(encoded(AdminServerVersion()).target() == "/_synapse/admin/v1/server_version");
  requires_fields<AdminServerVersion>(R"({"server_version":"1.163.2"})", {"server_version"});
}
