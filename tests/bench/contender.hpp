// One way to send messages to the answering server, to be compared with the others.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace confab::bench {

class Contender {
 public:
  Contender() = default;
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;
  virtual ~Contender() = default;
  // Sends so many messages, always as many at a time as it was made for; ends when all are answered. Exits the program
  // on any failure: a figure of failures would be worth nothing.
  virtual void send(std::size_t messages) = 0;
};

// libcurl's multi_socket interface on a bare epoll loop: the least that a libcurl user pays.
[[nodiscard]] std::unique_ptr<Contender> bare_curl(const std::string& url, std::size_t in_flight);
// HttpClient on an event loop.
[[nodiscard]] std::unique_ptr<Contender> http_client(const std::string& url, std::size_t in_flight);
// The transport below ChatService, called by Matrix's ids: serialise, schedule, send, parse, complete.
[[nodiscard]] std::unique_ptr<Contender> provider(const std::string& url, std::size_t in_flight);
// The whole SDK: ChatService::send by the host's slugs.
[[nodiscard]] std::unique_ptr<Contender> chat(const std::string& url, std::size_t in_flight);
// The same through the C ABI: confab_send(), and its completion taken from a queue by the thread that sends.
[[nodiscard]] std::unique_ptr<Contender> c_queue(const std::string& url, std::size_t in_flight);

[[noreturn]] void give_up(const std::string& why);

// What each sends, so that all send the same.
inline constexpr const char* message_body = "hello, this is a message of an ordinary length";

}  // namespace confab::bench
