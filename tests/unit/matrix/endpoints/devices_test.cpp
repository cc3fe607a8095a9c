#include "matrix/endpoints/devices.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

namespace {
const DeviceId device("A/B");
}  // namespace

TEST_CASE("devices: reading") {
  CHECK(encoded(GetDevices()).target() == "/_matrix/client/v3/devices");
  CHECK(encoded(GetDevice(device)).target() == "/_matrix/client/v3/devices/A%2FB");
  CHECK(encoded(GetDevice(device)).expects(Errc::not_found));
  refuses(GetDevice(DeviceId()), "device_id");
  refuses(GetDevice(DeviceId("a b")), "device_id");
  refuses(GetDevice(DeviceId(std::string(513, 'd'))), "device_id");
  constexpr const char* one =
      R"({"device_id":"QBUAZIFURK","display_name":"android","last_seen_ip":"1.2.3.4","last_seen_ts":1474491775024})";
  requires_fields<GetDevice>(one, {"device_id"});
  CHECK(decode<GetDevice>(one)->display_name() == "android");
  CHECK(decode<GetDevice>(one)->last_seen_ts() == 1474491775024);
  CHECK_FALSE(decode<GetDevice>(R"({"device_id":"D","display_name":null})")->last_seen_ts());
  requires_fields<GetDevices>(R"({"devices":[{"device_id":"D"}]})", {"devices"});
  CHECK(decode<GetDevices>(R"({"devices":[{"device_id":"D"},{"device_id":"E"}]})")->devices()[1].id().str() == "E");
  CHECK(decode<GetDevices>(R"({"devices":[{"device_id":"D"},{}]})").error().subject() == "devices[1].device_id");
}

TEST_CASE("devices: naming") {
  const auto put = encoded(PutDevice(device).display_name("My other phone"));
  CHECK(put.method() == Method::put);
  CHECK(put.target() == "/_matrix/client/v3/devices/A%2FB");
  CHECK(put.body() == R"({"display_name":"My other phone"})");
  CHECK(put.idempotent());
  CHECK(encoded(PutDevice(device)).body() == "{}");
  refuses(PutDevice(device).display_name("\xFF"), "display_name");
  refuses(PutDevice(DeviceId()), "device_id");
  CHECK(decode<PutDevice>("{}"));
}

TEST_CASE("devices: deleting one") {
  const auto bare = encoded(DeleteDevice(device));
  CHECK(bare.method() == Method::del);
  CHECK(bare.target() == "/_matrix/client/v3/devices/A%2FB");
  CHECK(bare.body() == "{}");
  const auto proven = encoded(DeleteDevice(device).proof(PasswordProof(ana, Secret("pw"), "xxxyz")));
  CHECK(
      proven.body() ==
      R"({"auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"@ana:hs"},"password":"pw","session":"xxxyz"}})");
  CHECK(proven.idempotent());
  refuses(DeleteDevice(device).proof(PasswordProof(ana, Secret())), "password");
  refuses(DeleteDevice(device).proof(PasswordProof(MatrixUserId("ana"), Secret("pw"))), "user_id");
  refuses(DeleteDevice(device).proof(PasswordProof(ana, Secret("pw"), "\xFF")), "session");
  refuses(DeleteDevice(DeviceId()), "device_id");
  const auto refused = DeleteDevice(device).proof(PasswordProof(ana, Secret("hunter\xFF"))).encode();
  REQUIRE_FALSE(refused);
  CHECK(std::string(refused.error().message()).find("hunter") == std::string::npos);
}

TEST_CASE("devices: deleting several") {
  const auto bare = encoded(DeleteDevices({DeviceId("A"), DeviceId("B")}));
  CHECK(bare.method() == Method::post);
  CHECK(bare.target() == "/_matrix/client/v3/delete_devices");
  CHECK(bare.body() == R"({"devices":["A","B"]})");
  const auto proven = encoded(DeleteDevices({DeviceId("A")}).proof(PasswordProof(ana, Secret("pw"))));
  CHECK(
      proven.body() ==
      R"({"devices":["A"],"auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"@ana:hs"},"password":"pw"}})");
  refuses(DeleteDevices({}), "devices");
  refuses(DeleteDevices({DeviceId("A"), DeviceId()}), "device_id");
  refuses(DeleteDevices({DeviceId("A")}).proof(PasswordProof(ana, Secret())), "password");
  CHECK(decode<DeleteDevices>("{}"));
  CHECK_FALSE(decode<DeleteDevice>("5"));
}
