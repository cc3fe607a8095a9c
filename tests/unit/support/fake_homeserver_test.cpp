#include "../../support/fake_homeserver.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <atomic>
#include <memory>

#include "../../support/raw_client.hpp"

using namespace confab::test;
using namespace std::chrono_literals;

namespace {

std::string get(const FakeHomeserver& server, std::string_view target) {
  RawClient client(server.port());
  REQUIRE(client.request("GET", target));
  return client.answer();
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The milliseconds a call took.
template <class Call>
long long took(Call call) {
  const auto from = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - from).count();
}

std::string gunzipped(const std::string& packed) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(100000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("fake homeserver: anything not scripted is 404 M_UNRECOGNIZED") {
  const FakeHomeserver server;
  const std::string answer = get(server, "/nothing");
  CHECK(answer.starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(has(answer, "M_UNRECOGNIZED"));
}

TEST_CASE("fake homeserver: requests are recorded as sent and decoded, on one kept connection") {
  FakeHomeserver server;
  server.on("PUT", "/rooms/!a:b/send/*", Answer(200, R"({"ok":1})"));
  RawClient client(server.port());
  client.request("PUT", "/rooms/%21a%3Ab/send/x%2Fy?k=v%20w&z=1+2", "hello", "X-One: 1\r\nx-one: 2\r\n");
  CHECK(has(client.answer(), R"({"ok":1})"));
  client.send(
      "POST /chunky HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n");
  client.answer();
  const auto seen = server.requests();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].target == "/rooms/%21a%3Ab/send/x%2Fy?k=v%20w&z=1+2");
  CHECK(seen[0].path == "/rooms/!a:b/send/x/y");
  CHECK(seen[0].segments.back() == "x/y");
  CHECK(seen[0].parameter("k") == "v w");
  CHECK(seen[0].parameter("z") == "1 2");
  CHECK_FALSE(seen[0].parameter("none"));
  CHECK(seen[0].header("x-one") == "1, 2");
  CHECK(seen[0].body == "hello");
  CHECK(seen[1].body == "abcde");
  CHECK(seen[1].connection == seen[0].connection);
  CHECK(server.connections_accepted() == 1);
  CHECK(server.count("PUT", "/rooms/*/send/*") == 1);
  CHECK(server.count("*", "/**") == 2);
}

TEST_CASE("fake homeserver: steps, times, pass and the newest script first") {
  FakeHomeserver server;
  server.on("GET", "/a").then(Answer(500)).times(2).then(Answer(503)).then(Answer(200));
  const auto status = [&](std::string_view path) { return get(server, path).substr(9, 3); };
  CHECK(status("/a") == "500");
  CHECK(status("/a") == "500");
  CHECK(status("/a") == "503");
  CHECK(status("/a") == "200");
  CHECK(status("/a") == "200");
  server.on("GET", "/a").pass(1).then(Answer(429)).times(1);
  CHECK(status("/a") == "200");
  CHECK(status("/a") == "429");
  CHECK(status("/a") == "200");
  server.on("GET", "/f/*").then([](const Request& request) { return Answer(200, request.segments.back()); });
  CHECK(has(get(server, "/f/echo"), "\r\n\r\necho"));
  server.clear_scripts();
  CHECK(status("/a") == "404");
}

TEST_CASE("fake homeserver: cut, reset, closed") {
  FakeHomeserver server;
  server.on("GET", "/cut", Answer(200, "0123456789").cut_after(4));
  server.on("GET", "/headers", Answer(200, "0123456789").cut_after(0));
  server.on("GET", "/reset", Answer(200, "0123456789").reset_after(4));
  server.on("GET", "/close", Answer().close_before_answer());
  server.on("GET", "/stale", Answer(200, "0123456789").close_afterwards());

  RawClient cut(server.port());
  cut.request("GET", "/cut");
  const std::string part = cut.read_all();
  CHECK(has(part, "Content-Length: 10\r\n"));
  CHECK(part.ends_with("\r\n\r\n0123"));
  CHECK(cut.end() == RawClient::End::closed);

  RawClient headers(server.port());
  headers.request("GET", "/headers");
  CHECK(headers.read_all().ends_with("\r\n\r\n"));
  CHECK(headers.end() == RawClient::End::closed);

  RawClient reset(server.port());
  reset.request("GET", "/reset");
  reset.read_all();
  CHECK(reset.end() == RawClient::End::reset);

  RawClient closed(server.port());
  closed.request("GET", "/close");
  CHECK(closed.read_all().empty());
  CHECK(closed.end() == RawClient::End::closed);

  RawClient stale(server.port());
  stale.request("GET", "/stale");
  const std::string whole = stale.read_all();
  CHECK(whole.ends_with("0123456789"));
  CHECK_FALSE(has(whole, "Connection: close"));
  CHECK(stale.end() == RawClient::End::closed);
  CHECK(server.wait_connections_closed(2s));
}

TEST_CASE("fake homeserver: framings, compression, size, status line") {
  FakeHomeserver server;
  server.on("GET", "/chunked", Answer(200, "abcdef").chunked().drip(4, 1ms));
  server.on("GET", "/open", Answer(200, "abcdef").no_length());
  server.on("GET", "/gzip", Answer(200, std::string(50000, 'z')).gzip());
  server.on("GET", "/huge", Answer(200, "").huge(3000000));
  server.on("GET", "/lie", Answer(200, "abc").header("Content-Length", "99").close_afterwards());
  server.on("GET", "/odd", Answer(200, "<html>").status_line("ICY 200").content_type("text/html"));

  RawClient chunked(server.port());
  chunked.request("GET", "/chunked");
  CHECK(chunked.read_until("0\r\n\r\n").ends_with("\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n"));

  RawClient open(server.port());
  open.request("GET", "/open");
  const std::string until_close = open.read_all();
  CHECK(until_close.ends_with("\r\n\r\nabcdef"));
  CHECK_FALSE(has(until_close, "Content-Length"));

  const std::string packed = get(server, "/gzip");
  CHECK(has(packed, "Content-Encoding: gzip"));
  CHECK(gunzipped(packed.substr(packed.find("\r\n\r\n") + 4)) == std::string(50000, 'z'));

  const std::string huge = get(server, "/huge");
  CHECK(has(huge, "Content-Length: 3000000\r\n"));
  CHECK(huge.size() - huge.find("\r\n\r\n") - 4 == 3000000);

  RawClient lie(server.port());
  lie.request("GET", "/lie");
  const std::string lied = lie.read_all();
  CHECK(has(lied, "Content-Length: 99\r\n"));
  CHECK_FALSE(has(lied, "Content-Length: 3\r\n"));

  const std::string odd = get(server, "/odd");
  CHECK(odd.starts_with("ICY 200\r\n"));
  CHECK(has(odd, "Content-Type: text/html\r\n"));

  RawClient head(server.port());
  head.request("HEAD", "/gzip");
  CHECK(head.read_until("\r\n\r\n").ends_with("\r\n\r\n"));
}

TEST_CASE("fake homeserver: delays and drips take their time") {
  FakeHomeserver server;
  server.on("GET", "/late", Answer(200, "late").after(60ms));
  server.on("GET", "/drip", Answer(200, "0123456789").drip(2, 10ms));
  CHECK(took([&] { CHECK(has(get(server, "/late"), "late")); }) >= 60);
  CHECK(took([&] { CHECK(has(get(server, "/drip"), "0123456789")); }) >= 40);
}

TEST_CASE("fake homeserver: a held answer waits for release, and notices a client that leaves") {
  FakeHomeserver server;
  server.on("GET", "/hold", Answer(200, "at last").hold());
  RawClient patient(server.port());
  RawClient hasty(server.port());
  patient.request("GET", "/hold");
  hasty.request("GET", "/hold");
  REQUIRE(server.wait_for(2, "GET", "/hold", 2s));
  CHECK_FALSE(patient.readable(20ms));
  CHECK(server.connections() == 2);
  hasty.close();
  CHECK(server.wait_connections(1, 2s));
  server.release();
  CHECK(has(patient.answer(), "at last"));
  patient.request("GET", "/hold");
  REQUIRE(server.wait_for(3, "GET", "/hold", 2s));
  CHECK_FALSE(patient.readable(20ms));  // a later one holds again
}

TEST_CASE("fake homeserver: its end ends every wait") {
  auto server = std::make_unique<FakeHomeserver>();
  server->on("GET", "/hold", Answer().hold());
  server->on("GET", "/late", Answer().after(std::chrono::hours(1)));
  RawClient idle(server->port());
  RawClient holding(server->port());
  RawClient late(server->port());
  holding.request("GET", "/hold");
  late.request("GET", "/late");
  REQUIRE(server->wait_for(1, "GET", "/hold", 2s));
  REQUIRE(server->wait_for(1, "GET", "/late", 2s));
  CHECK(took([&] { server.reset(); }) < 1000);
  CHECK(holding.read_all().empty());
  CHECK(late.read_all().empty());
  CHECK(idle.read_all().empty());
}

TEST_CASE("fake homeserver: long polls are asked again at each wake") {
  FakeHomeserver server;
  std::atomic<int> asked{0};
  std::atomic<bool> there{false};
  const auto ready = [&](bool over) -> std::optional<Answer> {
    ++asked;
    if (there) return Answer(200, "news");
    if (over) return Answer(200, "nothing");
    return std::nullopt;
  };
  server.on("GET", "/poll").then([&](const Request&) { return Answer::when(ready, 30s); });
  server.on("GET", "/brief").then([&](const Request&) { return Answer::when(ready, 15ms); });
  CHECK(has(get(server, "/brief"), "nothing"));
  RawClient client(server.port());
  client.request("GET", "/poll");
  REQUIRE(server.wait_for(1, "GET", "/poll", 2s));
  there = true;
  server.wake();
  CHECK(has(client.answer(), "news"));
  CHECK(asked >= 3);
}

TEST_CASE("fake homeserver: the work done, the answer lost") {
  FakeHomeserver server;
  std::atomic<int> worked{0};
  server.fallback([&](const Request&) { return Answer(201, std::to_string(++worked)); });
  server.on("PUT", "/x").then(Answer::real().close_before_answer()).times(1);
  RawClient client(server.port());
  client.request("PUT", "/x", "body");
  CHECK(client.read_all().empty());
  CHECK(worked == 1);
  server.on("PUT", "/x").then(Answer::real().header("X-Seen", "1")).times(1);
  RawClient second(server.port());
  second.request("PUT", "/x", "body");
  const std::string answer = second.answer();
  CHECK(answer.starts_with("HTTP/1.1 201 "));
  CHECK(has(answer, "X-Seen: 1\r\n"));
  CHECK(answer.ends_with("2"));
}

TEST_CASE("fake homeserver: away refuses, back answers on the same port") {
  FakeHomeserver server;
  RawClient before(server.port());
  before.request("GET", "/");
  before.answer();
  server.go_away();
  CHECK(before.read_all().empty());
  CHECK_FALSE(RawClient(server.port()).connected());
  server.come_back();
  CHECK(get(server, "/").starts_with("HTTP/1.1 404"));
  RawClient dropped(server.port());
  dropped.request("GET", "/");
  dropped.answer();
  server.drop_connections();
  CHECK(dropped.read_all().empty());
  CHECK(dropped.end() == RawClient::End::closed);
}

TEST_CASE("fake homeserver: bad and oversized requests are refused, not served") {
  FakeHomeserver server(FakeHomeserver::Options().max_body(10).max_connections(1));
  {
    RawClient garbage(server.port());
    garbage.send("what is this\r\n\r\n");
    CHECK(garbage.read_all().starts_with("HTTP/1.1 400"));
  }
  REQUIRE(server.wait_connections_closed(2s));
  {
    RawClient big(server.port());
    big.request("POST", "/", "", "Content-Length: 11\r\n");
    CHECK(big.read_all().starts_with("HTTP/1.1 413"));
  }
  REQUIRE(server.wait_connections_closed(2s));
  RawClient first(server.port());
  REQUIRE(server.wait_connections(1, 2s));
  RawClient one_too_many(server.port());
  CHECK(one_too_many.read_all().empty());
  CHECK(one_too_many.end() != RawClient::End::open);
  CHECK(server.count() == 0);
}
