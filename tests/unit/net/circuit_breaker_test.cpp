#include "net/circuit_breaker.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "fixed_chance.hpp"

using confab::net::AttemptOutcome;
using confab::net::CircuitBreaker;
using confab::net::Ended;
using confab::net::highest;
using confab::net::lowest;
using confab::net::RandomSource;
using confab::net::start;
using State = CircuitBreaker::State;
using Verdict = CircuitBreaker::Verdict;
using namespace std::chrono;

namespace {

void one(CircuitBreaker& breaker, Verdict verdict, steady_clock::time_point now) {
  const auto ticket = breaker.admit(now);
  REQUIRE(ticket.has_value());
  breaker.record(*ticket, verdict, now);
}
void break_it(CircuitBreaker& breaker, steady_clock::time_point now) {
  for (unsigned i = 0; i < CircuitBreaker::window_failures; ++i) {
    CHECK(breaker.state() == State::closed);
    one(breaker, Verdict::failure, now);
  }
  REQUIRE(breaker.state() == State::open);
}
}  // namespace

TEST_CASE("circuit_breaker: what counts as failure, and what never does") {
  const auto verdict = [](const AttemptOutcome& outcome) { return CircuitBreaker::verdict_of(outcome); };
  for (const int status : {200, 302, 400, 401, 403, 404, 408, 429, 499})
    CHECK(verdict(AttemptOutcome::answer(status)) == Verdict::success);
  for (const int status : {500, 502, 503, 504, 599}) CHECK(verdict(AttemptOutcome::answer(status)) == Verdict::failure);
  for (const auto how : {Ended::resolve_failed, Ended::connect_failed})
    CHECK(verdict(AttemptOutcome(how)) == Verdict::failure);
  for (const auto how : {Ended::refused_stream, Ended::goaway, Ended::untrusted, Ended::held_back, Ended::rate_held,
                         Ended::cancelled_unsent, Ended::cut, Ended::broken, Ended::cancelled_sent}) {
    CHECK(verdict(AttemptOutcome(how).waited(1h)) == Verdict::unknown);
  }
  for (const auto how : {Ended::deadline_sent, Ended::deadline_unsent}) {
    CHECK(verdict(AttemptOutcome(how)) == Verdict::unknown);
    CHECK(verdict(AttemptOutcome(how).waited(4999ms)) == Verdict::unknown);
    CHECK(verdict(AttemptOutcome(how).waited(5s)) == Verdict::failure);
  }
}

TEST_CASE("circuit_breaker: opens at failures within the window, not by those before it") {
  CircuitBreaker breaker(lowest);
  for (unsigned i = 0; i < CircuitBreaker::window_failures - 1; ++i) one(breaker, Verdict::failure, start);
  one(breaker, Verdict::failure, start + CircuitBreaker::window + 1s);
  CHECK(breaker.state() == State::closed);
  break_it(breaker = CircuitBreaker(lowest), start);
  CHECK_FALSE(breaker.admit(start).has_value());
  CHECK(breaker.wait(start) == 500ms);
}

TEST_CASE("circuit_breaker: a minority of failures keeps it closed, a row of them opens it all the same") {
  CircuitBreaker breaker(lowest);
  for (int i = 0; i < 1000; ++i)
    one(breaker, i % 3 == 0 ? Verdict::failure : Verdict::success, start + milliseconds(i * 50));
  CHECK(breaker.state() == State::closed);
  for (int i = 0; i < 500; ++i) one(breaker, Verdict::success, start + 60s);
  for (unsigned i = 0; i < CircuitBreaker::consecutive_failures; ++i) {
    CHECK(breaker.state() == State::closed);
    one(breaker, Verdict::failure, start + 60s);
  }
  CHECK(breaker.state() == State::open);
}

TEST_CASE("circuit_breaker: unknown ends and successes never open it") {
  CircuitBreaker breaker(lowest);
  for (int i = 0; i < 500; ++i) {
    one(breaker, i % 2 == 0 ? Verdict::unknown : Verdict::success, start);
    CHECK(breaker.state() == State::closed);
  }
}

TEST_CASE("circuit_breaker: half open lets one probe out, and its end decides") {
  for (const auto end : {Verdict::success, Verdict::failure, Verdict::unknown}) {
    CAPTURE(static_cast<int>(end));
    CircuitBreaker breaker(lowest);
    break_it(breaker, start);
    CHECK_FALSE(breaker.admit(start + 499ms).has_value());
    const auto probe = breaker.admit(start + 500ms);
    REQUIRE(probe.has_value());
    CHECK(probe->is_probe());
    CHECK(breaker.state() == State::half_open);
    CHECK_FALSE(breaker.admit(start + 500ms).has_value());
    CHECK(breaker.wait(start + 500ms) == CircuitBreaker::probe_poll);
    breaker.record(*probe, end, start + 600ms);
    if (end == Verdict::success) {
      CHECK(breaker.state() == State::closed);
      CHECK(breaker.admit(start + 600ms).has_value());
      break_it(breaker, start + 700ms);
      CHECK(breaker.wait(start + 700ms) == 500ms);
    } else if (end == Verdict::failure) {
      CHECK(breaker.state() == State::open);
      CHECK(breaker.wait(start + 600ms) == 1s);
    } else {
      CHECK(breaker.wait(start + 600ms) == 0ms);
      CHECK(breaker.admit(start + 600ms)->is_probe());
    }
    // The same ticket told twice changes nothing more.
    const State state = breaker.state();
    breaker.record(*probe, Verdict::failure, start + 700ms);
    CHECK(breaker.state() == state);
  }
}

TEST_CASE("circuit_breaker: a probe that never reports is replaced, and its late end is ignored") {
  CircuitBreaker breaker(lowest);
  break_it(breaker, start);
  const auto lost = breaker.admit(start + 1s);
  const auto later = start + 1s + CircuitBreaker::probe_patience;
  CHECK_FALSE(breaker.admit(later - 1ms).has_value());
  const auto probe = breaker.admit(later);
  REQUIRE(probe.has_value());
  breaker.record(*lost, Verdict::failure, later);
  CHECK(breaker.state() == State::half_open);
  CHECK_FALSE(breaker.admit(later).has_value());
  breaker.record(*probe, Verdict::success, later);
  CHECK(breaker.state() == State::closed);
}

TEST_CASE("circuit_breaker: ends of requests from before it opened do not count afterwards") {
  CircuitBreaker breaker(lowest);
  std::vector<CircuitBreaker::Ticket> before;
  for (int i = 0; i < 40; ++i) before.push_back(*breaker.admit(start));
  break_it(breaker, start);
  for (const auto& ticket : before) breaker.record(ticket, Verdict::success, start + 1ms);
  CHECK(breaker.state() == State::open);
  breaker.record(*breaker.admit(start + 1s), Verdict::success, start + 1s);
  for (const auto& ticket : before) breaker.record(ticket, Verdict::failure, start + 1s);
  CHECK(breaker.state() == State::closed);
}

TEST_CASE("circuit_breaker: open periods double with jitter up to the longest") {
  for (const RandomSource& random : {lowest, highest}) {
    CircuitBreaker breaker(random);
    break_it(breaker, start);
    auto now = start;
    milliseconds ceiling = CircuitBreaker::first_open;
    for (int i = 0; i < 10; ++i) {
      const milliseconds wait = breaker.wait(now);
      CHECK(wait >= ceiling / 2);
      CHECK(wait <= ceiling);
      now += wait;
      const auto probe = breaker.admit(now);
      REQUIRE(probe.has_value());
      breaker.record(*probe, Verdict::failure, now);
      ceiling = std::min(ceiling * 2, CircuitBreaker::longest_open);
    }
    CHECK(breaker.wait(now) >= CircuitBreaker::longest_open / 2);
  }
}

TEST_CASE("circuit_breaker: under any replay at most one probe is out, and it never sticks") {
  std::mt19937_64 dice(5);
  for (int round = 0; round < 300; ++round) {
    CircuitBreaker breaker([&] { return dice(); });
    auto now = start;
    std::vector<CircuitBreaker::Ticket> out;
    for (int step = 0; step < 300; ++step) {
      now += milliseconds(static_cast<int>(dice() % 400));
      if (dice() % 2 == 0) {
        const bool passes = breaker.wait(now) == 0ms;
        const auto ticket = breaker.admit(now);
        CHECK(ticket.has_value() == passes);
        if (ticket) out.push_back(*ticket);
      } else if (!out.empty()) {
        const std::size_t at = dice() % out.size();
        breaker.record(out[at], static_cast<Verdict>(dice() % 3), now);
        out.erase(out.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    // Whatever happened, after the longest wait there is a way in again.
    now += CircuitBreaker::probe_patience + CircuitBreaker::longest_open;
    const auto ticket = breaker.admit(now);
    REQUIRE(ticket.has_value());
    breaker.record(*ticket, Verdict::success, now);
    CHECK(breaker.state() == State::closed);
  }
}
