#include <confab/homeserver.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "support/fake_matrix.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_certificate.hpp"
#include "support/tunnel_proxy.hpp"

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
  for (const char* check : {"reachability", "versions", "login flows", "admin rights", "admin API", "limits", "clock",
                            "store", "tokens", "discovery"}) {
    CAPTURE(check);
    CHECK(found(findings, check).fit());
    CHECK_FALSE(found(findings, check).detail().empty());
  }
  CHECK(found(findings, "tokens").detail() == "accounts: 1; tokens made: first 1, recovery 0, renewal 0, move 0");
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

namespace {

// A homeserver of the domain "localhost", and the web server of that domain.
class Domain {
 public:
  Domain()
      : hs(FakeMatrix::MatrixOptions().server_name("localhost").server(tls())),
        web(tls()),
        proxy({{"localhost:443", web.port()}, {"127.0.0.1:" + std::to_string(hs.port()), hs.port()}}) {
    publish(hs.url());
  }
  void publish(const std::string& url) { say(Answer(200, R"({"m.homeserver":{"base_url":")" + url + R"("}})")); }
  void say(const Answer& answer) { web.on("GET", well_known, answer); }

  [[nodiscard]] HomeserverOptions options() const {
    return HomeserverOptions(hs.url(), "localhost", "admin", Secret(std::string(FakeMatrix::admin_password)))
        .ca_file(authority().ca_file())
        .proxy(proxy.url());
  }
  [[nodiscard]] Result<std::vector<Finding>> examine() const {
    Runtime runtime;
    return Homeserver::create(runtime, options()).value().examine(CallOptions().within(20s)).wait();
  }
  [[nodiscard]] DiscoveryOptions how() const {
    return DiscoveryOptions().ca_file(authority().ca_file()).proxy(proxy.url());
  }
  [[nodiscard]] Result<std::string> discover(const std::string& server_name = "localhost") const {
    Runtime runtime;
    return Homeserver::discover(runtime, server_name, how(), CallOptions().within(20s)).wait();
  }

  static constexpr const char* well_known = "/.well-known/matrix/client";
  FakeMatrix hs;
  FakeHomeserver web;
  test::TunnelProxy proxy;

 private:
  static test::TestAuthority& authority() {
    static test::TestAuthority one;
    return one;
  }
  static FakeHomeserver::Options tls() { return FakeHomeserver::Options().tls(authority().valid()); }
};

bool tells(const Finding& finding, const std::string& text) { return finding.detail().find(text) != std::string::npos; }

}  // namespace

TEST_CASE("Homeserver: what its server name publishes is told, and who needs it") {
  Domain domain;
  bool fit = true;
  std::string said = "names this homeserver's URL";
  SUBCASE("this homeserver") {}
  SUBCASE("this homeserver, behind a redirect") {
    domain.say(Answer(302).header("Location", "/moved"));
    domain.web.on("GET", "/moved", Answer(200, R"({"m.homeserver":{"base_url":")" + domain.hs.url() + R"(/"}})"));
  }
  SUBCASE("another URL") {
    domain.publish("https://elsewhere.example/path");
    said = "names https://elsewhere.example/path, not the configured " + domain.hs.url();
  }
  SUBCASE("nothing") {
    domain.say(Answer(404, "<html>"));
    said = "enter " + domain.hs.url() + " themselves";
  }
  SUBCASE("a web server that wants no such thing") {
    domain.say(Answer(403, "<html>"));
    said = "status 403";
  }
  SUBCASE("a web server that fails is asked once") {
    domain.say(Answer(503));
    said = "could not be read";
  }
  SUBCASE("a web server that is away") {
    domain.web.go_away();
    said = "could not be read";
  }
  SUBCASE("no JSON") {
    domain.say(Answer(200, "<html>"));
    fit = false;
    said = "is broken";
  }
  SUBCASE("no URL") {
    domain.publish("elsewhere.example");
    fit = false;
    said = "m.homeserver.base_url";
  }
  SUBCASE("a redirect to http") {
    domain.say(Answer(302).header("Location", "http://localhost/"));
    fit = false;
    said = "https to http";
  }
  const auto findings = domain.examine();
  REQUIRE(findings.has_value());
  const Finding& finding = found(findings, "discovery");
  CAPTURE(finding.detail());
  CHECK(finding.fit() == fit);
  CHECK(tells(finding, said));
  CHECK(tells(finding, "https://localhost/.well-known/matrix/client"));
  CHECK(domain.web.count("GET", Domain::well_known) <= 1);
  for (const auto& request : domain.web.requests()) CHECK(request.token().empty());
}

TEST_CASE("Homeserver: what is published is not waited for long") {
  Domain domain;
  domain.say(Answer().hold());
  const auto begun = std::chrono::steady_clock::now();
  const auto findings = domain.examine();
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  REQUIRE(findings.has_value());
  CHECK(found(findings, "discovery").fit());
  CHECK(tells(found(findings, "discovery"), "could not be read"));
}

TEST_CASE("Homeserver: where there is no Matrix, what is published is told, too") {
  Domain domain;
  domain.publish("https://elsewhere.example");
  domain.hs.on("GET", "/_matrix/client/versions", Answer(404, "<html>"));
  CHECK(tells(found(domain.examine(), "discovery"), "https://elsewhere.example"));
}

TEST_CASE("Homeserver: one of which only the server name is known is discovered, then used") {
  Domain domain;
  const auto url = domain.discover("localhost:8448");
  REQUIRE(url.has_value());
  CHECK(*url == domain.hs.url());
  CHECK(domain.hs.count() == 1);
  Runtime runtime;
  const auto homeserver = Homeserver::create(runtime, domain.options().url(*url));
  REQUIRE(homeserver.has_value());
  CHECK(found(homeserver->examine(CallOptions().within(20s)).wait(), "admin rights").fit());
}

TEST_CASE("Homeserver: discovery tells what it lacks") {
  Domain domain;
  domain.say(Answer(404));
  CHECK(domain.discover().error().code() == Errc::not_found);
  domain.publish("http://127.0.0.1:8008");
  CHECK(domain.discover().error().subject() == "m.homeserver.base_url");

  Runtime runtime;
  const auto wrong = [&](const char* server_name, const DiscoveryOptions& how) {
    const auto url = Homeserver::discover(runtime, server_name, how, CallOptions().within(20s)).wait();
    CHECK(url.error().code() == Errc::invalid_argument);
    return std::string(url.error().subject());
  };
  CHECK(wrong("with space", DiscoveryOptions()) == "server_name");
  CHECK(wrong("localhost", DiscoveryOptions().ca_file("/nowhere/ca.pem")) == "ca_file");
  CHECK(wrong("localhost", DiscoveryOptions().proxy("no proxy")) == "proxy");
}

TEST_CASE("Homeserver: discovery ends when it is stopped, and with its Runtime") {
  Domain domain;
  domain.say(Answer().hold());
  std::promise<Result<std::string>> ended;
  std::future<Result<std::string>> end = ended.get_future();
  const auto begin = [&](Runtime& runtime) {
    return Homeserver::discover(runtime, "localhost", domain.how(), CallOptions().within(60s))
        .start([&](Result<std::string> url) { ended.set_value(std::move(url)); });
  };
  {
    Runtime runtime;
    SUBCASE("stopped") {
      Operation operation = begin(runtime);
      REQUIRE(domain.web.wait_for(1, "GET", Domain::well_known, 20s));
      operation.cancel();
      CHECK(end.get().error().code() == Errc::cancelled);
    }
    SUBCASE("with its Runtime") {
      const Operation operation = begin(runtime);
      REQUIRE(domain.web.wait_for(1, "GET", Domain::well_known, 20s));
    }
  }
  if (end.valid()) CHECK(end.get().error().code() == Errc::closed);
  CHECK(domain.web.wait_connections_closed(20s));
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

TEST_CASE("Homeserver: an application service is looked at where there is one") {
  FakeMatrix hs;
  Runtime runtime;
  const auto look = [&](const char* token) {
    auto options = options_for(hs).appservice_token(Secret(token));
    return Homeserver::create(runtime, options).value().examine(CallOptions().within(20s)).wait();
  };
  hs.register_appservice("known", "park_");
  const auto fit = look("known");
  CHECK(found(fit, "appservice").fit());
  const auto unfit = look("forgotten");
  CHECK_FALSE(found(unfit, "appservice").fit());
  CHECK(found(unfit, "appservice").detail().find("forgotten") == std::string::npos);
  CHECK(found(unfit, "admin rights").fit());
  CHECK_THROWS(found(examine(hs), "appservice"));
}

TEST_CASE("Homeserver: automatic access is by the application service where there is one") {
  FakeMatrix hs;
  Runtime runtime;
  hs.register_appservice("known", "park_");
  const auto joined = [&](HomeserverOptions options, const std::string& localpart) {
    const auto provider = Homeserver::create(runtime, std::move(options)).value().provider("park", Access::automatic);
    const MatrixUserId user(hs.user_id(localpart));
    REQUIRE(provider->ensure_account(user, "Ana", CallOptions()).wait());
    const auto room = provider->ensure_room(ProviderRoomRequest(localpart, user), CallOptions()).wait();
    return room && provider->join(*room, user, CallOptions()).wait().has_value();
  };
  CHECK(joined(options_for(hs).appservice_token(Secret("known")), "park_ana"));
  CHECK(hs.count("POST", "/_synapse/admin/v1/users/*/login") == 0);
  CHECK(joined(options_for(hs), "ben"));
  CHECK(hs.count("POST", "/_synapse/admin/v1/users/*/login") == 1);
}

TEST_CASE("Homeserver: a registration that cannot be read is a fault of its key") {
  Runtime runtime;
  const test::TemporaryDirectory folder;
  HomeserverOptions options("http://127.0.0.1:8008", "hs.test", "admin", Secret("pw"));
  const auto created = Homeserver::create(runtime, options.appservice_file(folder.file("none")));
  REQUIRE(!created.has_value());
  CHECK(created.error().code() == Errc::config);
  CHECK(created.error().subject() == "homeserver.appservice_file");
}
