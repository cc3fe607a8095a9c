#include <confab/homeserver.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "support/fake_matrix.hpp"
#include "support/temporary_directory.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::FakeHomeserver;
using confab::test::FakeMatrix;

namespace {

HomeserverOptions options_for(const FakeHomeserver& hs,
                              std::string password = std::string(FakeMatrix::admin_password)) {
  return HomeserverOptions(hs.url(), "hs.test", "admin", Secret(std::move(password)));
}

Result<std::vector<Finding>> examine(const FakeHomeserver& hs,
                                     std::string password = std::string(FakeMatrix::admin_password)) {
  Runtime runtime;
  return Homeserver::create(runtime, options_for(hs, std::move(password)))
      .value()
      .examine(CallOptions().within(20s))
      .wait();
}

const Finding& found(const Result<std::vector<Finding>>& findings, const std::string& check) {
  const auto at =
      std::find_if(findings->begin(), findings->end(), [&](const Finding& each) { return each.check() == check; });
  if (at == findings->end()) throw std::runtime_error("no finding " + check);
  return *at;
}

}  // namespace

TEST_CASE("Homeserver: options that cannot work are refused by the name of their key") {
  struct Case {
    const char* key;
    HomeserverOptions options;
  };
  const auto with = [](const char* url, const char* name, const char* user, const char* password) {
    return HomeserverOptions(url, name, user, Secret(password));
  };
  const char* good = "http://127.0.0.1:8008";
  const std::vector<Case> cases = {
      {"homeserver.url", with("", "hs.test", "admin", "pw")},
      {"homeserver.url", with("127.0.0.1:8008", "hs.test", "admin", "pw")},
      {"homeserver.url", with("ftp://hs.test", "hs.test", "admin", "pw")},
      {"homeserver.url", with("http://user:hunter2@hs.test", "hs.test", "admin", "pw")},
      {"homeserver.url", with("http://hs.test/?a=b", "hs.test", "admin", "pw")},
      {"homeserver.server_name", with(good, "", "admin", "pw")},
      {"homeserver.server_name", with(good, "with space", "admin", "pw")},
      {"homeserver.server_name", with(good, "@hs.test", "admin", "pw")},
      {"homeserver.admin_user", with(good, "hs.test", "", "pw")},
      {"homeserver.admin_user", with(good, "hs.test", "@admin:other.test", "pw")},
      {"homeserver.admin_user", with(good, "hs.test", "@admin", "pw")},
      {"homeserver.admin_password", with(good, "hs.test", "admin", "")},
      {"homeserver.proxy", with(good, "hs.test", "admin", "pw").proxy("not a url")},
      {"homeserver.ca_file", with(good, "hs.test", "admin", "pw").ca_file("/nowhere/ca.pem")},
  };
  Runtime runtime;
  for (const Case& each : cases) {
    CAPTURE(each.key);
    CAPTURE(each.options.url());
    const Result<Homeserver> made = Homeserver::create(runtime, each.options);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code() == Errc::config);
    CHECK(made.error().subject() == each.key);
    CHECK(made.error().message().find("hunter2") == std::string_view::npos);
  }
}

TEST_CASE("Homeserver: a CA file that holds no certificate is refused") {
  test::TemporaryDirectory folder;
  const std::string file = (folder.path() / "ca.pem").string();
  std::ofstream(file) << "no certificate\n";
  Runtime runtime;
  const auto made = Homeserver::create(
      runtime, HomeserverOptions("https://127.0.0.1:8448", "hs.test", "admin", Secret("pw")).ca_file(file));
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().subject() == "homeserver.ca_file");
}

TEST_CASE("Homeserver: the admin may be named by localpart or in full") {
  FakeMatrix hs;
  for (const char* name : {"admin", "@admin:hs.test"}) {
    Runtime runtime;
    const auto homeserver = Homeserver::create(
        runtime, HomeserverOptions(hs.url(), "hs.test", name, Secret(std::string(FakeMatrix::admin_password))));
    REQUIRE(homeserver.has_value());
    CHECK(homeserver->provider()->server_name() == "hs.test");
    CHECK(found(homeserver->examine().wait(), "admin rights").fit());
  }
}

TEST_CASE("Homeserver: a fit one is found fit in every respect") {
  FakeMatrix hs;
  const auto findings = examine(hs);
  REQUIRE(findings.has_value());
  for (const char* check :
       {"reachability", "versions", "login flows", "admin rights", "admin API", "limits", "clock", "store"}) {
    CAPTURE(check);
    CHECK(found(findings, check).fit());
    CHECK_FALSE(found(findings, check).detail().empty());
  }
  for (const Finding& finding : *findings)
    CHECK(finding.detail().find(FakeMatrix::admin_password) == std::string::npos);
}

TEST_CASE("Homeserver: what is unfit is told, and what to do") {
  FakeMatrix hs;
  SUBCASE("too old") {
    hs.on("GET", "/_matrix/client/versions", Answer(200, R"({"versions":["r0.6.1"]})"));
    CHECK_FALSE(found(examine(hs), "versions").fit());
  }
  SUBCASE("no Matrix") {
    hs.on("GET", "/_matrix/client/versions", Answer(200, "<html>").content_type("text/html"));
    const auto findings = examine(hs);
    CHECK_FALSE(found(findings, "versions").fit());
    // Nobody's password goes to what is no homeserver.
    CHECK(hs.count("POST", "/_matrix/client/v3/login") == 0);
  }
  SUBCASE("not found at this path") {
    hs.on("GET", "/_matrix/client/versions", Answer(404, "<html>"));
    CHECK_FALSE(found(examine(hs), "versions").fit());
  }
  SUBCASE("wrong password") {
    const auto findings = examine(hs, "wrong");
    CHECK_FALSE(found(findings, "admin rights").fit());
    CHECK(hs.count("POST", "/_matrix/client/v3/login") == 1);
  }
  SUBCASE("no server administrator") {
    hs.on("GET", "/_synapse/admin/v2/users/*", Answer::error(403, "M_FORBIDDEN"));
    CHECK_FALSE(found(examine(hs), "admin rights").fit());
  }
  SUBCASE("no password login") {
    hs.on("GET", "/_matrix/client/v3/login", Answer(200, R"({"flows":[{"type":"m.login.sso"}]})"));
    CHECK_FALSE(found(examine(hs), "login flows").fit());
  }
  SUBCASE("no admin API") {
    hs.on("GET", "/_synapse/admin/v1/server_version", Answer::error(404, "M_UNRECOGNIZED"));
    CHECK_FALSE(found(examine(hs), "admin API").fit());
  }
  SUBCASE("limits stay") {
    hs.on("POST", "/_synapse/admin/v1/users/*/override_ratelimit", Answer::error(403, "M_FORBIDDEN"));
    CHECK_FALSE(found(examine(hs), "limits").fit());
  }
  SUBCASE("another time") {
    hs.on("GET", "/_matrix/client/versions",
          Answer(200, R"({"versions":["v1.15"]})").header("Date", "Sun, 06 Nov 1994 08:49:37 GMT"));
    CHECK_FALSE(found(examine(hs), "clock").fit());
  }
}

TEST_CASE("Homeserver: one that cannot be reached is an error, not a finding") {
  FakeMatrix hs;
  hs.go_away();
  Runtime runtime;
  const auto findings = Homeserver::create(runtime, options_for(hs)).value().examine(CallOptions().within(2s)).wait();
  REQUIRE_FALSE(findings.has_value());
  CHECK(findings.error().code() == Errc::unreachable);
}

TEST_CASE("Homeserver: operations on one whose Runtime has gone are closed") {
  FakeMatrix hs;
  std::optional<Homeserver> homeserver;
  std::shared_ptr<ChatProvider> provider;
  {
    Runtime runtime;
    homeserver.emplace(Homeserver::create(runtime, options_for(hs)).value());
    provider = homeserver->provider("tenant");
    CHECK(homeserver->examine().wait().has_value());
  }
  CHECK(homeserver->examine().wait().error().code() == Errc::closed);
  CHECK(provider->find_room("room", CallOptions()).wait().error().code() == Errc::closed);
}
