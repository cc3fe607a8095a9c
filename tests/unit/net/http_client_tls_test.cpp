// Who is believed, and what TLS and HTTP/2 change. HTTP/2 is spoken with a real nginx.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "http_client_fixture.hpp"
#include "support/fake_homeserver.hpp"
#include "support/nginx.hpp"

using namespace confab::test;

namespace {

HttpClientOptions trusting(const std::string& url) {
  HttpClientOptions options(base_url(url));
  options.ca_file(authority().ca_file());
  return options;
}

FakeHomeserver::Options tls(const TestCertificate& certificate) { return FakeHomeserver::Options().tls(certificate); }

struct LogLine {
  std::string protocol;
  std::string connection;
  int status = 0;
  std::string resumed;
};

std::vector<LogLine> lines_of(const std::string& log) {
  std::vector<LogLine> lines;
  std::istringstream in(log);
  LogLine line;
  while (in >> line.protocol >> line.connection >> line.status >> line.resumed) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("http client: https with an authority that is trusted") {
  FakeHomeserver server(tls(authority().valid()));
  server.on("GET", "/x", Answer(200, R"({"a":1})"));
  ClientFixture client(trusting(server.url()));
  for (int i = 0; i < 3; ++i) {
    const auto outcome = client.get("/x");
    REQUIRE(outcome.answered());
    CHECK(outcome.answer().body() == R"({"a":1})");
  }
  CHECK(server.connections_accepted() == 1);
}

TEST_CASE("http client: certificates that must not be believed") {
  struct Case {
    std::string what;
    TestCertificate certificate;
    bool trusts_authority;
    const char* reason;
  };
  const Case cases[] = {
      {"expired", authority().expired(), true, "certificate has expired"},
      {"not yet valid", authority().not_yet_valid(), true, "certificate is not yet valid"},
      {"another name", authority().other_name(), true, "the certificate is for another name"},
      {"self-signed", authority().self_signed(), true, "self-signed certificate"},
      {"unknown authority", authority().valid(), false, "unable to get local issuer certificate"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    FakeHomeserver server(tls(each.certificate));
    server.on("*", "/**", Answer(200));
    HttpClientOptions options(base_url(server.url()));
    if (each.trusts_authority) options.ca_file(authority().ca_file());
    ClientFixture client(options);
    const auto outcome = client(HttpRequest("POST", "/login").body("{}").bearer(confab::Secret("secret")));
    REQUIRE_FALSE(outcome.answered());
    CAPTURE(outcome.reason());
    CHECK(outcome.failure() == TransferFailure::trust);
    CHECK_FALSE(outcome.sent());
    CHECK(outcome.reason().find(each.reason) != std::string::npos);
    CHECK(server.count() == 0);
  }
}

TEST_CASE("http client: a ca_file that cannot be read, and TLS where there is none") {
  FakeHomeserver server(tls(authority().valid()));
  HttpClientOptions options(base_url(server.url()));
  options.ca_file("/nonexistent/ca.pem");
  ClientFixture client(options);
  const auto outcome = client.get("/x");
  REQUIRE_FALSE(outcome.answered());
  CHECK(outcome.failure() == TransferFailure::trust);
  CHECK(server.connections_accepted() == 0);

  FakeHomeserver plain;
  ClientFixture wrong(trusting("https://127.0.0.1:" + std::to_string(plain.port())));
  const auto refused = wrong.get("/x");
  REQUIRE_FALSE(refused.answered());
  CHECK(refused.failure() == TransferFailure::connect);
  CHECK_FALSE(refused.sent());

  ClientFixture other(HttpClientOptions(base_url("http://127.0.0.1:" + std::to_string(server.port()))));
  const auto garbled = other.get("/x", 5s);
  CHECK_FALSE(garbled.answered());
}

TEST_CASE("http client: over TLS, cut answers and stops end as without") {
  FakeHomeserver server(tls(authority().valid()));
  server.on("GET", "/cut", Answer(200, std::string(100, 'x')).cut_after(40));
  server.on("GET", "/reset", Answer(200, std::string(100, 'x')).reset_after(40));
  server.on("GET", "/nothing", Answer().close_before_answer());
  server.on("GET", "/held", Answer().hold());
  ClientFixture client(trusting(server.url()));
  for (const std::string path : {"/cut", "/reset", "/nothing"}) {
    CAPTURE(path);
    const auto outcome = client.get(path);
    REQUIRE_FALSE(outcome.answered());
    CHECK(outcome.failure() == TransferFailure::cut);
    CHECK(outcome.sent());
  }
  std::stop_source stop;
  auto outcome = client.begin(HttpRequest("GET", "/held"), 20s, stop.get_token());
  REQUIRE(server.wait_for(1, "GET", "/held", 10s));
  stop.request_stop();
  CHECK(outcome.get().failure() == TransferFailure::cancelled);
  CHECK(server.wait_connections_closed(10s));
}

TEST_CASE("http/2: requests share one connection, answers are told apart") {
  FakeHomeserver server;
  server.on("*", "/n/*").then([](const Request& request) { return Answer(200, request.segments.back()).after(10ms); });
  Nginx nginx(authority().valid(), server.port());
  ClientFixture client(trusting(nginx.url()));
  std::vector<std::future<HttpOutcome>> outcomes;
  for (int i = 0; i < 60; ++i) {
    outcomes.push_back(client.begin(
        HttpRequest("PUT", "/n/" + std::to_string(i)).body("{}").bearer(confab::Secret("t" + std::to_string(i)))));
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto outcome = outcomes[i].get();
    REQUIRE(outcome.answered());
    CHECK(outcome.answer().body() == std::to_string(i));
  }
  for (const auto& request : server.requests()) CHECK(request.token() == "t" + request.segments.back());
  std::set<std::string> connections;
  for (const auto& line : lines_of(nginx.access_log(60))) {
    CHECK(line.protocol == "HTTP/2.0");
    connections.insert(line.connection);
  }
  CHECK(connections.size() == 1);
}

TEST_CASE("http/2: no connection carries more than 80 streams at a time") {
  FakeHomeserver server;
  server.on("GET", "/held", Answer().hold());
  Nginx nginx(authority().valid(), server.port());
  ClientFixture client(trusting(nginx.url()));
  std::vector<std::future<HttpOutcome>> outcomes;
  for (int i = 0; i < 200; ++i) outcomes.push_back(client.begin(HttpRequest("GET", "/held").lane(Lane::long_poll)));
  REQUIRE(server.wait_for(200, "GET", "/held", 20s));
  server.release();
  for (auto& outcome : outcomes) CHECK(outcome.get().answered());
  std::map<std::string, int> streams;
  for (const auto& line : lines_of(nginx.access_log(200))) ++streams[line.connection];
  CHECK(streams.size() >= 3);
  for (const auto& [connection, count] : streams) CHECK(count <= 80);
}

TEST_CASE("http/2: a long poll and an interactive request do not share a connection") {
  FakeHomeserver server;
  server.on("GET", "/sync", Answer().hold());
  server.on("GET", "/quick", Answer(201));
  Nginx nginx(authority().valid(), server.port());
  ClientFixture client(trusting(nginx.url()));
  auto poll = client.begin(HttpRequest("GET", "/sync").lane(Lane::long_poll));
  REQUIRE(server.wait_for(1, "GET", "/sync", 10s));
  for (int i = 0; i < 5; ++i) CHECK(client.get("/quick").answered());
  server.release();
  CHECK(poll.get().answered());
  std::map<int, std::set<std::string>> connections;
  for (const auto& line : lines_of(nginx.access_log(6))) connections[line.status].insert(line.connection);
  CHECK(connections[200].size() == 1);
  CHECK(connections[201].size() == 1);
  CHECK(connections[200] != connections[201]);
}

TEST_CASE("http/2: a stopped stream leaves the others and the connection alone") {
  FakeHomeserver server;
  server.on("GET", "/held", Answer().hold());
  server.on("GET", "/quick", Answer(200));
  Nginx nginx(authority().valid(), server.port());
  ClientFixture client(trusting(nginx.url()));
  std::stop_source stop;
  auto stopped = client.begin(HttpRequest("GET", "/held"), 20s, stop.get_token());
  auto stays = client.begin(HttpRequest("GET", "/held"));
  REQUIRE(server.wait_for(2, "GET", "/held", 10s));
  stop.request_stop();
  const auto outcome = stopped.get();
  CHECK(outcome.failure() == TransferFailure::cancelled);
  CHECK(outcome.sent());
  CHECK(client.transfers() == 1);
  CHECK(client.get("/quick").answered());
  server.release();
  CHECK(stays.get().answered());
  std::set<std::string> connections;
  for (const auto& line : lines_of(nginx.access_log(3))) connections.insert(line.connection);
  CHECK(connections.size() == 1);
}

TEST_CASE("http/2: a body that is refused before it was sent has its answer, among many of all sizes") {
  FakeHomeserver server;
  server.on("*", "/n/*", Answer(200));
  for (int round = 0; round < 5; ++round) {
    Nginx nginx(authority().valid(), server.port(), "client_max_body_size 60k;");
    ClientFixture client(trusting(nginx.url()));
    std::vector<std::future<HttpOutcome>> refused;
    std::vector<std::future<HttpOutcome>> taken;
    for (int i = 0; i < 30; ++i) {
      for (const std::size_t size : {65'536U, 200'000U, 300'000U}) {
        if (size != 200'000 && i >= 3) continue;
        refused.push_back(client.begin(HttpRequest("PUT", "/n/refused").body(std::string(size, 'x'))));
      }
      taken.push_back(client.begin(HttpRequest("PUT", "/n/small").body("{}")));
      taken.push_back(client.begin(HttpRequest("GET", "/n/none")));
      taken.push_back(client.begin(HttpRequest("PUT", "/n/large").body(std::string(40'000, 'x'))));
    }
    for (auto& future : refused) {
      const auto outcome = future.get();
      CAPTURE(outcome.reason());
      REQUIRE(outcome.answered());
      CHECK(outcome.answer().status() == 413);
    }
    for (auto& future : taken) {
      const auto outcome = future.get();
      CAPTURE(outcome.reason());
      REQUIRE(outcome.answered());
      CHECK(outcome.answer().status() == 200);
    }
  }
  CHECK(server.count("PUT", "/n/small") == 150);
  CHECK(server.count("GET", "/n/none") == 150);
  CHECK(server.count("PUT", "/n/large") == 150);
  CHECK(server.count("PUT", "/n/refused") == 0);
}

TEST_CASE("http/2: large bodies go over HTTP/1.1, at most eight at a time, and leave connections to the next") {
  FakeHomeserver server;
  server.on("*", "/n/*", Answer(200));
  Nginx nginx(authority().valid(), server.port());
  ClientFixture client(trusting(nginx.url()));
  for (int round = 0; round < 2; ++round) {
    std::vector<std::future<HttpOutcome>> outcomes;
    for (int i = 0; i < 20; ++i) {
      outcomes.push_back(client.begin(HttpRequest("PUT", "/n/large").body(std::string(16'385, 'x'))));
      outcomes.push_back(client.begin(HttpRequest("PUT", "/n/small").body(std::string(16'384, 'x'))));
    }
    for (auto& future : outcomes) CHECK(future.get().answered());
  }
  std::map<std::string, int> requests;
  std::map<std::string, std::set<std::string>> connections;
  for (const auto& line : lines_of(nginx.access_log(80))) {
    ++requests[line.protocol];
    connections[line.protocol].insert(line.connection);
  }
  CHECK(requests["HTTP/1.1"] == 40);
  CHECK(requests["HTTP/2.0"] == 40);
  CHECK(connections["HTTP/1.1"].size() <= 8);
  CHECK(connections["HTTP/2.0"].size() == 1);
}

TEST_CASE("http/2: the option forces HTTP/1.1") {
  FakeHomeserver server;
  server.on("GET", "/x", Answer(200));
  Nginx nginx(authority().valid(), server.port());
  HttpClientOptions options = trusting(nginx.url());
  options.force_http1(true);
  ClientFixture client(options);
  CHECK(client.get("/x").answered());
  CHECK(lines_of(nginx.access_log(1)).at(0).protocol == "HTTP/1.1");
}

TEST_CASE("http/2: when the server ends a connection (GOAWAY), each request comes once or is told not sent") {
  FakeHomeserver server;
  server.on("POST", "/createRoom/*", Answer(200));
  Nginx nginx(authority().valid(), server.port(), "keepalive_requests 7;");
  ClientFixture client(trusting(nginx.url()));
  std::size_t answered = 0;
  std::size_t not_sent = 0;
  std::set<std::string> unsent;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::pair<std::string, std::future<HttpOutcome>>> outcomes;
    for (int i = 0; i < 20; ++i) {
      const std::string name = std::to_string(round) + "-" + std::to_string(i);
      outcomes.emplace_back(name, client.begin(HttpRequest("POST", "/createRoom/" + name).body("{}")));
    }
    for (auto& [name, future] : outcomes) {
      const auto outcome = future.get();
      if (outcome.answered()) {
        ++answered;
        continue;
      }
      CAPTURE(outcome.reason());
      if (outcome.failure() == TransferFailure::not_sent) {
        ++not_sent;
        unsent.insert(name);
        CHECK_FALSE(outcome.sent());
      } else {
        CHECK(outcome.failure() == TransferFailure::cut);  // it could not be proved: never claimed to be unsent
      }
    }
  }
  MESSAGE("answered " << answered << ", told not sent " << not_sent << " of 200");
  CHECK(answered >= 35);  // seven on the first connection of each round, but for what a busy machine loses
  std::map<std::string, int> came;
  for (const auto& request : server.requests()) ++came[request.segments.back()];
  for (const auto& each : came) {
    CAPTURE(each.first);
    CHECK(each.second == 1);
    CHECK_FALSE(unsent.contains(each.first));
  }
}

TEST_CASE("http client: a TLS session is taken up again on a new connection") {
  FakeHomeserver server;
  server.on("GET", "/x", Answer(200));
  Nginx nginx(authority().valid(), server.port(), "keepalive_requests 1;");
  HttpClientOptions options = trusting(nginx.url());
  options.force_http1(true);
  ClientFixture client(options);
  for (int i = 0; i < 4; ++i) CHECK(client.get("/x").answered());
  const auto lines = lines_of(nginx.access_log(4));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].resumed == ".");
  for (std::size_t i = 1; i < 4; ++i) CHECK(lines[i].resumed == "r");
}
