// The well-known document is followed through real redirects: by servers with TLS, each of an origin of its own.
#include "net/redirected_get.hpp"

#include <doctest/doctest.h>

#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "net/redirect_policy.hpp"
#include "on_runtime.hpp"
#include "support/fake_homeserver.hpp"
#include "support/test_certificate.hpp"

using namespace std::chrono_literals;
using namespace confab;
using namespace confab::net;
using confab::test::Answer;
using confab::test::FakeHomeserver;
using confab::test::Request;

namespace {

const std::string well_known = "/.well-known/matrix/client";

FakeHomeserver::Options tls() { return FakeHomeserver::Options().tls(test::authority().valid()); }

Answer redirect(const std::string& to, int status = 302) { return Answer(status, "elsewhere").header("Location", to); }

AttemptOutcome by_status(const HttpAnswer& answer) { return AttemptOutcome::answer(answer.status()); }

Result<HttpAnswer> get(const std::string& url, unsigned tries = 1, CallOptions options = CallOptions().within(20s)) {
  Runtime runtime;
  return test::run<HttpAnswer>(
      runtime,
      [core = runtime.core(), url, tries](CallContext context) {
        HttpClientOptions like(*Url::parse_base("https://unused.invalid"));
        like.ca_file(test::authority().ca_file());
        return get_redirected(core, DocumentRequest(*Url::parse(url)).tries(tries).max_answer(1000), std::move(like),
                              &by_status, std::move(context));
      },
      std::move(options));
}

}  // namespace

TEST_CASE("redirected get: through several origins to the document, and no token anywhere") {
  FakeHomeserver first(tls());
  FakeHomeserver second(tls());
  first.on("GET", well_known, redirect("/moved?a=b", 301));
  first.on("GET", "/moved", redirect(second.url() + well_known, 307));
  second.on("GET", well_known, redirect(first.url() + "/last", 308));
  first.on("GET", "/last", Answer(200, "here"));
  const auto answer = get(first.url() + well_known);
  REQUIRE(answer.has_value());
  CHECK(answer->status() == 200);
  CHECK(answer->body() == "here");
  REQUIRE(first.count() == 3);
  REQUIRE(second.count() == 1);
  CHECK(first.requests("GET", "/moved").at(0).query == "a=b");
  for (const FakeHomeserver* server : {&first, &second}) {
    for (const Request& request : server->requests()) CHECK(request.token().empty());
  }
}

TEST_CASE("redirected get: an answer that is no redirect is handed on as it is") {
  FakeHomeserver server(tls());
  for (const int status : {200, 204, 300, 304, 403, 404}) {
    CAPTURE(status);
    server.on("GET", well_known, Answer(status, status == 204 || status == 304 ? "" : "body"));
    const auto answer = get(server.url() + well_known);
    REQUIRE(answer.has_value());
    CHECK(answer->status() == status);
  }
}

TEST_CASE("redirected get: never from https to http") {
  FakeHomeserver secure(tls());
  FakeHomeserver plain;
  plain.on("GET", "/**", Answer(200, "here"));
  secure.on("GET", well_known, redirect(plain.url() + well_known));
  const auto answer = get(secure.url() + well_known);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code() == Errc::protocol);
  CHECK(answer.error().http_status() == 302);
  CHECK(plain.count() == 0);
}

TEST_CASE("redirected get: from http to https, where the certificate is checked") {
  FakeHomeserver plain;
  FakeHomeserver secure(tls());
  FakeHomeserver stranger(FakeHomeserver::Options().tls(test::authority().self_signed()));
  for (FakeHomeserver* server : {&secure, &stranger}) server->on("GET", "/x", Answer(200, "here"));
  plain.on("GET", well_known, redirect(secure.url() + "/x"));
  CHECK(get(plain.url() + well_known).has_value());
  plain.on("GET", well_known, redirect(stranger.url() + "/x"));
  const auto answer = get(plain.url() + well_known);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code() == Errc::unreachable);
  CHECK(stranger.count() == 0);
}

TEST_CASE("redirected get: hops are bounded, circles end at once, a broken Location is none") {
  FakeHomeserver server(tls());
  server.on("GET", well_known, redirect("/1"));
  server.on("GET", "/*").then([](const Request& request) {
    return redirect('/' + std::to_string(std::stoi(request.segments.back()) + 1));
  });
  CHECK(get(server.url() + well_known).error().code() == Errc::protocol);
  CHECK(server.count() == max_redirects + 1);

  server.forget_requests();
  server.on("GET", "/1", redirect(well_known));
  CHECK(get(server.url() + well_known).error().code() == Errc::protocol);
  CHECK(server.count() == 2);

  const std::vector<Answer> broken = {Answer(302, "to nowhere"), redirect(""), redirect("https://u:p@127.0.0.1/"),
                                      redirect("ftp://127.0.0.1/"), redirect("https://")};
  for (const Answer& answer : broken) {
    server.forget_requests();
    server.on("GET", well_known, answer);
    CHECK(get(server.url() + well_known).error().code() == Errc::protocol);
    CHECK(server.count() == 1);
  }
}

TEST_CASE("redirected get: no other URL is followed") {
  FakeHomeserver server(tls());
  server.on("GET", "/**", redirect("/elsewhere"));
  for (const std::string path : {"/", "/_matrix/client/versions", "/.well-known/matrix/server"}) {
    server.forget_requests();
    const auto answer = get(server.url() + path);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code() == Errc::protocol);
    CHECK(server.count() == 1);
  }
}

TEST_CASE("redirected get: each URL is tried as often as allowed, failures keep their code") {
  FakeHomeserver first(tls());
  FakeHomeserver second(tls());
  first.on("GET", well_known, redirect(second.url() + "/x"));
  second.on("GET", "/x").then(Answer(503)).times(2).then(Answer(200, "here"));
  CHECK(get(first.url() + well_known, 4).has_value());
  CHECK(first.count() == 1);
  CHECK(second.count() == 3);

  second.on("GET", "/x", Answer(503));
  second.forget_requests();
  CHECK(get(first.url() + well_known, 1).error().code() == Errc::unavailable);
  CHECK(second.count() == 1);

  second.on("GET", "/x", Answer(200, std::string(1001, 'x')));
  CHECK(get(first.url() + well_known).error().code() == Errc::too_large);

  second.go_away();
  CHECK(get(first.url() + well_known).error().code() == Errc::unreachable);
}

TEST_CASE("redirected get: ends at the deadline and when it is stopped, on whichever hop") {
  FakeHomeserver first(tls());
  FakeHomeserver second(tls());
  first.on("GET", well_known, redirect(second.url() + "/x"));
  second.on("GET", "/x", Answer().hold());
  CHECK(get(first.url() + well_known, 1, CallOptions().within(300ms)).error().code() == Errc::timed_out);
  CHECK(second.wait_connections_closed(10s));

  std::stop_source stop;
  second.forget_requests();
  std::thread stopper([&] {
    CHECK(second.wait_for(1, "GET", "/x", 10s));
    stop.request_stop();
  });
  CHECK(get(first.url() + well_known, 1, CallOptions().within(20s).stop(stop.get_token())).error().code() ==
        Errc::cancelled);
  stopper.join();
  CHECK(second.wait_connections_closed(10s));
}
