#include "tunnel_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "loopback_socket.hpp"

namespace confab::test {

namespace {

constexpr int look_up_ms = 20;  // how often a waiting thread looks whether all is over

bool is_readable(int socket, const std::atomic<bool>& over) {
  pollfd wait{socket, POLLIN, 0};
  while (!over) {
    if (::poll(&wait, 1, look_up_ms) > 0) return true;
  }
  return false;
}

std::string read_header(int socket, const std::atomic<bool>& over) {
  std::string header;
  char byte = 0;
  while (header.find("\r\n\r\n") == std::string::npos && is_readable(socket, over)) {
    if (::recv(socket, &byte, 1, 0) <= 0) return {};
    header += byte;
  }
  return header;
}

// Until one side ends, or all is over.
void carry(int client, int server, const std::atomic<bool>& over) {
  std::array<char, 16384> buffer{};
  std::array<pollfd, 2> waits{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
  while (!over) {
    if (::poll(waits.data(), waits.size(), look_up_ms) <= 0) continue;
    for (const auto& wait : waits) {
      if (wait.revents == 0) continue;
      const ssize_t got = ::recv(wait.fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      if (!send_all(wait.fd == client ? server : client, {buffer.data(), static_cast<std::size_t>(got)})) return;
    }
  }
}

}  // namespace

TunnelProxy::TunnelProxy(std::map<std::string, std::uint16_t> places)
    : places_(std::move(places)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::listen(listener_, 16) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] {
    while (is_readable(listener_, over_)) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) tunnels_.emplace_back([this, client] { serve(client); });
    }
  });
}

TunnelProxy::~TunnelProxy() {
  over_ = true;
  accepting_.join();
  for (auto& tunnel : tunnels_) tunnel.join();
  ::close(listener_);
}

std::vector<std::string> TunnelProxy::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void TunnelProxy::serve(int client) {
  const std::string header = read_header(client, over_);
  const std::size_t begin = header.find(' ') + 1;
  const std::string place = header.substr(begin, header.find(' ', begin) - begin);
  const bool tunnels = header.starts_with("CONNECT ");
  if (tunnels) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(place);
  }
  const auto known = places_.find(place);
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(tunnels && known != places_.end() ? known->second : 0);
  if (address.sin_port != 0 && ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    if (send_all(client, "HTTP/1.1 200 Connected\r\n\r\n")) carry(client, server, over_);
  } else if (!header.empty()) {
    send_all(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  ::close(server);
  ::close(client);
}

}  // namespace confab::test
