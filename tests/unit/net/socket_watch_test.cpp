// What a socket waits with, where memory is short: the only memory in the program that is asked for without throwing.
#include "net/socket_watch.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <string>
#include <thread>

#include "http_client_fixture.hpp"
#include "support/loopback_socket.hpp"

using namespace confab::test;

namespace {
std::atomic<int> to_fail{0};
std::atomic<int> failed{0};
}  // namespace

void* operator new(std::size_t bytes, const std::nothrow_t& /*unused*/) noexcept {
  if (to_fail > 0) {
    --to_fail;
    ++failed;
    return nullptr;
  }
  try {
    return ::operator new(bytes);
  } catch (...) {
    return nullptr;
  }
}

TEST_CASE("socket watch: a body goes out whole although there is no memory to wait with at first") {
  constexpr int times = 5;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  REQUIRE(::listen(listener, 1) == 0);

  ClientFixture client("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  std::future<HttpOutcome> first = client.begin(HttpRequest("GET", "/first"));
  const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(connection >= 0);
  // What came up to `end`, and so much more.
  const auto read_on = [connection](std::string_view end, std::size_t more) {
    std::string got;
    std::string piece(std::size_t{1} << 20U, ' ');
    std::size_t at = std::string::npos;
    while ((at = got.find(end)) == std::string::npos || got.size() < at + end.size() + more) {
      const ssize_t bytes = ::recv(connection, piece.data(), piece.size(), 0);
      if (bytes <= 0) break;
      got.append(piece, 0, static_cast<std::size_t>(bytes));
    }
    return at == std::string::npos ? std::string() : got.substr(at + end.size());
  };
  const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  CHECK(read_on("\r\n\r\n", 0).empty());
  CHECK(send_all(connection, answer));
  CHECK(first.get().answered());

  // The connection waits for nothing but to be read from. Then more than the system's buffers hold: while it is not
  // read, it has to be waited for.
  const std::string body(std::size_t{32} << 20U, 'b');
  to_fail = times;
  std::future<HttpOutcome> large = client.begin(HttpRequest("PUT", "/large").body(body));
  const auto until = Clock::now() + 10s;
  while (failed < times && Clock::now() < until) std::this_thread::yield();
  CHECK(failed == times);
  const bool whole = read_on("\r\n\r\n", body.size()) == body;  // too long to be shown
  CHECK(whole);
  CHECK(send_all(connection, answer));
  CHECK(large.get().answered());
  ::close(connection);
  ::close(listener);
}
