// CurlMulti: one libcurl multi handle, driven by the loop.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "net/event_loop.hpp"
#include "net/handler_memory.hpp"
#include "net/name_resolver.hpp"
#include "net/socket_watch.hpp"

namespace confab::net {

// libcurl's own global state, counted by libcurl: held as long as anything of it is in use.
class CurlLibrary {
 public:
  CurlLibrary();
  ~CurlLibrary();
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

// Loop thread only. libcurl's multi functions must not be called inside its callbacks, so callbacks only take notes
// (what to watch, when to come back) and the loop comes back to act.
class CurlMulti : public std::enable_shared_from_this<CurlMulti> {
 public:
  class Options {
   public:
    Options& max_connections(std::size_t count) {
      max_connections_ = count;
      return *this;
    }
    Options& http2(bool on) {
      http2_ = on;
      return *this;
    }

   private:
    friend class CurlMulti;
    std::size_t max_connections_ = 64;
    bool http2_ = false;
  };
  // Told that a transfer ended, outside libcurl's callbacks. It must call remove() for that handle, and may do
  // anything.
  using Done = std::function<void(CURL* easy, CURLcode result)>;

  CurlMulti(EventLoop& loop, Options options, Done done);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  [[nodiscard]] bool add(CURL* easy);
  void remove(CURL* easy);
  // To pause, also inside a callback; to go on, outside. False: what libcurl had kept back ended the transfer.
  [[nodiscard]] bool pause(CURL* easy, bool on);
  [[nodiscard]] std::size_t active() const noexcept { return active_; }
  // Whether its connections may agree on HTTP/2. All of them or none: of a host with which one connection speaks
  // HTTP/2, libcurl 7.88 takes every connection for shared, and mixes up answers on those that speak HTTP/1.1.
  [[nodiscard]] bool http2() const noexcept { return http2_; }
  [[nodiscard]] SocketWatch& sockets() noexcept { return sockets_; }
  // Inside a callback of libcurl, where remove() is not allowed.
  [[nodiscard]] bool acting() const noexcept { return acting_; }

  // The addresses that libcurl has been told and still knows.
  std::shared_ptr<const AddressList> told_addresses;
  // A connection agreed on HTTP/2: requests share connections.
  bool multiplexes = false;
  // TLS alerts read on any connection, an orderly close among them.
  std::uint64_t alerts = 0;

 private:
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* of_socket);
  static int on_timer(CURLM* multi, long wait_ms, void* self);
  void act(curl_socket_t socket, int events);
  void come_back_now() noexcept;
  void watch_soon() noexcept;
  void come_back_at(TimePoint when) noexcept;
  void timer_fired();

  CurlLibrary library_;
  EventLoop* loop_;
  bool http2_;
  Done done_;
  SocketWatch sockets_;  // before the multi: libcurl closes its connections through it at the end
  std::shared_ptr<HandlerMemory> coming_back_memory_;
  CURLM* multi_;
  EventLoop::Timer timer_;
  TimePoint due_ = TimePoint::max();       // when libcurl wants to be called
  TimePoint timer_at_ = TimePoint::max();  // when our timer fires, perhaps too early, never too late
  std::size_t active_ = 0;
  bool coming_back_ = false;
  bool acting_ = false;
};

}  // namespace confab::net
