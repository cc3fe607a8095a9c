// A socket and nothing clever on it: for tests that look at bytes, ends and resets.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace confab::test {

class RawClient {
 public:
  enum class End { open, closed, reset };

  /// Connects to 127.0.0.1; see connected().
  explicit RawClient(std::uint16_t port);
  /// With TLS, trusting the file alone and asking for the name (an address or a DNS name).
  RawClient(std::uint16_t port, const std::string& ca_file, const std::string& name);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool connected() const { return descriptor_ >= 0; }
  /// X509_V_OK (0), or why the certificate was refused.
  [[nodiscard]] long verify_result() const { return verify_result_; }

  bool send(std::string_view bytes);
  /// A request without extra headers but Host and, for a body, Content-Length.
  bool request(std::string_view method, std::string_view target, std::string_view body = {},
               std::string_view headers = {});
  /// Reads until the text so far ends or contains `mark`; everything read since the last call.
  std::string read_until(std::string_view mark, std::chrono::milliseconds timeout = std::chrono::seconds(2));
  /// Reads to the end of the connection.
  std::string read_all(std::chrono::milliseconds timeout = std::chrono::seconds(2));
  /// Reads one answer that has a Content-Length.
  std::string answer(std::chrono::milliseconds timeout = std::chrono::seconds(2));
  /// Whether bytes or an end are there to read within the time.
  bool readable(std::chrono::milliseconds timeout);
  [[nodiscard]] End end() const { return end_; }
  void close();

 private:
  bool fill(std::chrono::steady_clock::time_point until);
  std::string take(std::size_t size);

  int descriptor_ = -1;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* tls_ = nullptr;
  long verify_result_ = -1;
  std::string buffer_;
  End end_ = End::open;
};

}  // namespace confab::test
