// LoginBudget: may a login be sent to the homeserver now? A bucket as Synapse's limiter keeps one for each address:
// five logins at once, then one in 333 s. What it answers when it is crossed is learnt. A machine without a clock and
// without a store; it is one for all who share a store, so what it keeps is two points in time.
#pragma once

#include <chrono>

namespace confab::credentials {

class LoginBudget {
 public:
  using Time = std::chrono::system_clock::time_point;

  static constexpr int burst = 5;
  static constexpr std::chrono::seconds interval{334};
  // A move to an own device leaves so many for logins that cannot wait: the admin's, and a user's who has no other way.
  static constexpr int reserve = 1;
  // Longest time for which an answer "too many requests" is taken at its word.
  static constexpr std::chrono::hours longest_hold{1};

  enum class Haste {
    waits,   // there is another way until it is its turn
    at_once  // there is none: only what the homeserver itself said holds it back
  };

  LoginBudget() = default;
  LoginBudget(Time full_at, Time not_before) : full_at_(full_at), not_before_(not_before) {}

  // From when on such a login may be sent; in the past or now: at once.
  [[nodiscard]] Time next(Haste haste) const;
  // Spends one, unless it has to wait.
  [[nodiscard]] bool take(Haste haste, Time now);
  // The homeserver answered a login with 429.
  void refused(Time now, std::chrono::milliseconds wait);
  // What nobody's clock can have written is brought into bounds.
  void bound(Time now);

  // When nothing is spent any more, and when the homeserver's word ends.
  [[nodiscard]] Time full_at() const noexcept { return full_at_; }
  [[nodiscard]] Time not_before() const noexcept { return not_before_; }

 private:
  Time full_at_{};
  Time not_before_{};
};

}  // namespace confab::credentials
