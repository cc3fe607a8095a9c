// Leases on every backend: who holds one, who takes over, and what the holder of before writes then.
#include <doctest/doctest.h>

#include <chrono>

#include "contract/backends.hpp"
#include "contract/contender.hpp"

using namespace confab;
using namespace confab::store;
using namespace confab::test;
using namespace std::chrono_literals;
using Outcome = LeaseMachine::Outcome;

// Not on the flaky ones: a question about a lease is several operations, and is not repeated by itself.
#if CONFAB_HAS_SQLITE
#define WITH_SQLITE , SqliteBackend
#else
#define WITH_SQLITE
#endif
#if CONFAB_HAS_POSTGRESQL
#define WITH_POSTGRESQL , PostgresqlBackend
#else
#define WITH_POSTGRESQL
#endif
#if CONFAB_HAS_C_ABI
#define WITH_C , HostsOwnBackendInC
#else
#define WITH_C
#endif
#define EACH_BACKEND MemoryBackend, HostsOwnBackend WITH_SQLITE WITH_POSTGRESQL WITH_C

TEST_CASE_TEMPLATE("a lease ends by itself, and who held it writes nothing by its guard after that", T, EACH_BACKEND) {
  T backend;
  FakeClock clock;
  const StoreClient store = backend.client();
  const Contender ana(backend.store, "ana", clock);
  const Contender bob(backend.store, "bob", clock);
  CHECK(ana.ask() == Outcome::held);
  CHECK(bob.ask() == Outcome::taken);
  const StoreVersion first = ana.lease->fence();
  const auto guard = *ana.lease->guard();
  CHECK(store.transact({guard, StoreWrite::put("t/a", 0, "1")}).has_value());
  CHECK(ana.ask() == Outcome::held);  // renewed: the same fence
  CHECK(ana.lease->fence() == first);
  CHECK(store.transact({guard, StoreWrite::put("t/b", 0, "1")}).has_value());
  clock.advance(9s);
  backend.clock.advance(9s);
  CHECK(bob.ask() == Outcome::held);
  CHECK(bob.lease->fence() > first);
  CHECK(outcome(store.transact({guard, StoreWrite::put("t/c", 0, "1")})) == "conflict");
  CHECK(store.value("t/c") == "-");
  CHECK(ana.ask() == Outcome::taken);
}
TEST_CASE_TEMPLATE("a lease that is let go is free at once, for a larger fence", T, EACH_BACKEND) {
  T backend;
  FakeClock clock;
  const Contender ana(backend.store, "ana", clock);
  const Contender bob(backend.store, "bob", clock);
  REQUIRE(ana.ask() == Outcome::held);
  const StoreVersion first = ana.lease->fence();
  CHECK(ana.release() == Outcome::released);
  CHECK(bob.ask() == Outcome::held);
  CHECK(bob.lease->fence() > first);
}
