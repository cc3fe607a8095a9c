#include "credentials/login_budget.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

using namespace std::chrono_literals;
using confab::credentials::LoginBudget;
using Haste = LoginBudget::Haste;

namespace {

constexpr LoginBudget::Time budget_begin{1'000'000s};

// Synapse's own limiter: five at once, one more each 1/0.003 s.
class SynapseLimiter {
 public:
  bool allows(LoginBudget::Time now) {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    spent_ = std::max(0.0, spent_ - seconds * 0.003);
    at_ = now;
    if (spent_ + 1 > 5) return false;
    spent_ += 1;
    return true;
  }

 private:
  LoginBudget::Time at_ = budget_begin;
  double spent_ = 0;
};

int spend(LoginBudget& budget, Haste haste, LoginBudget::Time now) {
  int spent = 0;
  while (spent < 100 && budget.take(haste, now)) ++spent;
  return spent;
}

}  // namespace

TEST_CASE("LoginBudget: what can wait leaves a reserve, and comes again one by one") {
  LoginBudget budget;
  CHECK(spend(budget, Haste::waits, budget_begin) == LoginBudget::burst - LoginBudget::reserve);
  CHECK(budget.next(Haste::waits) == budget_begin + LoginBudget::interval);
  CHECK_FALSE(budget.take(Haste::waits, budget_begin + LoginBudget::interval - 1ms));
  CHECK(budget.take(Haste::waits, budget_begin + LoginBudget::interval));
  CHECK_FALSE(budget.take(Haste::waits, budget_begin + LoginBudget::interval));
  CHECK(spend(budget, Haste::waits, budget_begin + 24h) == LoginBudget::burst - LoginBudget::reserve);
}

TEST_CASE("LoginBudget: what cannot wait is held back by the homeserver's word alone, and delays what can") {
  LoginBudget budget;
  CHECK(spend(budget, Haste::at_once, budget_begin) == 100);
  // However many were spent, an empty bucket is the least.
  CHECK(budget.next(Haste::waits) == budget_begin + (1 + LoginBudget::reserve) * LoginBudget::interval);
  budget.refused(budget_begin, 331s);
  CHECK_FALSE(budget.take(Haste::at_once, budget_begin + 331s - 1ms));
  CHECK(budget.take(Haste::at_once, budget_begin + 331s));
}

TEST_CASE("LoginBudget: after a refusal there is one, and no more") {
  LoginBudget budget;
  budget.refused(budget_begin, 331s);
  CHECK(budget.next(Haste::at_once) == budget_begin + 331s);
  // That one is for what cannot wait.
  CHECK(budget.next(Haste::waits) == budget_begin + 331s + LoginBudget::interval);
  // A shorter word never shortens a longer one.
  budget.refused(budget_begin, 1s);
  CHECK(budget.next(Haste::at_once) == budget_begin + 331s);
  LoginBudget late;
  late.refused(budget_begin, std::chrono::hours(100));
  CHECK(late.next(Haste::at_once) == budget_begin + LoginBudget::longest_hold);
}

TEST_CASE("LoginBudget: what a wrong clock wrote holds nobody back for longer than a refusal could") {
  LoginBudget budget(budget_begin + 24h * 365, budget_begin + 24h * 365);
  budget.bound(budget_begin);
  CHECK(budget.next(Haste::at_once) == budget_begin + LoginBudget::longest_hold);
  CHECK(budget.full_at() <= budget_begin + LoginBudget::longest_hold + LoginBudget::burst * LoginBudget::interval);
}

TEST_CASE("LoginBudget: a homeserver with Synapse's default limit refuses nothing that the budget lets through") {
  LoginBudget budget;
  SynapseLimiter synapse;
  int logins = 0;
  for (LoginBudget::Time now = budget_begin; now < budget_begin + 12h; now += 1s) {
    if (!budget.take(Haste::waits, now)) continue;
    ++logins;
    CHECK(synapse.allows(now));
  }
  CHECK(logins > 12 * 3600 / 334);
}

TEST_CASE("LoginBudget: five logins already spent by somebody else cost one refusal") {
  LoginBudget budget;
  SynapseLimiter synapse;
  for (int i = 0; i < 5; ++i) REQUIRE(synapse.allows(budget_begin));
  int refusals = 0;
  int logins = 0;
  for (LoginBudget::Time now = budget_begin; now < budget_begin + 3h; now += 1s) {
    if (!budget.take(Haste::waits, now)) continue;
    if (synapse.allows(now)) {
      ++logins;
      continue;
    }
    ++refusals;
    budget.refused(now, 334s);
  }
  CHECK(refusals == 1);
  CHECK(logins >= 30);
}
