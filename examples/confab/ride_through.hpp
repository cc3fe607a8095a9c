// RideThrough: repeats an operation while the homeserver is away, failing or limiting, until its deadline.
#pragma once

#include <chrono>
#include <optional>
#include <random>
#include <stop_token>
#include <utility>

#include <confab/call_options.hpp>
#include <confab/error.hpp>
#include <confab/homeserver.hpp>
#include <confab/result.hpp>

namespace program {

using Clock = confab::CallOptions::Clock;

// Full jitter: uniform between nothing and a ceiling that doubles from 0.2 s to 2 s.
class Pause {
 public:
  [[nodiscard]] std::chrono::milliseconds next();
  void reset() noexcept { attempt_ = 0; }

 private:
  std::minstd_rand random_{std::random_device()()};
  unsigned attempt_ = 0;
};

// Sleeps until `end`, or until stop is asked for; true in the former case.
[[nodiscard]] bool sleep_until(Clock::time_point end, const std::stop_token& stop);

class RideThrough {
 public:
  // A homeserver that nobody could reach since the start of the program is given up after this long: then it is more
  // likely a wrong address than an outage.
  static constexpr std::chrono::seconds first_contact{5};

  RideThrough(confab::Homeserver homeserver, std::chrono::nanoseconds limit, std::stop_token stop = {})
      : homeserver_(std::move(homeserver)), limit_(limit), stop_(std::move(stop)) {}

  // `attempt(options, repeated)` is called once and again; `repeated` says that an earlier one may have arrived.
  template <class Attempt>
  auto run(Attempt attempt) -> decltype(attempt(confab::CallOptions(), false)) {
    begin();
    for (;;) {
      auto result = attempt(options(), repeated_);
      if (result) {
        contacted_ = true;
        return result;
      }
      if (auto final_error = after(result.error())) return std::move(*final_error);
    }
  }

 private:
  void begin();
  [[nodiscard]] confab::CallOptions options() const;
  // Waits before the next attempt, or says how the operation ends.
  [[nodiscard]] std::optional<confab::Error> after(const confab::Error& error);
  [[nodiscard]] bool answers_at_all();

  confab::Homeserver homeserver_;
  std::chrono::nanoseconds limit_;
  std::stop_token stop_;
  Clock::time_point started_ = Clock::now();
  bool contacted_ = false;
  // Of the operation that runs.
  Clock::time_point deadline_;
  bool repeated_ = false;
  std::optional<confab::Error> telling_;  // the last error that says what is wrong, rather than that time is over
  Pause pause_;
};

}  // namespace program
