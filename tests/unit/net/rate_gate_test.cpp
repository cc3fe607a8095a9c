#include "net/rate_gate.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>

#include "fixed_chance.hpp"

using confab::net::highest;
using confab::net::lowest;
using confab::net::RandomSource;
using confab::net::RateGate;
using confab::net::start;
using namespace std::chrono;

namespace {}  // namespace

TEST_CASE("rate_gate: one flow is held, the others go") {
  RateGate gate(lowest);
  CHECK(gate.may_go("ana", start) == start);
  gate.hold("ana", 5s, start);
  CHECK(gate.may_go("ana", start) == start + 5s);
  CHECK(gate.may_go("ana", start + 4999ms) == start + 5s);
  CHECK(gate.may_go("bob", start) == start);
  CHECK(gate.held_keys() == 1);
  CHECK(gate.may_go("ana", start + 5s) == start + 5s);
  CHECK(gate.held_keys() == 0);
}

TEST_CASE("rate_gate: everybody is held, and the longer of two holds counts") {
  RateGate gate(lowest);
  gate.hold_everybody(2s, start);
  CHECK(gate.may_go("ana", start) == start + 2s);
  gate.hold("ana", 1s, start);
  CHECK(gate.may_go("ana", start) == start + 2s);
  gate.hold("ana", 3s, start);
  CHECK(gate.may_go("ana", start) == start + 3s);
  CHECK(gate.may_go("bob", start) == start + 2s);
  CHECK(gate.may_go("bob", start + 2s) == start + 2s);
}

TEST_CASE("rate_gate: holds are extended, never shortened, and bounded") {
  RateGate gate(lowest);
  gate.hold("ana", 10s, start);
  gate.hold("ana", 1s, start + 1s);
  gate.hold("ana", 0s, start + 1s);
  gate.hold("ana", -5s, start + 1s);
  CHECK(gate.may_go("ana", start + 1s) == start + 10s);
  gate.hold("ana", 10s, start + 1s);
  CHECK(gate.may_go("ana", start + 1s) == start + 11s);
  gate.hold("ana", milliseconds::max(), start);
  CHECK(gate.may_go("ana", start) == start + 1h);
  gate.hold_everybody(milliseconds::max(), start);
  CHECK(gate.may_go("bob", start) == start + 1h);
  gate.hold("cid", milliseconds::min(), start);
  RateGate other(lowest);
  other.hold("cid", milliseconds::min(), start);
  CHECK(other.may_go("cid", start) == start);
}

TEST_CASE("rate_gate: waiters are released apart, each after the wait") {
  RateGate late(highest);
  late.hold_everybody(8s, start);
  CHECK(late.may_go("ana", start) == start + 10s);
  late.hold("ana", 40s, start);
  CHECK(late.may_go("ana", start) == start + 45s);
  RateGate brief(highest);
  brief.hold("ana", 1ms, start);
  CHECK(brief.may_go("ana", start) == start + 51ms);

  std::mt19937_64 dice(1);
  RateGate gate([&] { return dice(); });
  gate.hold_everybody(8s, start);
  std::map<std::int64_t, int> released;
  for (int i = 0; i < 1000; ++i) ++released[(gate.may_go(std::to_string(i), start) - (start + 8s)) / 100ms];
  CHECK(released.begin()->first >= 0);
  CHECK(released.size() >= 20);
  for (const auto& entry : released) CHECK(entry.second < 120);
}

TEST_CASE("rate_gate: the number of keys is bounded, the least recently held goes first") {
  RateGate gate(lowest, 3);
  gate.hold("a", 10s, start);
  gate.hold("b", 10s, start);
  gate.hold("c", 10s, start);
  gate.hold("a", 11s, start);
  gate.hold("d", 10s, start);
  CHECK(gate.held_keys() == 3);
  CHECK(gate.may_go("b", start) == start);
  CHECK(gate.may_go("a", start) == start + 11s);
  CHECK(gate.may_go("c", start) == start + 10s);
  // Ended holds make room before live ones have to.
  gate.hold("e", 10s, start + 10s);
  CHECK(gate.held_keys() <= 3);
  CHECK(gate.may_go("a", start + 10s) == start + 11s);

  RateGate full(lowest);
  for (int i = 0; i < 10'000; ++i) full.hold(std::to_string(i), 1h, start);
  CHECK(full.held_keys() == RateGate::max_held_keys);
  CHECK(full.may_go("9999", start) == start + 1h);
  CHECK(full.may_go("0", start) == start);
  const std::string long_key(100'000, 'k');
  full.hold(long_key, 1h, start);
  CHECK(full.may_go(long_key, start) == start + 1h);
}

TEST_CASE("rate_gate: under any replay nobody goes before the end of a hold, and everybody goes at last") {
  std::mt19937_64 dice(9);
  RateGate gate([&] { return dice(); }, 64);
  std::map<std::string, steady_clock::time_point> until;
  steady_clock::time_point everybody = start;
  auto now = start;
  for (int step = 0; step < 20'000; ++step) {
    now += milliseconds(static_cast<int>(dice() % 50));
    const std::string key = std::to_string(dice() % 40);
    const milliseconds wait(static_cast<int>(dice() % 3000));
    const auto choice = dice() % 20;
    if (choice == 0) {
      gate.hold_everybody(wait, now);
      everybody = std::max(everybody, now + wait);
    } else if (choice < 5) {
      gate.hold(key, wait, now);
      until[key] = std::max(until[key], now + wait);
    }
    const auto held = std::max(everybody, until[key]);
    const auto at = gate.may_go(key, now);
    const bool good = held <= now ? at == now : at >= held && at <= held + RateGate::longest_spread;
    if (!good) FAIL("step ", step);
  }
  for (int key = 0; key < 40; ++key) CHECK(gate.may_go(std::to_string(key), now + 4s) == now + 4s);
  CHECK(gate.held_keys() == 0);
}
