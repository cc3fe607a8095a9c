#include "matrix/endpoints/profile.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("profile: fields of any name") {
  CHECK(encoded(GetProfileField(ana, "m.tz")).target() == "/_matrix/client/v3/profile/%40ana%3Ahs/m.tz");
  CHECK(encoded(GetProfileField(ana, "m.tz")).expects(Errc::not_found));
  const auto put = encoded(SetProfileField(ana, "org.example.x", R"( {"a": [1, "b"]} )"));
  CHECK(put.method() == Method::put);
  CHECK(put.target() == "/_matrix/client/v3/profile/%40ana%3Ahs/org.example.x");
  CHECK(put.body() == R"({"org.example.x":{"a":[1,"b"]}})");
  CHECK(put.idempotent());
  CHECK(encoded(SetProfileField(ana, "m.tz", "\"Europe/London\"")).body() == R"({"m.tz":"Europe/London"})");
  const auto del = encoded(DeleteProfileField(ana, "m.tz"));
  CHECK(del.method() == Method::del);
  CHECK_FALSE(del.has_body());
  CHECK(del.idempotent());
  for (const std::string& key : {std::string(), std::string("a b"), std::string(256, 'k')}) {
    CAPTURE(key);
    refuses(GetProfileField(ana, key), "key");
    refuses(SetProfileField(ana, key, "1"), "key");
    refuses(DeleteProfileField(ana, key), "key");
  }
  refuses(GetProfileField(MatrixUserId("a"), "m.tz"), "user_id");
  refuses(SetProfileField(ana, "m.tz", "Europe/London"), "value");
  refuses(SetProfileField(ana, "m.tz", '"' + std::string(65536, 'x') + '"'), "value", Errc::too_large);
  CHECK(decode<GetProfileField>(R"({"displayname":"Alice"})")->object()["displayname"].string_or("") == "Alice");
  CHECK_FALSE(decode<GetProfileField>("[]"));
  CHECK(decode<SetProfileField>("{}"));
  CHECK(decode<DeleteProfileField>("{}"));
}
