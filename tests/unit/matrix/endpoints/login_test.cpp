#include "matrix/endpoints/login.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;
using namespace std::chrono_literals;

TEST_CASE("login: flows") {
  CHECK(encoded(GetLoginFlows()).target() == "/_matrix/client/v3/login");
  CHECK_FALSE(encoded(GetLoginFlows()).needs_token());
  requires_fields<GetLoginFlows>(
      R"({"flows":[{"type":"m.login.password"},{"type":"m.login.token","get_login_token":true}]})", {"flows"});
  const auto answer = decode<GetLoginFlows>(R"({"flows":[{"type":"m.login.password"}]})");
  CHECK(answer->has_password());
  CHECK_FALSE(answer->has("m.login.sso"));
  CHECK(decode<GetLoginFlows>(R"({"flows":[{"x":1}]})").error().subject() == "flows[0].type");
}

TEST_CASE("login: by password, as the same device") {
  const auto request = encoded(PasswordLogin(MatrixUserId("@ana:hs"), Secret("p\"w"))
                                   .device_id(DeviceId("D"))
                                   .device_name("confab")
                                   .with_refresh_token(true));
  CHECK(request.method() == Method::post);
  CHECK_FALSE(request.idempotent());
  CHECK_FALSE(request.needs_token());
  CHECK(
      request.body() ==
      R"({"type":"m.login.password","identifier":{"type":"m.id.user","user":"@ana:hs"},"password":"p\"w","device_id":"D","initial_device_display_name":"confab","refresh_token":true})");
  refuses(PasswordLogin("ana", Secret()), "password");
  refuses(PasswordLogin("ana", Secret("\xFF")), "password");
  refuses(PasswordLogin("", Secret("x")), "user");
  refuses(PasswordLogin("ana", Secret("x")).device_id(DeviceId(std::string(513, 'x'))), "device_id");
}

TEST_CASE("login: the answer, of the specification's example") {
  constexpr std::string_view example =
      R"({"user_id":"@cheeky_monkey:matrix.org","access_token":"abc123","refresh_token":"def456","expires_in_ms":60000,"device_id":"GHTYAJCE","well_known":{}})";
  requires_fields<PasswordLogin>(example, {"user_id", "access_token", "device_id"});
  const auto answer = decode<PasswordLogin>(example);
  CHECK(answer->user_id().str() == "@cheeky_monkey:matrix.org");
  CHECK(answer->access_token().reveal() == "abc123");
  CHECK(answer->refresh_token()->reveal() == "def456");
  CHECK(answer->expires_in() == 60s);
  const auto least = decode<PasswordLogin>(R"({"user_id":"@a:b","access_token":"x","device_id":"D"})");
  CHECK_FALSE(least->refresh_token());
  CHECK_FALSE(least->expires_in());
  CHECK(decode<PasswordLogin>(
            R"({"user_id":"@a:b","access_token":"x","device_id":"D","expires_in_ms":9223372036854775807})")
            ->expires_in() < 1000000h * 24);
  CHECK_FALSE(decode<PasswordLogin>(R"({"user_id":"@a:b","access_token":"","device_id":"D"})"));
  // No part of an answer that holds a token may come back in an error.
  const auto broken = decode<PasswordLogin>(R"({"user_id":5,"access_token":"sesame","device_id":"D"})");
  CHECK(broken.error().message().find("sesame") == std::string_view::npos);
}

TEST_CASE("login: refreshing") {
  const auto request = encoded(RefreshToken(Secret("r")));
  CHECK(request.target() == "/_matrix/client/v3/refresh");
  CHECK(request.body() == R"({"refresh_token":"r"})");
  CHECK(request.idempotent());
  CHECK_FALSE(request.needs_token());
  CHECK(request.expects(Errc::session_expired));
  refuses(RefreshToken(Secret()), "refresh_token");
  requires_fields<RefreshToken>(R"({"access_token":"a","refresh_token":"b","expires_in_ms":60000})", {"access_token"});
  CHECK_FALSE(decode<RefreshToken>(R"({"access_token":"a"})")->refresh_token());
  CHECK_FALSE(decode<RefreshToken>(R"({"access_token":"a","expires_in_ms":-1})"));
}

TEST_CASE("login: logging out") {
  CHECK(encoded(Logout()).target() == "/_matrix/client/v3/logout");
  CHECK(decode<Logout>("{}"));
  CHECK_FALSE(decode<Logout>("[]"));
}

TEST_CASE("logout of every device") {
  const auto request = encoded(LogoutAll());
  CHECK(request.method() == Method::post);
  CHECK(request.target() == "/_matrix/client/v3/logout/all");
  CHECK(request.body() == "{}");
  CHECK(request.idempotent());
  CHECK(request.expects(Errc::session_expired));
  CHECK(decode<LogoutAll>("{}"));
  CHECK_FALSE(decode<LogoutAll>("[]"));
}
