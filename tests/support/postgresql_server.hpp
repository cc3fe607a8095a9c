// A private PostgreSQL on the loopback interface, by scripts/postgresql; it ends with this object, and with the test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace confab::test {

class PostgresqlServer {
 public:
  /// `script` is the path of scripts/postgresql; `options` as for its command run. Throws when it does not start: the
  /// absence of PostgreSQL is a failure, not a skip.
  explicit PostgresqlServer(const std::string& script, const std::vector<std::string>& options = {});
  /// Ends the server and waits for it.
  ~PostgresqlServer();
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;

  /// Ends it as a crash would, without a goodbye to anybody, and starts it again.
  void crash();

  [[nodiscard]] const std::string& dsn() const { return dsn_; }
  /// The same database through somebody else's port.
  [[nodiscard]] std::string dsn_at(std::uint16_t port) const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& password() const { return password_; }
  /// Of a server with --tls: the file that its certificate is checked by.
  [[nodiscard]] const std::string& authority() const { return authority_; }
  /// What the server wrote so far.
  [[nodiscard]] std::string log() const;

 private:
  [[nodiscard]] std::string read_line() const;

  std::string dsn_;
  std::string password_;
  std::string authority_;
  std::string log_;
  std::uint16_t port_ = 0;
  int input_ = -1;
  int output_ = -1;
  pid_t process_ = -1;
};

}  // namespace confab::test
