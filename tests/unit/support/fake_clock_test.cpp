#include "../../support/fake_clock.hpp"

#include <doctest/doctest.h>

using confab::test::FakeClock;
using namespace std::chrono_literals;

TEST_CASE("fake clock: stands still, goes on when told, never back") {
  FakeClock clock;
  const auto start = clock.now();
  CHECK(clock.now() == start);
  CHECK(clock.advance(250ms) == start + 250ms);
  CHECK(clock.advance(-1s) == start + 250ms);
  CHECK(clock.now() == start + 250ms);
  CHECK(FakeClock(start).now() == start);
}
