#include "store/lease.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <set>
#include <string>
#include <thread>

#include "contract/backends.hpp"
#include "contract/contender.hpp"
#include "support/fake_clock.hpp"

using namespace confab;
using namespace confab::store;
using namespace confab::test;
using namespace std::chrono_literals;
using Outcome = LeaseMachine::Outcome;

namespace {

struct World {
  MemoryBackend backend;
  FakeClock clock;
  void advance(std::chrono::milliseconds step) {
    clock.advance(step);
    backend.clock.advance(step);
  }
};

}  // namespace

TEST_CASE("a lease that nobody has is held by who asks, and by no other") {
  World world;
  const Contender ana(world.backend.store, "ana", world.clock);
  const Contender bob(world.backend.store, "bob", world.clock);
  CHECK(ana.lease->fence() == 0);
  CHECK_FALSE(ana.lease->guard());
  CHECK(ana.ask() == Outcome::held);
  CHECK(bob.ask() == Outcome::taken);
  CHECK(ana.lease->remaining() == 9s);
  CHECK(ana.lease->fence() > 0);
  CHECK(bob.lease->fence() == 0);
  CHECK(bob.lease->remaining() <= 0s);
}
TEST_CASE("a lease covers what ends before it, and nothing that ends with it or later") {
  World world;
  const Contender ana(world.backend.store, "ana", world.clock);
  REQUIRE(ana.ask() == Outcome::held);
  CHECK(ana.lease->covers(world.clock.now() + 8999ms));
  CHECK_FALSE(ana.lease->covers(world.clock.now() + 9s));
  world.advance(5s);
  CHECK(ana.lease->remaining() == 4s);
  CHECK_FALSE(ana.lease->covers(world.clock.now() + 4s));
  world.advance(5s);
  CHECK(ana.lease->remaining() < 0s);
}
TEST_CASE("a lease ends by itself, and the next holder has a larger fence") {
  World world;
  const Contender ana(world.backend.store, "ana", world.clock);
  const Contender bob(world.backend.store, "bob", world.clock);
  REQUIRE(ana.ask() == Outcome::held);
  const StoreVersion first = ana.lease->fence();
  world.advance(8999ms);
  CHECK(bob.ask() == Outcome::taken);
  world.advance(1ms);
  CHECK(bob.ask() == Outcome::held);
  CHECK(bob.lease->fence() > first);
  CHECK(ana.ask() == Outcome::taken);
  CHECK(ana.lease->fence() == 0);
}
TEST_CASE("a lease that is renewed stays, with its fence") {
  World world;
  const Contender ana(world.backend.store, "ana", world.clock);
  const Contender bob(world.backend.store, "bob", world.clock);
  REQUIRE(ana.ask() == Outcome::held);
  const StoreVersion fence = ana.lease->fence();
  for (int i = 0; i < 10; ++i) {
    CHECK(ana.lease->renew_at() == world.clock.now() + 3s);
    world.advance(3s);
    CHECK(ana.ask() == Outcome::held);
    CHECK(bob.ask() == Outcome::taken);
    CHECK(ana.lease->fence() == fence);
    CHECK(ana.lease->remaining() == 9s);
  }
}
TEST_CASE("a lease that is let go is free at once, and certain no more") {
  World world;
  const Contender ana(world.backend.store, "ana", world.clock);
  const Contender bob(world.backend.store, "bob", world.clock);
  REQUIRE(ana.ask() == Outcome::held);
  const StoreVersion first = ana.lease->fence();
  CHECK(ana.release() == Outcome::released);
  CHECK(ana.lease->remaining() <= 0s);
  CHECK(bob.ask() == Outcome::held);
  CHECK(bob.lease->fence() > first);
  CHECK(ana.release() == Outcome::released);
  CHECK(bob.ask() == Outcome::held);
}
TEST_CASE("the guard lets a holder write, through renewals, and not after another took over") {
  World world;
  const StoreClient store = world.backend.client();
  const Contender ana(world.backend.store, "ana", world.clock);
  const Contender bob(world.backend.store, "bob", world.clock);
  REQUIRE(ana.ask() == Outcome::held);
  const auto guard = *ana.lease->guard();
  CHECK(store.transact({guard, StoreWrite::put("t/a", 0, "1")}).has_value());
  REQUIRE(ana.ask() == Outcome::held);
  CHECK(store.transact({guard, StoreWrite::put("t/b", 0, "1")}).has_value());
  world.advance(9s);
  REQUIRE(bob.ask() == Outcome::held);
  CHECK(outcome(store.transact({guard, StoreWrite::put("t/c", 0, "1")})) == "conflict");
  CHECK(store.value("t/c") == "-");
}
TEST_CASE("one question at a time") {
  World world;
  const Contender ana(world.backend.store, "ana", world.clock);
  std::promise<void> inside;
  std::promise<void> go;
  auto gone = go.get_future().share();
  world.backend.store->now([&](const Result<StoreTime>&) {
    inside.set_value();
    gone.wait();
  });
  inside.get_future().get();
  std::promise<Outcome> first;
  CHECK(ana.lease->ask([&](Outcome outcome) { first.set_value(outcome); }));
  CHECK_FALSE(ana.lease->ask([](Outcome) { FAIL("was refused"); }));
  CHECK_FALSE(ana.lease->release([](Outcome) { FAIL("was refused"); }));
  go.set_value();
  CHECK(first.get_future().get() == Outcome::held);
  CHECK(ana.ask() == Outcome::held);
}
TEST_CASE("records that are no lease of ours are another's") {
  World world;
  REQUIRE(world.backend.client().put("lease/sync", 0, "[\"ana\"]"));
  const Contender ana(world.backend.store, "ana", world.clock);
  CHECK(ana.ask() == Outcome::taken);
}

// Every operation of a long life fails in turn, before it was done and after it. Whatever happens: never two who
// believe to hold it, fences only grow, and when the store is well again somebody gets it.
TEST_CASE("a store that fails at any step never gives a lease to two, and the lease is not lost") {
  for (const Fault fault : {Fault::before, Fault::after}) {
    bool reached = true;
    int step = 0;
    for (; reached; ++step) {
      CAPTURE(step);
      World world;
      const auto faulty = std::make_shared<FaultyStore>(world.backend.store, Errc::store,
                                                        [&](int n) { return n == step ? fault : Fault::none; });
      const Contender ana(faulty, "ana", world.clock);
      const Contender bob(faulty, "bob", world.clock);
      StoreVersion last = 0;
      const Contender* holder = nullptr;
      for (int round = 0; round < 24; ++round) {
        const Contender& asking = round % 3 == 2 ? bob : ana;
        (void)asking.ask();
        const bool both = ana.lease->remaining() > 0s && bob.lease->remaining() > 0s;
        REQUIRE_FALSE(both);
        for (const Contender* each : {&ana, &bob}) {
          if (each->lease->remaining() <= 0s || each->lease->fence() == 0) continue;
          CHECK((each == holder ? each->lease->fence() == last : each->lease->fence() > last));
          last = each->lease->fence();
          holder = each;
        }
        world.advance(round % 5 == 4 ? 10s : 2s);
        if (round % 7 == 6) {
          (void)ana.release();
          if (holder == &ana) holder = nullptr;
        }
        if (ana.lease->fence() == 0 && holder == &ana) holder = nullptr;
        if (bob.lease->fence() == 0 && holder == &bob) holder = nullptr;
      }
      reached = faulty->operations() > step;
      world.advance(10s);
      const Outcome first = ana.ask();
      CHECK((first == Outcome::held || ana.ask() == Outcome::held));
      REQUIRE(step < 500);
    }
    CHECK(step > 20);
  }
}
TEST_CASE("of many who ask at once, one holds the lease") {
  World world;
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> held{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&, i] {
        const auto lease = std::make_shared<Lease>(
            world.backend.store, LeaseMachine("l" + std::to_string(round), "h" + std::to_string(i), 9s),
            [&world] { return world.clock.now(); });
        std::promise<Outcome> ended;
        if (!lease->ask([&](Outcome outcome) { ended.set_value(outcome); })) return;
        if (ended.get_future().get() == Outcome::held) ++held;
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(held == 1);
  }
}
