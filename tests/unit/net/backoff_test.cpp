#include "net/backoff.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>

#include "fixed_chance.hpp"

using confab::net::Backoff;
using confab::net::highest;
using confab::net::lowest;
using confab::net::max_wait;
using confab::net::RandomSource;
using confab::net::uniform_wait;
using std::chrono::milliseconds;

namespace {}  // namespace

TEST_CASE("backoff: ceilings double from the base and stop at the cap") {
  const Backoff backoff(milliseconds(100), milliseconds(1000));
  const int expected[] = {100, 200, 400, 800, 1000, 1000};
  for (unsigned attempt = 0; attempt < 6; ++attempt) CHECK(backoff.ceiling(attempt) == milliseconds(expected[attempt]));
  CHECK(backoff.ceiling(std::numeric_limits<unsigned>::max()) == milliseconds(1000));
}

TEST_CASE("backoff: both ends of the jitter are reached and never passed") {
  std::mt19937_64 dice(7);
  const RandomSource random = [&] { return dice(); };
  for (int round = 0; round < 2000; ++round) {
    const milliseconds base(static_cast<int>(dice() % 5000));
    const milliseconds cap(static_cast<int>(dice() % 100000));
    const unsigned attempt = static_cast<unsigned>(dice() % 40);
    const Backoff backoff(base, cap);
    CAPTURE(base.count());
    CAPTURE(cap.count());
    CAPTURE(attempt);
    const milliseconds ceiling = backoff.ceiling(attempt);
    CHECK(backoff.ceiling(attempt + 1) >= ceiling);
    CHECK(ceiling >= milliseconds(1));
    CHECK(ceiling <= max_wait);
    CHECK(backoff.wait(attempt, lowest) == milliseconds(0));
    CHECK(backoff.wait(attempt, highest) == ceiling);
    const milliseconds wait = backoff.wait(attempt, random);
    CHECK(wait >= milliseconds(0));
    CHECK(wait <= ceiling);
  }
}

TEST_CASE("backoff: the shared source is SplitMix64, and copies do not repeat each other") {
  const RandomSource source = confab::net::jitter_source(0);
  const RandomSource copy = source;
  // The published first values for seed 0.
  CHECK(source() == 0xE220A8397B1DCDAFU);
  CHECK(copy() == 0x6E789E6AA1B965F4U);
  CHECK(source() == 0x06C45D188009454FU);
}

TEST_CASE("backoff: waits are spread evenly, so that clients do not meet again") {
  std::mt19937_64 dice(11);
  const RandomSource random = [&] { return dice(); };
  int quarters[4] = {};
  for (int i = 0; i < 8000; ++i) ++quarters[uniform_wait(milliseconds(399), random).count() / 100];
  for (const int count : quarters) {
    CHECK(count > 1800);
    CHECK(count < 2200);
  }
}

TEST_CASE("backoff: nonsense is bent into range") {
  CHECK(Backoff(milliseconds(-5), milliseconds(-9)).ceiling(3) == milliseconds(1));
  CHECK(Backoff(milliseconds(50), milliseconds(10)).ceiling(0) == milliseconds(50));
  CHECK(Backoff(milliseconds::max(), milliseconds::max()).ceiling(9) == max_wait);
  CHECK(uniform_wait(milliseconds::min(), highest) == milliseconds(0));
  CHECK(uniform_wait(milliseconds::max(), highest) == max_wait);
}
