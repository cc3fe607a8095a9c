// AdminOutage: does the homeserver still let the library's own account in? What is to be told, and when to try again. A
// machine without a clock and without a log.
#pragma once

#include <chrono>
#include <cstdint>

#include <confab/error.hpp>

#include "net/backoff.hpp"

namespace confab::credentials {

class AdminOutage {
 public:
  // A refused password is not tried again for so long: three wrong ones lock the right one out as well, and even right
  // ones are few.
  static constexpr std::chrono::milliseconds first_refusal{30'000};

  explicit AdminOutage(std::chrono::milliseconds first = first_refusal) : first_(first) {}

  enum class Tell : std::uint8_t {
    nothing,
    begins,  // once, however often it fails
    ends,    // once
  };

  // That the homeserver or the store is away is told elsewhere: only a refusal counts.
  [[nodiscard]] static bool is_refusal(const Error& error);

  // A token could not be made; it was made.
  [[nodiscard]] Tell failed(const Error& error);
  [[nodiscard]] Tell made();

  // How long the last refusal is believed in: longer with each one, and not for the same time in all processes.
  [[nodiscard]] std::chrono::milliseconds pause(const net::RandomSource& random) const {
    return pause(first_, refusals_, random);
  }
  // The same after so many of them.
  [[nodiscard]] static std::chrono::milliseconds pause(std::chrono::milliseconds first, unsigned refusals,
                                                       const net::RandomSource& random);
  [[nodiscard]] static std::chrono::milliseconds longest_pause();

 private:
  std::chrono::milliseconds first_;
  unsigned refusals_ = 0;
};

}  // namespace confab::credentials
