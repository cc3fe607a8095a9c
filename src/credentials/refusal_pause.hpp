// RefusalPause: how long is it believed that the homeserver refuses an account, the admin's or a user's? Longer with
// each refusal in a row. A machine without a clock.
#pragma once

#include <chrono>
#include <utility>

#include <confab/error.hpp>

#include "net/backoff.hpp"

namespace confab::credentials {

class RefusalPause {
 public:
  // A refused login is not tried again for so long: three wrong ones lock the right one out as well, and even right
  // ones are few.
  static constexpr std::chrono::milliseconds first_refusal{30'000};

  explicit RefusalPause(std::chrono::milliseconds first = first_refusal) : first_(first) {}

  // Whether asking again at once would only get the same answer: it was the homeserver's, it was understood, and it was
  // no. Not so that there is no such account, which is made next.
  [[nodiscard]] static bool is_refusal(const Error& error);

  // One more. Whether it is the first of a row.
  bool refused() noexcept { return refusals_++ == 0; }
  // The row is over. Whether there was one.
  bool ended() noexcept { return std::exchange(refusals_, 0U) != 0; }

  // After the last refusal; not the same in all processes.
  [[nodiscard]] std::chrono::milliseconds length(const net::RandomSource& random) const {
    return length(first_, refusals_, random);
  }
  // After so many in a row.
  [[nodiscard]] static std::chrono::milliseconds length(std::chrono::milliseconds first, unsigned refusals,
                                                        const net::RandomSource& random);
  [[nodiscard]] static std::chrono::milliseconds longest();

 private:
  std::chrono::milliseconds first_;
  unsigned refusals_ = 0;
};

}  // namespace confab::credentials
