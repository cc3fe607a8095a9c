// A homeserver that costs as little as possible: one thread, epoll, HTTP/1.1, canned answers, written as Synapse 1.163
// writes its own: the same header fields, in chunks. For measuring clients; it checks nothing. Prints its port and ends
// with its standard input.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

struct Connection {
  std::string in;
  std::string out;
};

std::string answer(std::string_view body) {
  std::array<char, 32> length;
  std::snprintf(length.data(), length.size(), "%zx", body.size());
  return "HTTP/1.1 200 OK\r\nServer: Synapse/1.163.2\r\nDate: Sat, 28 Nov 2026 14:20:40 GMT\r\n"
         "Content-Type: application/json\r\nCache-Control: no-cache, no-store, must-revalidate\r\n"
         "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"
         "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization, Date\r\n"
         "Access-Control-Expose-Headers: Synapse-Trace-Id, Server\r\nTransfer-Encoding: chunked\r\n\r\n" +
         std::string(length.data()) + "\r\n" + std::string(body) + "\r\n0\r\n\r\n";
}

// What a send needs before it: a login of the admin, a login as each user, a room by its alias.
const std::string& answer_to(std::string_view request_line) {
  static const std::string event = answer(R"({"event_id":"$0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"})");
  static const std::string login = answer(
      R"({"user_id":"@admin:bench.test","device_id":"D","access_token":"syt_bench_0123456789","home_server":"bench.test"})");
  static const std::string room = answer(R"({"room_id":"!bench:bench.test","servers":["bench.test"]})");
  static const std::string empty = answer("{}");
  const auto has = [&](std::string_view part) { return request_line.find(part) != std::string_view::npos; };
  // The room is not encrypted.
  static const std::string none = [] {
    std::string refused = answer(R"({"errcode":"M_NOT_FOUND","error":"Event not found."})");
    return refused.replace(9, 6, "404 Not Found");
  }();
  if (has("/send/")) return event;
  if (has("/state/")) return none;
  if (has("/login")) return login;
  if (has("/directory/room/")) return room;
  return empty;
}

// One whole request at the front of `in`: its length, or 0.
std::size_t whole_request(const std::string& in) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  std::size_t length = 0;
  const std::size_t at = in.find("Content-Length: ");
  if (at != std::string::npos && at < end)
    length = static_cast<std::size_t>(std::strtoul(in.c_str() + at + 16, nullptr, 10));
  const std::size_t whole = end + 4 + length;
  return in.size() >= whole ? whole : 0;
}

bool serve(int socket, Connection& connection) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) return false;
    if (got < 0) break;
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < buffer.size()) break;
  }
  while (const std::size_t whole = whole_request(connection.in)) {
    connection.out += answer_to(std::string_view(connection.in).substr(0, connection.in.find("\r\n")));
    connection.in.erase(0, whole);
  }
  if (connection.out.empty()) return true;
  const ssize_t wrote = ::send(socket, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
  if (wrote != static_cast<ssize_t>(connection.out.size())) return false;  // answers are small: the socket takes them
  connection.out.clear();
  return true;
}

}  // namespace

int main() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1024) != 0) return 1;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 1;
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  const int watch = ::epoll_create1(EPOLL_CLOEXEC);
  const auto add = [&](int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    ::epoll_ctl(watch, EPOLL_CTL_ADD, descriptor, &event);
  };
  add(listener);
  add(0);
  std::unordered_map<int, Connection> connections;
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(watch, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int ready = events[static_cast<std::size_t>(i)].data.fd;
      if (ready == 0) return 0;
      if (ready != listener) {
        if (!serve(ready, connections[ready])) {
          connections.erase(ready);
          ::close(ready);
        }
        continue;
      }
      const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (client < 0) continue;
      const int on = 1;
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      add(client);
    }
  }
}
