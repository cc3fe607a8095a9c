// What comes of each kind of answer, good and bad, over plain HTTP.
#include "net/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "http_client_fixture.hpp"
#include "support/fake_homeserver.hpp"

using namespace confab::test;

namespace {

constexpr std::string_view token_text = "syt_not_to_be_seen";

// Accepts connections, does with each what it is told, once.
class RawServer {
 public:
  explicit RawServer(std::function<void(int)> serve) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    REQUIRE(::listen(listener_, 16) == 0);
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (;;) {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        ++accepted_;
        serve(client);
        ::close(client);
      }
    });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int accepted() const { return accepted_; }
  // New connections are refused from now on.
  void stop_listening() const { ::shutdown(listener_, SHUT_RDWR); }

  // Reads to the end of a request's header.
  static std::string read_header(int client) {
    std::string text;
    char byte = 0;
    while (text.find("\r\n\r\n") == std::string::npos && ::recv(client, &byte, 1, 0) == 1) text += byte;
    return text;
  }
  static void write(int client, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t wrote = ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (wrote <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }
  static void reset(int client) {
    const linger now{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::thread thread_;
};

std::string refused_url() {
  // A port that was bound and listens no more.
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(socket);
  return "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

}  // namespace

TEST_CASE("http client: what is asked arrives, what is answered comes back") {
  FakeHomeserver server;
  server.on("PUT", "/base/_matrix/x/**", Answer(200, R"({"event_id":"$1"})").header("X-Seen", "yes"));
  ClientFixture client(server.url() + "/base");
  const auto outcome = client(HttpRequest("PUT", "/_matrix/x/%21a%3Ab?k=v%20w")
                                  .body(R"({"b":1})")
                                  .bearer(confab::Secret(std::string(token_text))));
  REQUIRE(outcome.answered());
  CHECK(outcome.sent());
  CHECK(outcome.answer().status() == 200);
  CHECK(outcome.answer().body() == R"({"event_id":"$1"})");
  CHECK(outcome.answer().headers().get("x-seen") == "yes");
  const auto seen = server.requests().at(0);
  CHECK(seen.target == "/base/_matrix/x/%21a%3Ab?k=v%20w");
  CHECK(seen.body == R"({"b":1})");
  CHECK(seen.token() == token_text);
  CHECK(seen.header("content-type") == "application/json");
  CHECK(seen.header("user-agent") == "confab");
  CHECK(seen.header("accept-encoding").empty());
  CHECK(seen.header("expect").empty());
  CHECK(client.transfers() == 0);
}

TEST_CASE("http client: what is only read may come compressed") {
  FakeHomeserver server;
  server.on("GET", "/x", Answer(200, "{}"));
  ClientFixture client(server.url());
  REQUIRE(client(HttpRequest("GET", "/x")).answered());
  CHECK(server.requests().at(0).header("accept-encoding") == "gzip, deflate");
  CHECK(server.requests().at(0).header("user-agent") == "confab");
}

TEST_CASE("http client: methods, with bodies and without") {
  FakeHomeserver server;
  server.on("*", "/m", Answer(200, "{}"));
  ClientFixture client(server.url());
  for (const std::string method : {"GET", "POST", "PUT", "DELETE", "HEAD", "GET"}) {
    CHECK(client(HttpRequest(method, "/m")).answered());
    CHECK(client(HttpRequest(method == "HEAD" ? "PATCH" : method, "/m").body("{\"a\":2}")).answered());
  }
  const auto seen = server.requests();
  REQUIRE(seen.size() == 12);
  const std::string methods[] = {"GET", "POST", "PUT", "DELETE", "HEAD", "GET"};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(seen[2 * i].method == methods[i]);
    CHECK(seen[2 * i].body.empty());
    CHECK(seen[2 * i].header("authorization").empty());
    CHECK(seen[2 * i + 1].body == "{\"a\":2}");
  }
  CHECK(server.connections_accepted() == 1);
}

TEST_CASE("http client: a large body goes out whole") {
  FakeHomeserver server;
  server.on("PUT", "/large", Answer(200));
  ClientFixture client(server.url());
  const std::string body(3U << 20U, 'b');
  CHECK(client(HttpRequest("PUT", "/large").body(body)).answered());
  CHECK(server.requests().at(0).body == body);
}

TEST_CASE("http client: every status is an answer, and a redirect is not followed") {
  FakeHomeserver server;
  FakeHomeserver elsewhere;
  server.on("GET", "/429", Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "7"));
  server.on("GET", "/html", Answer(502, "<html>no</html>").content_type("text/html"));
  server.on("GET", "/away", Answer(302, "").header("Location", elsewhere.url() + "/taken"));
  ClientFixture client(server.url());
  const auto limited = client.get("/429");
  REQUIRE(limited.answered());
  CHECK(limited.answer().status() == 429);
  CHECK(limited.answer().headers().get("retry-after") == "7");
  CHECK(client.get("/html").answer().status() == 502);
  const auto away = client(HttpRequest("GET", "/away").bearer(confab::Secret(std::string(token_text))));
  REQUIRE(away.answered());
  CHECK(away.answer().status() == 302);
  CHECK(elsewhere.connections_accepted() == 0);
}

TEST_CASE("http client: the environment's proxies are not ours, and a proxy that is ours is asked for whole URLs") {
  FakeHomeserver server;
  server.on("GET", "/x", Answer(200));
  std::string line;
  RawServer proxy([&](int client) {
    const std::string header = RawServer::read_header(client);
    line = header.substr(0, header.find("\r\n"));
    RawServer::write(client, "HTTP/1.1 203 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  });
  for (const char* name : {"http_proxy", "ALL_PROXY", "all_proxy"}) ::setenv(name, proxy.url().c_str(), 1);
  {
    ClientFixture direct(server.url());
    CHECK(direct.get("/x").answer().status() == 200);
    CHECK(proxy.accepted() == 0);
  }
  for (const char* name : {"http_proxy", "ALL_PROXY", "all_proxy"}) ::unsetenv(name);
  HttpClientOptions options(base_url("http://matrix.example/base"));
  options.proxy(proxy.url());
  ClientFixture through(options);
  // The name is the proxy's to resolve: this one does not exist.
  const auto outcome = through.get("/x?y=1");
  REQUIRE(outcome.answered());
  CHECK(outcome.answer().status() == 203);
  CHECK(line == "GET http://matrix.example/base/x?y=1 HTTP/1.1");
}

TEST_CASE("http client: https through a proxy asks for a tunnel, and its refusal is no answer") {
  std::string line;
  RawServer proxy([&](int client) {
    const std::string header = RawServer::read_header(client);
    line = header.substr(0, header.find("\r\n"));
    RawServer::write(client, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  HttpClientOptions options(base_url("https://matrix.example"));
  options.proxy(proxy.url());
  ClientFixture through(options);
  const auto outcome = through(HttpRequest("GET", "/x").bearer(confab::Secret(std::string(token_text))));
  REQUIRE_FALSE(outcome.answered());
  CHECK_FALSE(outcome.sent());
  CHECK(line == "CONNECT matrix.example:443 HTTP/1.1");
}

TEST_CASE("http client: interim answers are skipped, an endless row of them is not") {
  std::atomic<bool> endless{false};
  RawServer server([&](int client) {
    RawServer::read_header(client);
    std::string interim;
    for (int i = 0; i < (endless ? 200 : 2); ++i)
      interim += "HTTP/1.1 103 Early Hints\r\nLink: " + std::string(2000, 'x') + "\r\n\r\n";
    RawServer::write(client, interim + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  });
  ClientFixture client(server.url());
  const auto answer = client.get("/");
  REQUIRE(answer.answered());
  CHECK(answer.answer().status() == 200);
  CHECK_FALSE(answer.answer().headers().get("link"));
  endless = true;
  check_failure(client.get("/"), TransferFailure::protocol, true);
}

TEST_CASE("http client: cut, reset, truncated and unreadable answers") {
  FakeHomeserver server;
  server.on("GET", "/cut", Answer(200, std::string(100, 'x')).cut_after(40));
  server.on("GET", "/headers", Answer(200, "0123456789").cut_after(0));
  server.on("GET", "/reset", Answer(200, std::string(100, 'x')).reset_after(40));
  server.on("GET", "/nothing", Answer().close_before_answer());
  server.on("GET", "/chunked", Answer(200, std::string(100, 'x')).chunked().cut_after(40));
  server.on("GET", "/gzip", Answer(200, std::string(3000, 'x')).gzip().cut_after(20));
  server.on("GET", "/nogzip", Answer(200, "not compressed").header("Content-Encoding", "gzip"));
  ClientFixture client(server.url());
  for (const std::string path : {"/cut", "/headers", "/reset", "/nothing", "/chunked", "/gzip", "/nogzip"}) {
    CAPTURE(path);
    check_failure(client.get(path), TransferFailure::cut, true);
  }
  CHECK(server.count() == 7);
  CHECK(client.transfers() == 0);
}

TEST_CASE("http client: what is no HTTP") {
  for (const std::string answer : {"SSH-2.0-OpenSSH_9.2\r\n", "<html>hello</html>\r\n\r\n", "HTTP/1.1 banana\r\n\r\n",
                                   "HTTP/9.9 200 OK\r\n\r\n"}) {
    CAPTURE(answer);
    RawServer server([&](int client) {
      RawServer::read_header(client);
      RawServer::write(client, answer);
    });
    ClientFixture client(server.url());
    check_failure(client.get("/"), TransferFailure::protocol, true);
  }
}

TEST_CASE("http client: header that is too large, in one line and in many") {
  for (const bool one_line : {true, false}) {
    RawServer server([&](int client) {
      RawServer::read_header(client);
      std::string header = "HTTP/1.1 200 OK\r\n";
      for (int i = 0; i < 5000; ++i)
        header += one_line ? "X-xxxxxxxxxxxxxxxxxxxxxxxxxxxxx" : "X-" + std::to_string(i) + ": some value or other\r\n";
      RawServer::write(client, (one_line ? "HTTP/1.1 200 OK\r\nX: " : "") + header + "\r\n\r\n");
    });
    ClientFixture client(server.url());
    check_failure(client.get("/"), TransferFailure::protocol, true);
  }
}

TEST_CASE("http client: larger than asked for: announced, not announced, and compressed") {
  FakeHomeserver server;
  server.on("GET", "/announced", Answer(200).huge(std::uint64_t{1} << 40U));
  server.on("GET", "/chunked", Answer(200).huge(std::uint64_t{1} << 40U).chunked());
  server.on("GET", "/bomb", Answer(200, std::string(40U << 20U, 'x')).gzip());
  server.on("GET", "/fits", Answer(200, std::string(1000, 'x')));
  server.on("GET", "/packed", Answer(200, std::string(1000, 'x')).gzip());
  ClientFixture client(server.url());
  for (const std::string path : {"/announced", "/chunked", "/bomb"}) {
    CAPTURE(path);
    check_failure(client(HttpRequest("GET", path).max_answer(1U << 20U)), TransferFailure::too_large, true);
  }
  for (const std::string path : {"/fits", "/packed"}) {
    CAPTURE(path);
    CHECK(client(HttpRequest("GET", path).max_answer(1000)).answer().body() == std::string(1000, 'x'));
    check_failure(client(HttpRequest("GET", path).max_answer(999)), TransferFailure::too_large, true);
  }
}

TEST_CASE("http client: what is more than expected comes whole, by turns with other requests") {
  FakeHomeserver server;
  const std::string body(100'000, 'x');
  server.on("GET", "/large", Answer(200, body));
  ClientFixture client(server.url());
  for (int i = 0; i < 6; ++i) {
    const auto lane = i < 3 ? Lane::long_poll : Lane::interactive;
    const auto expected = i % 3 == 0 ? Expected::little : i % 3 == 1 ? Expected::usual : Expected::much;
    CHECK(client(HttpRequest("GET", "/large").lane(lane).expects(expected)).answer().body() == body);
  }
  CHECK(server.connections_accepted() == 2);
}

TEST_CASE("http client: a reader gets the body of a good answer as it comes, and may end it") {
  FakeHomeserver server;
  server.on("GET", "/good", Answer(200, std::string(20000, 'g')).drip(5000, 1ms));
  server.on("GET", "/bad", Answer::error(403, "M_FORBIDDEN"));
  ClientFixture client(server.url());
  std::string read;
  std::size_t pieces = 0;
  const auto reader = [&](std::string_view bytes) {
    read += bytes;
    ++pieces;
    return true;
  };
  const auto good = client(HttpRequest("GET", "/good").on_body(reader));
  REQUIRE(good.answered());
  CHECK(good.answer().body().empty());
  CHECK(read == std::string(20000, 'g'));
  CHECK(pieces >= 4);
  read.clear();
  const auto bad = client(HttpRequest("GET", "/bad").on_body(reader));
  CHECK(bad.answer().status() == 403);
  CHECK(bad.answer().body().find("M_FORBIDDEN") != std::string::npos);
  CHECK(read.empty());
  check_failure(client(HttpRequest("GET", "/good").on_body([](std::string_view) { return false; })),
                TransferFailure::cancelled, true);
  check_failure(client(HttpRequest("GET", "/good").on_body([](std::string_view) -> bool { throw 1; })),
                TransferFailure::cut, true);
  CHECK(client.transfers() == 0);
}

TEST_CASE("http client: nothing listens, no such name, no such target") {
  ClientFixture refused(refused_url());
  check_failure(refused.get("/"), TransferFailure::connect, false);
  ClientFixture nameless("http://no.such.name.invalid");
  check_failure(nameless.get("/"), TransferFailure::name, false);
  FakeHomeserver server;
  ClientFixture client(server.url());
  check_failure(client.get("/a b"), TransferFailure::protocol, false);
  check_failure(client.get("/../admin"), TransferFailure::protocol, false);
  check_failure(client.get("http://elsewhere.example/"), TransferFailure::protocol, false);
  CHECK(server.connections_accepted() == 0);
}

TEST_CASE("http client: a peer that takes no connection is given up after the connect timeout") {
  // The queue of a listener that never accepts is filled, so that the next connect gets no answer.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  REQUIRE(::listen(listener, 0) == 0);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    static_cast<void>(::connect(filler, reinterpret_cast<sockaddr*>(&address), size));
    fillers.push_back(filler);
  }
  {
    HttpClientOptions options(base_url("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))));
    options.connect_timeout(100ms);
    ClientFixture client(options);
    check_failure(client.get("/"), TransferFailure::connect, false);
    check_failure(client(HttpRequest("GET", "/").lane(Lane::long_poll)), TransferFailure::connect, false);
    CHECK(client.transfers() == 0);
  }
  for (const int filler : fillers) ::close(filler);
  ::close(listener);
}

TEST_CASE("http client: a connection that ended before the request is replaced, and the request comes once") {
  FakeHomeserver server;
  server.on("POST", "/createRoom", Answer(200, "{}").close_afterwards());
  ClientFixture client(server.url());
  for (int i = 0; i < 5; ++i) {
    CHECK(client(HttpRequest("POST", "/createRoom").body("{}")).answered());
    REQUIRE(server.wait_connections_closed(10s));
  }
  CHECK(server.count() == 5);
  CHECK(server.connections_accepted() == 5);
}

TEST_CASE("http client: a kept connection that dies after the request was written: libcurl's own repeat is stopped") {
  // libcurl by itself would send the second request again on a fresh connection, whatever it does.
  for (const bool reset : {false, true}) {
    CAPTURE(reset);
    std::atomic<int> requests{0};
    RawServer server([&](int client) {
      if (RawServer::read_header(client).empty()) return;  // the connection of the repeat that was stopped
      ++requests;
      RawServer::write(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
      if (!RawServer::read_header(client).empty()) ++requests;
      if (reset) RawServer::reset(client);
    });
    ClientFixture client(server.url());
    CHECK(client(HttpRequest("POST", "/createRoom")).answered());
    check_failure(client(HttpRequest("POST", "/createRoom")), TransferFailure::cut, true);
    CHECK(requests == 2);
    CHECK(client(HttpRequest("POST", "/createRoom")).answered());
    CHECK(requests == 3);
  }
}

TEST_CASE("http client: what was written stays written when libcurl's reconnect is refused") {
  // A homeserver that is killed over a request: the kept connection dies, and nobody listens any more.
  RawServer* self = nullptr;
  RawServer server([&](int client) {
    RawServer::read_header(client);
    RawServer::write(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    RawServer::read_header(client);
    self->stop_listening();
    RawServer::reset(client);
  });
  self = &server;
  ClientFixture client(server.url());
  CHECK(client(HttpRequest("PUT", "/send/1").body("{}")).answered());
  check_failure(client(HttpRequest("PUT", "/send/1").body("{}")), TransferFailure::cut, true);
  check_failure(client(HttpRequest("PUT", "/send/1").body("{}")), TransferFailure::connect, false);
}
