// One accepted connection of the fake homeserver: bytes in, bytes out, waits that notice the other side's end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace confab::test {

/// Used by the connection's own thread, but for abort() and wake(), which any thread may call.
class ConnectionStream {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Wait { woken, timed_out, closed };

  /// Takes the descriptor over.
  explicit ConnectionStream(int descriptor);
  ~ConnectionStream();
  ConnectionStream(const ConnectionStream&) = delete;
  ConnectionStream& operator=(const ConnectionStream&) = delete;

  /// The server's side of a TLS handshake.
  bool handshake(ssl_ctx_st* context);
  /// 0 at the end, whichever end it is.
  std::size_t read(char* buffer, std::size_t size);
  bool write(std::string_view bytes);
  /// Until wake(), the time, or either side's end. A client that half-closes counts as gone.
  Wait wait(std::optional<Clock::time_point> until);

  /// Ends every wait, read and write of the connection's thread.
  void abort();
  void wake();

  /// FIN, after close_notify if `politely`; a cut connection says nothing in TLS either.
  void close(bool politely);
  /// RST.
  void reset();

 private:
  void close_descriptor();

  std::mutex mutex_;  // guards descriptor_ against abort() while it is being closed
  int descriptor_;
  int wake_;
  std::atomic<bool> aborted_{false};
  ssl_st* tls_ = nullptr;
};

}  // namespace confab::test
