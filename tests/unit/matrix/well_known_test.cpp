#include "matrix/well_known.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/fake_homeserver.hpp"
#include "support/test_certificate.hpp"
#include "support/tunnel_proxy.hpp"
#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using namespace confab::matrix;
using confab::test::Answer;
using confab::test::FakeHomeserver;
using confab::test::TunnelProxy;

namespace {

const std::string document_path = "/.well-known/matrix/client";

// The web server of the domain "localhost", and the homeserver that it names.
class Domain {
 public:
  Domain()
      : web(FakeHomeserver::Options().tls(confab::test::authority().valid())),
        homeserver(FakeHomeserver::Options().tls(confab::test::authority().valid())),
        proxy({{"localhost:443", web.port()},
               {"127.0.0.1:443", web.port()},
               {"127.0.0.1:" + std::to_string(homeserver.port()), homeserver.port()}}) {
    homeserver.on("GET", "/_matrix/client/versions", Answer(200, R"({"versions":["v1.11"]})"));
    publish(homeserver.url());
  }
  void publish(const std::string& url) { say(R"({"m.homeserver":{"base_url":")" + url + R"("}})"); }
  void say(const std::string& document) { web.on("GET", document_path, Answer(200, document)); }

  Result<std::string> discover(const std::string& server_name = "localhost",
                               CallOptions options = CallOptions().within(20s)) {
    const auto document = well_known_url(server_name);
    REQUIRE(document.has_value());
    Runtime runtime;
    return confab::test::run<std::string>(
        runtime,
        [&, core = runtime.core()](net::CallContext context) {
          net::HttpClientOptions like(*net::Url::parse_base("https://unused.invalid"));
          like.ca_file(confab::test::authority().ca_file()).proxy(proxy.url());
          return discover_homeserver(core, *document, std::move(like), std::move(context));
        },
        std::move(options));
  }

  FakeHomeserver web;
  FakeHomeserver homeserver;
  TunnelProxy proxy;
};

void fails(const Result<std::string>& found, Errc code, const std::string& subject) {
  REQUIRE_FALSE(found.has_value());
  CAPTURE(found.error().message());
  CHECK(found.error().code() == code);
  CHECK(found.error().subject() == subject);
}

}  // namespace

TEST_CASE("well-known: the document is at the server name's host, by https, whatever its port") {
  const std::pair<const char*, const char*> cases[] = {
      {"example.org", "https://example.org/.well-known/matrix/client"},
      {"Example.org:8448", "https://example.org/.well-known/matrix/client"},
      {"10.0.0.1:8008", "https://10.0.0.1/.well-known/matrix/client"},
      {"[::1]", "https://[::1]/.well-known/matrix/client"},
      {"[::1]:8448", "https://[::1]/.well-known/matrix/client"},
  };
  for (const auto& [name, url] : cases) {
    const std::string server_name = name;
    CAPTURE(server_name);
    CHECK(well_known_url(server_name).value().text() == url);
  }
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("https://example.org"), std::string("example.org/x"),
        std::string("user@example.org"), std::string("[zz]"), std::string("a..b"), std::string(100, 'a')}) {
    CAPTURE(name);
    const auto url = well_known_url(name);
    REQUIRE_FALSE(url.has_value());
    CHECK(url.error().code() == Errc::invalid_argument);
    CHECK(url.error().subject() == "server_name");
  }
}

TEST_CASE("well-known: what is published is found, after it has answered") {
  Domain domain;
  const auto found = domain.discover("localhost:8448");
  REQUIRE(found.has_value());
  CHECK(*found == domain.homeserver.url());
  CHECK(domain.proxy.asked().front() == "localhost:443");
  CHECK(domain.web.count("GET", document_path) == 1);
  CHECK(domain.homeserver.count("GET", "/_matrix/client/versions") == 1);
  CHECK(domain.homeserver.count() == 1);
}

TEST_CASE("well-known: redirects are followed, a path behind the URL is kept") {
  Domain domain;
  domain.web.on("GET", document_path, Answer(302).header("Location", domain.homeserver.url() + "/published"));
  domain.homeserver.on("GET", "/published",
                       Answer(200, R"({"m.homeserver":{"base_url":")" + domain.homeserver.url() + R"(/path/"}})"));
  domain.homeserver.on("GET", "/path/_matrix/client/versions", Answer(200, R"({"versions":["v1.11"]})"));
  const auto found = domain.discover();
  REQUIRE(found.has_value());
  CHECK(*found == domain.homeserver.url() + "/path");
}

TEST_CASE("well-known: no document is IGNORE") {
  Domain domain;
  domain.web.on("GET", document_path, Answer(404, "<html>").content_type("text/html"));
  fails(domain.discover(), Errc::not_found, "server_name");
  CHECK(domain.homeserver.count() == 0);
}

TEST_CASE("well-known: a document that says nothing is FAIL_PROMPT") {
  Domain domain;
  SUBCASE("another status") { domain.web.on("GET", document_path, Answer(403)); }
  SUBCASE("no content") { domain.web.on("GET", document_path, Answer(204, "")); }
  SUBCASE("empty") { domain.say(""); }
  SUBCASE("no JSON") { domain.say("<html>"); }
  SUBCASE("no object") { domain.say("[]"); }
  SUBCASE("no homeserver") { domain.say("{}"); }
  SUBCASE("homeserver is no object") { domain.say(R"({"m.homeserver":"https://hs.test"})"); }
  SUBCASE("no URL") { domain.say(R"({"m.homeserver":{}})"); }
  SUBCASE("an empty URL") { domain.publish(""); }
  SUBCASE("a redirect to http") {
    domain.web.on("GET", document_path, Answer(302).header("Location", "http://127.0.0.1:1/"));
  }
  fails(domain.discover(), Errc::protocol, "server_name");
  CHECK(domain.homeserver.count() == 0);
}

TEST_CASE("well-known: a homeserver that cannot be believed is FAIL_ERROR") {
  Domain domain;
  const auto answers = [&](const Answer& answer) { domain.homeserver.on("GET", "/_matrix/client/versions", answer); };
  SUBCASE("no URL") { domain.publish("matrix.example.org"); }
  SUBCASE("another scheme") { domain.publish("ftp://matrix.example.org"); }
  SUBCASE("a query") { domain.publish("https://matrix.example.org/?a=b"); }
  SUBCASE("http, where tokens could be read") { domain.publish("http://127.0.0.1:8008"); }
  SUBCASE("HTML") { answers(Answer(200, "<html>")); }
  SUBCASE("no versions") { answers(Answer(200, "{}")); }
  SUBCASE("a redirect") { answers(Answer(302).header("Location", "/elsewhere")); }
  fails(domain.discover(), Errc::protocol, "m.homeserver.base_url");
}

TEST_CASE("well-known: who cannot be reached is told apart by the subject") {
  Domain domain;
  SUBCASE("the domain") {
    domain.web.go_away();
    fails(domain.discover(), Errc::unreachable, "server_name");
  }
  SUBCASE("the homeserver") {
    domain.homeserver.go_away();
    fails(domain.discover(), Errc::unreachable, "m.homeserver.base_url");
  }
  SUBCASE("a homeserver that fails") {
    domain.homeserver.on("GET", "/_matrix/client/versions", Answer(503));
    fails(domain.discover(), Errc::unavailable, "m.homeserver.base_url");
    CHECK(domain.homeserver.count() == 4);
  }
  SUBCASE("a domain that limits") {
    domain.web.on("GET", document_path, Answer(429).header("Retry-After", "3600"));
    fails(domain.discover(), Errc::rate_limited, "server_name");
  }
  SUBCASE("a domain that says nothing") {
    domain.web.on("GET", document_path, Answer().hold());
    fails(domain.discover("localhost", CallOptions().within(300ms)), Errc::timed_out, "server_name");
  }
}
