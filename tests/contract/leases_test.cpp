// Leases on every backend: who holds one, who takes over, and what the holder of before writes then.
#include <doctest/doctest.h>

#include <chrono>
#include <functional>

#include "contract/backends.hpp"
#include "contract/contender.hpp"

using namespace confab;
using namespace confab::store;
using namespace confab::test;
using namespace std::chrono_literals;
using Outcome = LeaseMachine::Outcome;

namespace {

// A store that fails now and then decides in the end.
Outcome decided(const std::function<Outcome()>& ask) {
  Outcome outcome = Outcome::failed;
  for (int tries = 0; outcome == Outcome::failed && tries < 20; ++tries) outcome = ask();
  return outcome;
}
Outcome asked(const Contender& by) {
  return decided([&by] { return by.ask(); });
}

}  // namespace

CONTRACT(lease_taken_over, "a lease ends by itself, and who held it writes nothing by its guard after that") {
  FakeClock clock;
  const StoreClient store = backend.client();
  const Contender ana(backend.store, "ana", clock);
  const Contender bob(backend.store, "bob", clock);
  CHECK(asked(ana) == Outcome::held);
  CHECK(asked(bob) == Outcome::taken);
  const StoreVersion first = ana.lease->fence();
  const auto guard = *ana.lease->guard();
  CHECK(store.transact({guard, StoreWrite::put("t/a", 0, "1")}).has_value());
  CHECK(asked(ana) == Outcome::held);  // renewed: the same fence
  CHECK(ana.lease->fence() == first);
  CHECK(store.transact({guard, StoreWrite::put("t/b", 0, "1")}).has_value());
  clock.advance(9s);
  backend.clock.advance(9s);
  CHECK(asked(bob) == Outcome::held);
  CHECK(bob.lease->fence() > first);
  CHECK(outcome(store.transact({guard, StoreWrite::put("t/c", 0, "1")})) == "conflict");
  CHECK(store.value("t/c") == "-");
  CHECK(asked(ana) == Outcome::taken);
}
CONTRACT(lease_let_go, "a lease that is let go is free at once, for a larger fence") {
  FakeClock clock;
  const Contender ana(backend.store, "ana", clock);
  const Contender bob(backend.store, "bob", clock);
  REQUIRE(asked(ana) == Outcome::held);
  const StoreVersion first = ana.lease->fence();
  CHECK(decided([&ana] { return ana.release(); }) == Outcome::released);
  CHECK(asked(bob) == Outcome::held);
  CHECK(bob.lease->fence() > first);
}
