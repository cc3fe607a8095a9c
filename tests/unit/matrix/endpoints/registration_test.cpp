#include "matrix/endpoints/registration.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("registration: an application service's user, without a login unless asked for") {
  const auto plain = encoded(RegisterAppserviceUser("acme_ana"));
  CHECK(plain.method() == Method::post);
  CHECK(plain.target() == "/_matrix/client/v3/register");
  CHECK(plain.body() == R"({"type":"m.login.application_service","username":"acme_ana","inhibit_login":true})");
  CHECK(plain.needs_token());
  CHECK(plain.idempotent());
  CHECK(plain.expects(Errc::conflict));
  const auto login = encoded(RegisterAppserviceUser("a").log_in(DeviceId("D"), true));
  CHECK(
      login.body() ==
      R"({"type":"m.login.application_service","username":"a","inhibit_login":false,"device_id":"D","refresh_token":true})");
  CHECK_FALSE(login.idempotent());
  refuses(RegisterAppserviceUser(""), "localpart");
  refuses(RegisterAppserviceUser("Ana"), "localpart");
  refuses(RegisterAppserviceUser("@ana:hs"), "localpart");
  refuses(RegisterAppserviceUser("a").log_in(DeviceId(std::string(513, 'd'))), "device_id");
}

TEST_CASE("registration: the answer with and without a login") {
  requires_fields<RegisterAppserviceUser>(R"({"user_id":"@a:hs","home_server":"hs"})", {"user_id"});
  CHECK_FALSE(decode<RegisterAppserviceUser>(R"({"user_id":"@a:hs"})")->session());
  constexpr const char* whole = R"({"user_id":"@a:hs","access_token":"abc123","device_id":"GHTYAJCE"})";
  requires_fields<RegisterAppserviceUser>(whole, {"user_id"});
  const auto answer = decode<RegisterAppserviceUser>(whole);
  CHECK(answer->user_id().str() == "@a:hs");
  REQUIRE(answer->session());
  CHECK(answer->session()->device_id().str() == "GHTYAJCE");
  CHECK(answer->session()->access_token().reveal() == "abc123");
  const auto half = decode<RegisterAppserviceUser>(R"({"user_id":"@a:hs","access_token":"abc123"})");
  CHECK(half.error().subject() == "device_id");
  CHECK(std::string(half.error().message()).find("abc123") == std::string::npos);
}
