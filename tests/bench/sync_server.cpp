// A homeserver for measuring clients that listen: one thread, epoll, HTTP/1.1. It logs everybody in, gives the first
// /sync a position, holds the next ones, and answers those that are held when it is told to. It checks nothing, listens
// on the loopback interface, prints its port, and ends with its standard input.
//
//   bench_sync_server [ROOMS [MEMBERS [gzip]]]   the second /sync of everybody brings an answer with so many rooms,
//                                                each with 20 events and the state of so many members (14)
//   bench_sync_server ROOMSxMEMBERS              the first one does, with one event in each room
//   POST /_fake/push?room=ID&n=1    every held /sync gets n messages: {"woken":W}
//   POST /_fake/stats               {"hung":H}
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
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "sync_text.hpp"

namespace {

struct Connection {
  std::string in;
  std::string out;
  std::size_t sent = 0;
};

std::string answer(std::string_view body, std::string_view field = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(field) + "\r\n" + std::string(body);
}

// By the program of that name: what it costs counts for nobody here.
std::string compressed(const std::string& text) {
  std::FILE* const file = std::tmpfile();
  if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size()) std::_Exit(1);
  std::fflush(file);
  const std::string command = "gzip -c < /dev/fd/" + std::to_string(::fileno(file));
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) std::_Exit(1);
  std::string out;
  std::array<char, 16384> buffer;
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    out.append(buffer.data(), got);
  }
  if (::pclose(pipe) != 0) std::_Exit(1);
  std::fclose(file);
  return out;
}

class Server {
 public:
  Server(int watch, std::size_t rooms, std::size_t members, bool first, bool gzip) : watch_(watch) {
    if (rooms == 0) return;
    if (first) {
      first_ = answer(confab::bench::large_sync(rooms, "s1", members, 1));
      return;
    }
    const std::string body = confab::bench::large_sync(rooms, "s1", members);
    large_ = gzip ? answer(compressed(body), "Content-Encoding: gzip\r\n") : answer(body);
  }

  void add(int socket) { connections_[socket]; }
  // False: the connection is over.
  bool readable(int socket) {
    Connection& connection = connections_[socket];
    std::array<char, 16384> buffer;
    for (;;) {
      const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got == 0) return false;
      if (got < 0) break;
      connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    }
    for (;;) {
      const std::size_t end = connection.in.find("\r\n\r\n");
      if (end == std::string::npos) break;
      std::size_t length = 0;
      const std::size_t at = connection.in.find("Content-Length: ");
      if (at < end) length = std::strtoul(connection.in.c_str() + at + 16, nullptr, 10);
      if (connection.in.size() < end + 4 + length) break;
      const std::string line = connection.in.substr(0, connection.in.find("\r\n"));
      connection.in.erase(0, end + 4 + length);
      handle(socket, connection, line);
    }
    return writable(socket);
  }
  bool writable(int socket) {
    Connection& connection = connections_[socket];
    while (connection.sent < connection.out.size()) {
      const ssize_t wrote = ::send(socket, connection.out.data() + connection.sent,
                                   connection.out.size() - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (wrote < 0) {
        watch(socket, true);
        return errno == EAGAIN;
      }
      connection.sent += static_cast<std::size_t>(wrote);
    }
    if (connection.sent > 65536) watch(socket, false);
    connection.out.clear();
    if (connection.out.capacity() > 65536) connection.out.shrink_to_fit();
    connection.sent = 0;
    return true;
  }
  void over(int socket) {
    held_.erase(socket);
    connections_.erase(socket);
    ::close(socket);
  }

 private:
  void watch(int socket, bool writing) const {
    epoll_event event{};
    event.events = EPOLLIN | (writing ? EPOLLOUT : 0U);
    event.data.fd = socket;
    ::epoll_ctl(watch_, EPOLL_CTL_MOD, socket, &event);
  }
  void handle(int socket, Connection& connection, std::string_view line) {
    const auto has = [&](std::string_view part) { return line.find(part) != std::string_view::npos; };
    if (has("/sync?")) {
      if (!has("since=")) {
        connection.out += first_;
      } else if (has("since=s0") && !large_.empty()) {
        connection.out += large_;
      } else {
        held_.insert(socket);
      }
    } else if (has("/_fake/push")) {
      connection.out += answer(R"({"woken":)" + std::to_string(push(line)) + "}");
    } else if (has("/_fake/stats")) {
      connection.out += answer(R"({"hung":)" + std::to_string(held_.size()) + "}");
    } else if (has("/login")) {
      connection.out += answer(R"({"user_id":"@me:example.org","device_id":"D","access_token":"syt_bench"})");
    } else {
      connection.out += answer("{}");
    }
  }
  std::size_t push(std::string_view line) {
    const std::size_t n_at = line.find("n=");
    const std::size_t n = n_at == std::string_view::npos ? 1 : std::strtoul(line.data() + n_at + 2, nullptr, 10);
    std::string events;
    for (std::size_t i = 0; i < n; ++i) {
      if (i > 0) events += ',';
      events += R"({"content":{"body":"pushed","msgtype":"m.text"},"event_id":"$p)" + std::to_string(++count_) +
                R"(","origin_server_ts":1767225600000,"sender":"@ben:bench.test","type":"m.room.message"})";
    }
    const std::string whole = answer(R"({"next_batch":"w)" + std::to_string(count_) +
                                     R"(","rooms":{"join":{"!r0:bench.test":{"timeline":{"events":[)" + events +
                                     R"(],"limited":false,"prev_batch":"p"}}}}})");
    const std::unordered_set<int> held = std::move(held_);
    held_.clear();
    for (const int socket : held) {
      connections_[socket].out += whole;
      (void)writable(socket);
    }
    return held.size();
  }

  int watch_;
  std::string first_ = answer(R"({"next_batch":"s0"})");
  std::string large_;
  std::unordered_map<int, Connection> connections_;
  std::unordered_set<int> held_;
  std::size_t count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 4096) != 0) return 1;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 1;
  const int watch = ::epoll_create1(EPOLL_CLOEXEC);
  const auto number = [&](int at, std::size_t otherwise) {
    return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
  };
  const char* const by = argc == 2 ? std::strchr(argv[1], 'x') : nullptr;
  const std::size_t members = by != nullptr ? std::strtoul(by + 1, nullptr, 10) : number(2, 14);
  Server server(watch, number(1, 0), members, by != nullptr, argc > 3);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const auto add = [&](int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    ::epoll_ctl(watch, EPOLL_CTL_ADD, descriptor, &event);
  };
  add(listener);
  add(0);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(watch, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const int ready = event.data.fd;
      if (ready == 0) return 0;
      if (ready != listener) {
        bool alive = true;
        if ((event.events & EPOLLOUT) != 0) alive = server.writable(ready);
        if (alive && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) alive = server.readable(ready);
        if (!alive) server.over(ready);
        continue;
      }
      for (;;) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) break;
        const int on = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        server.add(client);
        add(client);
      }
    }
  }
}
