#include "net/attempts_budget.hpp"

#include <doctest/doctest.h>

using confab::net::AttemptsBudget;
using confab::net::max_attempts_per_call;

TEST_CASE("attempts_budget: copies share one count, and it ends") {
  AttemptsBudget call;
  AttemptsBudget layer_below = call;
  for (unsigned i = 0; i < max_attempts_per_call; ++i) {
    CHECK(call.left() == max_attempts_per_call - i);
    CHECK((i % 2 == 0 ? call : layer_below).take());
  }
  CHECK(layer_below.left() == 0);
  CHECK_FALSE(call.take());
  CHECK_FALSE(layer_below.take());
  CHECK(call.left() == 0);
}

TEST_CASE("attempts_budget: giving back never makes more than there was") {
  AttemptsBudget two(2);
  two.give_back();
  CHECK(two.left() == 2);
  CHECK(two.take());
  two.give_back();
  CHECK(two.left() == 2);
  CHECK(AttemptsBudget(1000).left() == max_attempts_per_call);
  AttemptsBudget none(0);
  CHECK_FALSE(none.take());
}

TEST_CASE("attempts_budget: another call has its own") {
  AttemptsBudget one;
  AttemptsBudget other;
  CHECK(one.take());
  CHECK(other.left() == max_attempts_per_call);
}
