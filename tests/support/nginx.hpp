// A real nginx that speaks HTTP/2 over TLS on a free loopback port, before the fake homeserver.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "temporary_directory.hpp"
#include "test_certificate.hpp"

namespace confab::test {

class Nginx {
 public:
  /// `directives` go into the server block. Throws when nginx does not run: its absence is a failure, not a skip.
  Nginx(const TestCertificate& certificate, std::uint16_t homeserver, const std::string& directives = "");
  /// Ends nginx by its id and waits for it.
  ~Nginx();
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// One line for each request: "HTTP/2.0 CONNECTION STATUS r" where r tells a resumed TLS session, "." a new one.
  /// Waits for that many lines.
  [[nodiscard]] std::string access_log(std::size_t lines) const;

 private:
  bool start(const TestCertificate& certificate, std::uint16_t homeserver, const std::string& directives);
  TemporaryDirectory directory_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

}  // namespace confab::test
