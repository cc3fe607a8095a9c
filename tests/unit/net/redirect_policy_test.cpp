#include "net/redirect_policy.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using confab::Errc;
using confab::net::max_redirects;
using confab::net::RedirectPolicy;
using confab::net::Url;

namespace {
const std::string policy_path = "/.well-known/matrix/client";
Url url(const std::string& text) {
  auto parsed = Url::parse(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}
RedirectPolicy discovery() { return RedirectPolicy("GET", url("https://example.org" + policy_path)); }
}  // namespace

TEST_CASE("redirect_policy: the well-known document is followed, by every redirect status") {
  for (int status = 100; status < 600; ++status) {
    const bool redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    CAPTURE(status);
    RedirectPolicy policy = discovery();
    CHECK(RedirectPolicy::is_redirect(status) == redirect);
    CHECK(policy.follow(status, "https://www.example.org/x").has_value() == redirect);
  }
  RedirectPolicy policy = discovery();
  CHECK(policy.follow(302, "/elsewhere?a=b").value().text() == "https://example.org/elsewhere?a=b");
}

TEST_CASE("redirect_policy: nothing else is followed anywhere") {
  for (const char* start :
       {"https://example.org", "https://example.org/_matrix/client/versions",
        "https://example.org/.well-known/matrix/client/x", "https://example.org/.well-known/matrix/server",
        "https://example.org/base/.well-known/matrix/client"}) {
    CAPTURE(start);
    RedirectPolicy policy("GET", url(start));
    const auto refused = policy.follow(302, "https://example.org/x");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Errc::protocol);
    CHECK(refused.error().http_status() == 302);
    CHECK(policy.current().text() == url(start).text());
  }
  for (const char* method : {"POST", "PUT", "DELETE", "HEAD", "get", ""}) {
    RedirectPolicy policy(method, url("https://example.org" + policy_path));
    CHECK_FALSE(policy.follow(307, "https://example.org/x").has_value());
  }
}

TEST_CASE("redirect_policy: http may become https, and stays it") {
  RedirectPolicy upgraded("GET", url("http://example.org" + policy_path));
  REQUIRE(upgraded.follow(301, "https://example.org" + policy_path).has_value());
  CHECK_FALSE(upgraded.follow(301, "http://example.org/x").has_value());
}

TEST_CASE("redirect_policy: a refused location at every hop ends it there") {
  const char* bad[] = {"http://example.org/x",
                       "ftp://example.org/x",
                       "javascript:alert(1)",
                       "https://u:p@example.org/",
                       "https://",
                       "https://exa mple.org",
                       "/a b",
                       "/%",
                       "https://example.org:0/"};
  for (unsigned good_hops = 0; good_hops < max_redirects; ++good_hops) {
    for (const char* location : bad) {
      RedirectPolicy policy = discovery();
      for (unsigned hop = 0; hop < good_hops; ++hop) REQUIRE(policy.follow(302, "/" + std::to_string(hop)).has_value());
      CAPTURE(good_hops);
      CAPTURE(location);
      const std::string before = policy.current().text();
      CHECK(policy.follow(302, location).error().code() == Errc::protocol);
      CHECK(policy.follow(302, std::nullopt).error().code() == Errc::protocol);
      CHECK(policy.current().text() == before);
    }
  }
}

TEST_CASE("redirect_policy: hops are bounded and circles end at once") {
  RedirectPolicy policy = discovery();
  for (unsigned hop = 0; hop < max_redirects; ++hop) REQUIRE(policy.follow(302, "/" + std::to_string(hop)).has_value());
  CHECK_FALSE(policy.follow(302, "/more").has_value());
  RedirectPolicy circle = discovery();
  REQUIRE(circle.follow(302, "/a").has_value());
  CHECK_FALSE(circle.follow(302, policy_path).has_value());
  CHECK_FALSE(circle.follow(302, "").has_value());
  CHECK_FALSE(circle.follow(302, "#here").has_value());
}
