#include "postgresql_proxy.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "loopback_socket.hpp"

namespace confab::test {
namespace {

std::size_t length_at(const std::string& bytes, std::size_t at) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8U | static_cast<unsigned char>(bytes[at + i]);
  return length;
}

}  // namespace

PostgresqlProxy::PostgresqlProxy(std::uint16_t server) : server_(server) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no port for a proxy");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

PostgresqlProxy::~PostgresqlProxy() {
  stop_ = true;
  thread_.join();
  for (Pair& pair : pairs_) end(pair);
  ::close(listener_);
}

void PostgresqlProxy::fail_at(int number, Fault fault) {
  fail_when([number](const Message& message) { return message.number == number; }, fault);
}

void PostgresqlProxy::fail_when(std::function<bool(const Message&)> fits, Fault fault) {
  const std::lock_guard lock(mutex_);
  fits_ = std::move(fits);
  fault_ = fault;
  failed_ = false;
  refusing_ = false;
  messages_ = 0;
}

void PostgresqlProxy::heal() { fail_when({}, Fault::cut); }

void PostgresqlProxy::serve() {
  while (!stop_) {
    std::vector<pollfd> sockets = {{listener_, POLLIN, 0}};
    std::vector<std::pair<Pair*, Half*>> owners = {{nullptr, nullptr}};
    for (Pair& pair : pairs_) {
      for (Half* half : {&pair.up, &pair.down}) {
        sockets.push_back({half->from, POLLIN, 0});
        owners.emplace_back(&pair, half);
      }
    }
    if (::poll(sockets.data(), sockets.size(), 5) <= 0) continue;
    for (std::size_t i = 1; i < sockets.size(); ++i) {
      if (sockets[i].revents != 0 && !owners[i].first->over) pass(*owners[i].first, *owners[i].second);
    }
    pairs_.remove_if([](const Pair& pair) { return pair.over; });
    if (sockets[0].revents != 0) accept();
  }
}

void PostgresqlProxy::accept() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  if (refusing_) {
    ::close(client);
    return;
  }
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(server_);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(client);
    ::close(server);
    return;
  }
  const int at_once = 1;
  for (const int socket : {client, server}) ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  ++connections_;
  Pair& pair = pairs_.emplace_back();
  pair.up.from = pair.down.to = client;
  pair.up.to = pair.down.from = server;
  pair.down.server = pair.down.started = true;
}

void PostgresqlProxy::pass(Pair& pair, Half& half) {
  std::array<char, 65536> buffer{};
  const ssize_t size = ::recv(half.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size <= 0) return end(pair);
  if (pair.held) return;
  half.bytes.append(buffer.data(), static_cast<std::size_t>(size));
  forward(pair, half);
}

void PostgresqlProxy::forward(Pair& pair, Half& half) {
  for (;;) {
    const std::size_t type = half.started ? 1 : 0;
    if (half.bytes.size() < type + 4) return;
    const std::size_t whole = type + length_at(half.bytes, type);
    if (half.bytes.size() < whole) return;
    const std::string message = half.bytes.substr(0, whole);
    half.bytes.erase(0, whole);
    bool fails = false;
    Fault fault{};
    {
      const std::lock_guard lock(mutex_);
      const Message seen{half.server, half.started ? message[0] : '\0', messages_++};
      fails = !failed_ && fits_ && fits_(seen);
      fault = fault_;
      if (fails) failed_ = true;
      if (fails && fault == Fault::for_good) refusing_ = true;
    }
    half.started = true;
    if (fails && fault == Fault::hold) {
      pair.held = true;
      return;
    }
    if (fails && fault == Fault::half) (void)send_all(half.to, std::string_view(message).substr(0, whole / 2));
    if (fails && fault == Fault::for_good) {
      for (Pair& each : pairs_) end(each);
      return;
    }
    if (fails || !send_all(half.to, message)) return end(pair);
  }
}

void PostgresqlProxy::end(Pair& pair) {
  if (pair.over) return;
  pair.over = true;
  ::close(pair.up.from);
  ::close(pair.up.to);
}

}  // namespace confab::test
