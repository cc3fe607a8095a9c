// PasswordChanges: may a user's password be set now? Setting one costs the homeserver half a second of hashing, and a
// host that lets its users do it lets them do it in a loop.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>

#include <confab/ids.hpp>

#include "util/recently_used.hpp"

namespace confab::services {

class PasswordChanges {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Of one user, in this process.
  static constexpr int changes_at_once = 5;
  static constexpr std::chrono::seconds change_interval{60};
  // Some 250 bytes each; who is forgotten begins anew.
  static constexpr std::size_t most_changing_users = 10'000;

  explicit PasswordChanges(std::size_t most = most_changing_users) : full_at_(most) {}

  // Nothing: it is taken as set now. Else how long that has to wait.
  [[nodiscard]] std::optional<std::chrono::milliseconds> take(const MatrixUserId& user, Time now) {
    const std::lock_guard lock(mutex_);
    const Time full_at = std::max(full_at_.find(user.str()).value_or(now), now);
    const auto wait = full_at + change_interval - changes_at_once * change_interval - now;
    if (wait > wait.zero()) return std::chrono::ceil<std::chrono::milliseconds>(wait);
    full_at_.put(user.str(), full_at + change_interval);
    return std::nullopt;
  }

 private:
  std::mutex mutex_;            // looking and taking are one
  RecentlyUsed<Time> full_at_;  // when nothing is spent any more
};

}  // namespace confab::services
