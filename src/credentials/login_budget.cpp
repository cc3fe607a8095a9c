#include "credentials/login_budget.hpp"

#include <algorithm>

namespace confab::credentials {

LoginBudget::Time LoginBudget::next(Haste haste) const {
  if (haste == Haste::at_once) return not_before_;
  return std::max(not_before_, full_at_ - (burst - 1 - reserve) * interval);
}

bool LoginBudget::take(Haste haste, Time now) {
  if (now < next(haste)) return false;
  // What cannot wait may spend more than there is; it is not paid back beyond an empty bucket.
  full_at_ = std::min(std::max(full_at_, now) + interval, now + burst * interval);
  return true;
}

void LoginBudget::refused(Time now, std::chrono::milliseconds wait) {
  not_before_ = std::max(not_before_, now + std::min<std::chrono::milliseconds>(wait, longest_hold));
  // Then there is one, and no more.
  full_at_ = std::max(full_at_, not_before_ + (burst - 1) * interval);
}

void LoginBudget::bound(Time now) {
  not_before_ = std::min<Time>(not_before_, now + longest_hold);
  full_at_ = std::min<Time>(full_at_, now + longest_hold + burst * interval);
}

}  // namespace confab::credentials
