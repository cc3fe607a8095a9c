// AdminOutage: does the homeserver still let the library's own account in? What is to be told, and when to try again. A
// machine without a clock and without a log.
#pragma once

#include <chrono>
#include <cstdint>

#include <confab/error.hpp>

#include "credentials/refusal_pause.hpp"
#include "net/backoff.hpp"

namespace confab::credentials {

class AdminOutage {
 public:
  explicit AdminOutage(std::chrono::milliseconds first = RefusalPause::first_refusal) : refusals_(first) {}

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

  // How long the last refusal is believed in.
  [[nodiscard]] std::chrono::milliseconds pause(const net::RandomSource& random) const {
    return refusals_.length(random);
  }

 private:
  RefusalPause refusals_;
};

}  // namespace confab::credentials
