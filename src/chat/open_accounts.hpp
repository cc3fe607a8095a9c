// OpenAccounts: whose account did this process see open a moment ago? It spares newcomers a request of the admin's
// before their first join.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include <confab/ids.hpp>

#include "util/recently_used.hpp"

namespace confab::chat {

class OpenAccounts {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Whose account is closed within this may be joined to a room in which nobody has seen them yet.
  static constexpr std::chrono::minutes seen_for{10};
  // Some 250 bytes each.
  static constexpr std::size_t most_accounts = 50'000;

  [[nodiscard]] bool seen(const MatrixUserId& user, Time now = std::chrono::steady_clock::now()) {
    const std::optional<Time> last = seen_.find(user.str());
    return last && now - *last < seen_for;
  }
  void put(const MatrixUserId& user, Time now = std::chrono::steady_clock::now()) { seen_.put(user.str(), now); }
  void forget(const MatrixUserId& user) { seen_.forget(user.str()); }

 private:
  RecentlyUsed<Time> seen_{most_accounts};
};

}  // namespace confab::chat
