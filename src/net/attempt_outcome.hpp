// How did one attempt of a request end, as far as retrying and the circuit breaker need to know?
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include <confab/error.hpp>

namespace confab::net {

inline constexpr int too_many_requests = 429;  // HTTP status

// In this order: everything up to cancelled_unsent was provably not sent.
enum class Ended : std::uint8_t {
  resolve_failed,    // Not sent: the name has no address, or the resolver did not answer.
  connect_failed,    // Not sent: refused, unroutable, timed out while connecting, TLS handshake cut.
  refused_stream,    // Not sent: HTTP/2 REFUSED_STREAM.
  goaway,            // Not sent: HTTP/2 GOAWAY with a lower last stream.
  untrusted,         // Not sent: the certificate did not verify; repeating cannot help.
  held_back,         // Not sent: our circuit breaker is open; retry_after() says until when.
  rate_held,         // Not sent: the rate gate holds this flow after a 429; retry_after() says how long.
  no_memory_unsent,  // Not sent: there was no memory for it here.
  deadline_unsent,   // The deadline passed before the first byte was written.
  cancelled_unsent,  // Likewise cancelled.
  answered,          // A whole answer arrived; see status().
  cut,               // The first byte was written, and the connection ended before the answer did.
  broken,            // Written, and what came is no usable answer: not HTTP, over a bound. error() says what.
  no_memory_sent,    // Written, and there was no memory here for what came.
  deadline_sent,     // The deadline passed after the first byte was written.
  cancelled_sent,    // Likewise cancelled.
};

// Whether the homeserver cannot have seen the request.
[[nodiscard]] constexpr bool provably_not_sent(Ended how) noexcept { return how <= Ended::cancelled_unsent; }

class AttemptOutcome {
 public:
  explicit AttemptOutcome(Ended how) noexcept : how_(how) {}
  [[nodiscard]] static AttemptOutcome answer(int status) noexcept {
    AttemptOutcome outcome(Ended::answered);
    outcome.status_ = status;
    return outcome;
  }

  // What the answer said (see retry_after.hpp), or how long the breaker or the rate gate hold the request.
  AttemptOutcome& retry_after(std::optional<std::chrono::milliseconds> wait) noexcept {
    retry_after_ = wait;
    return *this;
  }
  // The error as far as it is known: its texts, errcode and status are kept, its code may be replaced.
  AttemptOutcome& error(Error error) {
    error_ = std::move(error);
    return *this;
  }
  // Time the attempt took, waiting for a turn apart: a short deadline of ours is no failure of the homeserver. Leave it
  // at zero for a long poll that was cut short by its caller's own deadline.
  AttemptOutcome& waited(std::chrono::milliseconds waited) noexcept {
    waited_ = waited;
    return *this;
  }

  [[nodiscard]] Ended how() const noexcept { return how_; }
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const noexcept { return retry_after_; }
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
  [[nodiscard]] std::chrono::milliseconds waited() const noexcept { return waited_; }

 private:
  Ended how_;
  int status_ = 0;
  std::optional<std::chrono::milliseconds> retry_after_;
  std::optional<Error> error_;
  std::chrono::milliseconds waited_{0};
};

}  // namespace confab::net
