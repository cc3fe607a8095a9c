#include "matrix/endpoints/discovery.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("discovery: where a domain's homeserver is") {
  const auto request = encoded(GetWellKnown());
  CHECK(request.target() == "/.well-known/matrix/client");
  CHECK_FALSE(request.needs_token());
  CHECK(request.expects(Errc::not_found));
  requires_fields<GetWellKnown>(
      R"({"m.homeserver":{"base_url":"https://matrix.example.com"},"m.identity_server":{"base_url":"https://identity.example.com"}})",
      {"m.homeserver"});
  CHECK(decode<GetWellKnown>(R"({"m.homeserver":{"base_url":"HTTPS://HS.Test:443/"}})")->base_url() ==
        "https://hs.test");
}

TEST_CASE("discovery: what is no URL is refused and not repeated") {
  for (const char* url : {"\"\"", "5", "null", "\"matrix.example.com\"", "\"ftp://secret\"",
                          "\"https://user:secret@hs.test\"", "\"javascript:secret\""}) {
    CAPTURE(url);
    const auto answer = decode<GetWellKnown>(std::string(R"({"m.homeserver":{"base_url":)") + url + "}}");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == Errc::protocol);
    CHECK(answer.error().subject() == "m.homeserver.base_url");
    CHECK(std::string(answer.error().message()).find("secret") == std::string::npos);
  }
}

TEST_CASE("discovery: who issues tokens") {
  CHECK(encoded(GetAuthMetadata()).target() == "/_matrix/client/v1/auth_metadata");
  CHECK_FALSE(encoded(GetAuthMetadata()).needs_token());
  CHECK(encoded(GetAuthMetadata()).expects(Errc::unsupported));
  constexpr const char* whole = R"({"issuer":"https://account.example.com/",
    "authorization_endpoint":"https://account.example.com/oauth2/auth",
    "token_endpoint":"https://account.example.com/oauth2/token",
    "registration_endpoint":"https://account.example.com/oauth2/clients/register",
    "revocation_endpoint":"https://account.example.com/oauth2/revoke",
    "grant_types_supported":["authorization_code","refresh_token"]})";
  requires_fields<GetAuthMetadata>(
      whole, {"issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint", "grant_types_supported"});
  const auto answer = decode<GetAuthMetadata>(whole);
  CHECK(answer->issuer() == "https://account.example.com/");
  CHECK(answer->authorization_endpoint() == "https://account.example.com/oauth2/auth");
  CHECK(answer->token_endpoint() == "https://account.example.com/oauth2/token");
  CHECK(answer->revocation_endpoint() == "https://account.example.com/oauth2/revoke");
  CHECK(answer->registration_endpoint() == "https://account.example.com/oauth2/clients/register");
  CHECK(answer->grants("refresh_token"));
  CHECK_FALSE(answer->grants("implicit"));
}

TEST_CASE("discovery: an issuer's addresses have to be URLs") {
  const auto with = [](std::string_view token_endpoint, std::string_view grants, std::string_view more) {
    std::string text =
        R"({"issuer":"https://a","authorization_endpoint":"https://a/b","revocation_endpoint":"https://a/c","token_endpoint":)";
    text.append(token_endpoint).append(R"(,"grant_types_supported":)").append(grants).append(more).append("}");
    return text;
  };
  CHECK_FALSE(decode<GetAuthMetadata>(with(R"("https://a/d")", "[]", ""))->registration_endpoint());
  CHECK(decode<GetAuthMetadata>(with("\"/token\"", "[]", "")).error().subject() == "token_endpoint");
  CHECK(decode<GetAuthMetadata>(with(R"("https://a/d")", "[7]", "")).error().subject() == "grant_types_supported[0]");
  CHECK(decode<GetAuthMetadata>(with(R"("https://a/d")", "[]", R"(,"registration_endpoint":"x")")).error().subject() ==
        "registration_endpoint");
}
