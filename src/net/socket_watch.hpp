// SocketWatch: which of libcurl's sockets are ready? Opens and closes them for libcurl, so that Asio never watches a
// descriptor that has gone or has been re-used.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/event_loop.hpp"

namespace confab::net {

// Loop thread only.
class SocketWatch {
 public:
  // Told CURL_CSELECT_ bits. May call back into this object, or destroy its owner as long as somebody keeps that alive.
  using Ready = std::function<void(curl_socket_t socket, int events)>;

  // With `note_losses`, each closed socket is looked at first; see losses().
  SocketWatch(EventLoop& loop, bool note_losses, Ready ready);
  ~SocketWatch();
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  // For CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION.
  curl_socket_t open(const curl_sockaddr& address);
  int close(curl_socket_t socket);
  // For CURLMOPT_SOCKETFUNCTION: CURL_POLL_ values. False: there is no memory to wait with, as yet; watch_again() is to
  // be called soon, outside that callback.
  [[nodiscard]] bool want(curl_socket_t socket, int what) noexcept;
  [[nodiscard]] bool watch_again() noexcept;

  // To be called after each call into libcurl that may have closed sockets. libcurl 7.88 closes those that never
  // connected by itself, and their descriptors are anybody's then, another thread's for instance.
  void find_closed();

  [[nodiscard]] std::size_t sockets() const noexcept { return sockets_.size(); }
  // How many sockets had, or may have had, their other end gone when they were closed.
  [[nodiscard]] std::uint64_t losses() const noexcept { return losses_; }
  // Whether the other end of one that is open is gone.
  [[nodiscard]] bool any_lost() const noexcept;

 private:
  struct Socket;
  void let_go(curl_socket_t socket);
  static void wait_read(const std::shared_ptr<Socket>& socket) noexcept;
  static void wait_write(const std::shared_ptr<Socket>& socket) noexcept;

  EventLoop* loop_;
  Ready ready_;
  bool note_losses_;
  bool unwatched_ = false;  // a socket for which there was no memory to wait
  std::uint64_t losses_ = 0;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  std::vector<curl_socket_t> connecting_;
};

}  // namespace confab::net
