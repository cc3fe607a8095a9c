// What a server admin does with accounts: passwords, closing, locking, devices, rate limits, and the list of them.
#include "matrix/endpoints/synapse_admin_account.hpp"

#include "matrix/endpoints/synapse_admin_devices.hpp"
#include "matrix/endpoints/synapse_admin_rate_limit.hpp"
#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

namespace {
const MatrixUserId nobody("ana");
}  // namespace

TEST_CASE("synapse admin: a password reset always says what becomes of the devices") {
  const auto reset = encoded(AdminResetPassword(ana, Secret("pw")));
  CHECK(reset.method() == Method::post);
  CHECK(reset.target() == "/_synapse/admin/v1/reset_password/%40ana%3Ahs");
  CHECK(reset.body() == R"({"new_password":"pw","logout_devices":false})");
  CHECK(reset.idempotent());
  const auto logs_out = encoded(AdminResetPassword(ana, Secret("pw")).log_out_devices(true));
  CHECK(logs_out.body() == R"({"new_password":"pw","logout_devices":true})");
  CHECK_FALSE(logs_out.idempotent());
  refuses(AdminResetPassword(ana, Secret()), "password");
  refuses(AdminResetPassword(nobody, Secret("pw")), "user_id");
  const auto refused = AdminResetPassword(ana, Secret("hunter\xFF")).encode();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().subject() == "password");
  CHECK(std::string(refused.error().message()).find("hunter") == std::string::npos);
  CHECK(decode<AdminResetPassword>("{}"));
  CHECK_FALSE(decode<AdminResetPassword>("[]"));
}

TEST_CASE("synapse admin: closing, locking, silencing") {
  const auto close = encoded(AdminDeactivate(ana));
  CHECK(close.target() == "/_synapse/admin/v1/deactivate/%40ana%3Ahs");
  CHECK(close.body() == R"({"erase":false})");
  CHECK(encoded(AdminDeactivate(ana).erase(true)).body() == R"({"erase":true})");
  CHECK(decode<AdminDeactivate>(R"({"id_server_unbind_result":"success"})"));
  refuses(AdminDeactivate(nobody), "user_id");
  const auto lock = encoded(AdminLockUser(ana, true));
  CHECK(lock.method() == Method::put);
  CHECK(lock.target() == "/_synapse/admin/v2/users/%40ana%3Ahs");
  CHECK(lock.body() == R"({"locked":true})");
  CHECK(lock.idempotent());
  CHECK(encoded(AdminLockUser(ana, false)).body() == R"({"locked":false})");
  CHECK(decode<AdminLockUser>(R"({"name":"@ana:hs","locked":true})")->locked());
  refuses(AdminLockUser(nobody, true), "user_id");
  const auto suspend = encoded(AdminSuspendUser(ana, true));
  CHECK(suspend.method() == Method::put);
  CHECK(suspend.target() == "/_synapse/admin/v1/suspend/%40ana%3Ahs");
  CHECK(suspend.body() == R"({"suspend":true})");
  CHECK(encoded(AdminSuspendUser(ana, false)).body() == R"({"suspend":false})");
  CHECK(decode<AdminSuspendUser>(R"({"user_@ana:hs_suspended":true})"));
  refuses(AdminSuspendUser(nobody, true), "user_id");
}

TEST_CASE("synapse admin: the list of users") {
  CHECK(encoded(AdminListUsers()).target() == "/_synapse/admin/v2/users?limit=100&guests=false&locked=true");
  CHECK(encoded(AdminListUsers().from(PageToken("100")).matching("a b").deactivated(true).limit(5)).query() ==
        "limit=5&guests=false&from=100&name=a%20b&deactivated=true&locked=true");
  refuses(AdminListUsers().limit(0), "limit");
  refuses(AdminListUsers().matching("\xFF"), "matching");
  constexpr const char* whole =
      R"({"users":[{"name":"@a:hs","admin":1,"deactivated":0,"displayname":"A","locked":false},{"name":"@b:hs"}],
          "next_token":"100","total":200})";
  requires_fields<AdminListUsers>(whole, {"users", "total"});
  const auto answer = decode<AdminListUsers>(whole);
  REQUIRE(answer->users().size() == 2);
  CHECK(answer->users()[0].admin());
  CHECK(answer->total() == 200);
  CHECK(answer->next()->str() == "100");
  CHECK_FALSE(decode<AdminListUsers>(R"({"users":[],"total":0})")->next());
  CHECK(decode<AdminListUsers>(R"({"users":[{"name":"@a:hs"},{}],"total":2})").error().subject() == "users[1].name");
}

TEST_CASE("synapse admin: devices") {
  CHECK(encoded(AdminListDevices(ana)).target() == "/_synapse/admin/v2/users/%40ana%3Ahs/devices");
  const auto create = encoded(AdminCreateDevice(ana, DeviceId("D")));
  CHECK(create.method() == Method::post);
  CHECK(create.target() == "/_synapse/admin/v2/users/%40ana%3Ahs/devices");
  CHECK(create.body() == R"({"device_id":"D"})");
  CHECK(create.idempotent());
  const auto del = encoded(AdminDeleteDevices(ana, {DeviceId("D"), DeviceId("E")}));
  CHECK(del.method() == Method::post);
  CHECK(del.target() == "/_synapse/admin/v2/users/%40ana%3Ahs/delete_devices");
  CHECK(del.body() == R"({"devices":["D","E"]})");
  refuses(AdminListDevices(nobody), "user_id");
  refuses(AdminCreateDevice(ana, DeviceId()), "device_id");
  refuses(AdminCreateDevice(nobody, DeviceId("D")), "user_id");
  refuses(AdminDeleteDevices(ana, {}), "devices");
  refuses(AdminDeleteDevices(ana, {DeviceId("a b")}), "device_id");
  refuses(AdminDeleteDevices(nobody, {DeviceId("D")}), "user_id");
  requires_fields<AdminListDevices>(
      R"({"devices":[{"device_id":"D","display_name":null,"last_seen_ip":"1.2.3.4","last_seen_ts":5,"user_id":"@ana:hs","dehydrated":false}],"total":1})",
      {"devices"});
  CHECK(decode<AdminCreateDevice>("{}"));
  CHECK(decode<AdminDeleteDevices>("{}"));
}

TEST_CASE("synapse admin: a user's own rate limit") {
  const std::string path = "/_synapse/admin/v1/users/%40ana%3Ahs/override_ratelimit";
  CHECK(encoded(AdminGetRateLimit(ana)).target() == path);
  const auto set = encoded(AdminSetRateLimit(ana, 5, 20));
  CHECK(set.method() == Method::post);
  CHECK(set.target() == path);
  CHECK(set.body() == R"({"messages_per_second":5,"burst_count":20})");
  CHECK(set.idempotent());
  CHECK(encoded(AdminDeleteRateLimit(ana)).method() == Method::del);
  CHECK(encoded(AdminDeleteRateLimit(ana)).target() == path);
  refuses(AdminSetRateLimit(ana, -1, 0), "messages_per_second");
  refuses(AdminSetRateLimit(ana, 0, 2'147'483'648), "burst");
  refuses(AdminGetRateLimit(nobody), "user_id");
  refuses(AdminSetRateLimit(nobody, 0, 0), "user_id");
  refuses(AdminDeleteRateLimit(nobody), "user_id");
  requires_fields<AdminSetRateLimit>(R"({"messages_per_second":0,"burst_count":0})",
                                     {"messages_per_second", "burst_count"});
  CHECK(decode<AdminGetRateLimit>(R"({"messages_per_second":0,"burst_count":0})")->lifted());
  const auto some = decode<AdminGetRateLimit>(R"({"messages_per_second":5,"burst_count":20})");
  CHECK(some->overridden());
  CHECK_FALSE(some->lifted());
  CHECK(some->messages_per_second() == 5);
  CHECK(some->burst() == 20);
  CHECK_FALSE(decode<AdminGetRateLimit>("{}")->overridden());
  CHECK_FALSE(decode<AdminGetRateLimit>("{}")->lifted());
  CHECK_FALSE(decode<AdminGetRateLimit>(R"({"messages_per_second":-1,"burst_count":0})"));
  CHECK(decode<AdminDeleteRateLimit>("{}"));
}
