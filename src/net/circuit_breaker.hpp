// Is it worth sending anything to this homeserver now?
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "net/attempt_outcome.hpp"
#include "net/backoff.hpp"

namespace confab::net {

// One per homeserver. Closed: everything passes, failures are counted. Open: nothing passes for a jittered, doubling
// period, so that a homeserver that comes back is not met by everybody's repeats. Half open: one probe at a time.
class CircuitBreaker {
 public:
  // Opens at this many failures within the window if they are at least half of what ended there, or at
  // `consecutive_failures` in a row within it: a busy window of earlier successes must not hide that nothing works now.
  static constexpr unsigned window_failures = 5;
  static constexpr unsigned consecutive_failures = 10;
  static constexpr std::chrono::seconds window{10};
  // An open period is drawn from the upper half of [0, first * 2^n], at most `longest_open`.
  static constexpr std::chrono::milliseconds first_open{1'000};
  static constexpr std::chrono::milliseconds longest_open{30'000};
  // A probe whose end is never told counts as lost after this, and the next request becomes the probe.
  static constexpr std::chrono::seconds probe_patience{60};
  // What a request is told to wait while a probe is out.
  static constexpr std::chrono::milliseconds probe_poll{250};
  // A deadline that passed sooner after the attempt began than this was the caller's impatience, no failure of the
  // homeserver.
  static constexpr std::chrono::seconds patience_before_timeout_counts{5};

  enum class State : std::uint8_t { closed, open, half_open };
  enum class Verdict : std::uint8_t {
    success,  // It answers: also 4xx, and 429, which is a healthy homeserver defending itself.
    failure,  // No connection, 5xx, no answer in time.
    unknown,  // Cancelled, cut, held back: tells nothing, and frees the probe's place.
  };

  // The right to send one request; hand it back by record(), whatever became of it.
  class Ticket {
   public:
    [[nodiscard]] bool is_probe() const noexcept { return probe_; }

   private:
    friend class CircuitBreaker;
    Ticket(std::uint64_t era, bool probe) noexcept : era_(era), probe_(probe) {}
    std::uint64_t era_;
    bool probe_;
  };

  explicit CircuitBreaker(RandomSource random) : random_(std::move(random)) {}

  // Nothing while open, or while another probe is out: see wait().
  [[nodiscard]] std::optional<Ticket> admit(std::chrono::steady_clock::time_point now);
  // How long a refused request should wait before asking again; zero when admit() would pass.
  [[nodiscard]] std::chrono::milliseconds wait(std::chrono::steady_clock::time_point now) const;
  // Tell what became of a request. Tickets from before the last change of state say nothing about now and are ignored.
  void record(Ticket ticket, Verdict verdict, std::chrono::steady_clock::time_point now);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] static Verdict verdict_of(const AttemptOutcome& outcome) noexcept;

 private:
  static constexpr std::size_t bucket_count = 10;
  struct Bucket {
    std::int64_t slot = -1;  // Which stretch of time it counts, in bucket lengths since the clock's epoch.
    unsigned failures = 0;
    unsigned ended = 0;
  };
  [[nodiscard]] bool probe_out(std::chrono::steady_clock::time_point now) const noexcept;
  void count(bool failed, std::chrono::steady_clock::time_point now);
  [[nodiscard]] bool should_open(std::chrono::steady_clock::time_point now) const noexcept;
  void open(std::chrono::steady_clock::time_point now);
  void close();

  RandomSource random_;
  State state_ = State::closed;
  std::uint64_t era_ = 0;
  unsigned opened_in_a_row_ = 0;
  unsigned failures_in_a_row_ = 0;
  std::chrono::steady_clock::time_point first_in_a_row_;
  std::chrono::steady_clock::time_point open_until_;
  std::optional<std::chrono::steady_clock::time_point> probe_sent_;
  std::array<Bucket, bucket_count> buckets_{};
};

}  // namespace confab::net
