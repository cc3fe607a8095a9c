#include "credentials/json_web_token.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "support/test_jwt.hpp"

using namespace confab;
using namespace std::chrono_literals;
using confab::test::signed_claims;

namespace {
const Secret key("a key of thirty-two bytes, or more");
constexpr std::chrono::system_clock::time_point now{1'700'000'000s};
}  // namespace

TEST_CASE("sign_login: who it is for, and from when until when, signed with the key") {
  const Result<Secret> token = credentials::sign_login(key, "park_1", now);
  REQUIRE(token.has_value());
  const auto claims = signed_claims(token->reveal(), key.reveal());
  REQUIRE(claims.has_value());
  CHECK((*claims)["sub"].as_string() == "park_1");
  CHECK((*claims)["iat"].as_integer() == 1'700'000'000 - 30);
  CHECK((*claims)["exp"].as_integer() == 1'700'000'000 + 60);
  CHECK_FALSE(signed_claims(token->reveal(), "another key of thirty-two bytes.").has_value());
  // No padding, and nothing that a URL would change.
  CHECK(token->reveal().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
        std::string_view::npos);
}

// By Python's hmac and base64 over the same header and claims.
TEST_CASE("sign_login: as another implementation signs") {
  const Result<Secret> token = credentials::sign_login(key, "park_1", now);
  REQUIRE(token.has_value());
  CHECK(token->reveal() ==
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
        "eyJzdWIiOiJwYXJrXzEiLCJpYXQiOjE2OTk5OTk5NzAsImV4cCI6MTcwMDAwMDA2MH0."
        "v9VKu1Vt9SaKPBBrj8p91D9bVtH60wgsHLyRouu0nRI");
}
