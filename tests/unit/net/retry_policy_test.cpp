#include "net/retry_policy.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "fixed_chance.hpp"

using confab::Errc;
using confab::Error;
using confab::net::AttemptOutcome;
using confab::net::Ended;
using confab::net::highest;
using confab::net::lowest;
using confab::net::RandomSource;
using confab::net::Repeatable;
using confab::net::RetryDecision;
using confab::net::RetryPolicy;
using confab::net::start;
using Kind = RetryDecision::Kind;
using namespace std::chrono;

namespace {
const steady_clock::time_point never = steady_clock::time_point::max();

AttemptOutcome answered(int status) { return AttemptOutcome::answer(status); }

// What one first attempt leads to when attempts and time are left, and with which error when none are.
struct Row {
  AttemptOutcome outcome;
  bool repeats[3];  // safe, idempotent, once
  Errc errors[3];
};
const Errc none = Errc::internal;

std::vector<Row> table() {
  const auto row = [](AttemptOutcome outcome, bool safe, bool idempotent, bool once, Errc a, Errc b, Errc c) {
    return Row{outcome, {safe, idempotent, once}, {a, b, c}};
  };
  const auto same = [&](AttemptOutcome outcome, bool repeats, Errc code) {
    return row(outcome, repeats, repeats, repeats, code, code, code);
  };
  return {
      same(AttemptOutcome(Ended::resolve_failed), true, Errc::unreachable),
      same(AttemptOutcome(Ended::connect_failed), true, Errc::unreachable),
      same(AttemptOutcome(Ended::refused_stream), true, Errc::unreachable),
      same(AttemptOutcome(Ended::goaway), true, Errc::unreachable),
      same(AttemptOutcome(Ended::held_back), true, Errc::unavailable),
      same(AttemptOutcome(Ended::rate_held).retry_after(1s), true, Errc::rate_limited),
      same(AttemptOutcome(Ended::untrusted), false, Errc::unreachable),
      same(AttemptOutcome(Ended::deadline_unsent), false, Errc::timed_out),
      same(AttemptOutcome(Ended::cancelled_unsent), false, Errc::cancelled),
      same(AttemptOutcome(Ended::broken), false, Errc::protocol),
      same(answered(429), true, Errc::rate_limited),
      row(AttemptOutcome(Ended::cut), true, true, false, Errc::unavailable, Errc::outcome_unknown,
          Errc::outcome_unknown),
      row(AttemptOutcome(Ended::deadline_sent), false, false, false, Errc::timed_out, Errc::outcome_unknown,
          Errc::outcome_unknown),
      row(AttemptOutcome(Ended::cancelled_sent), false, false, false, Errc::cancelled, Errc::outcome_unknown,
          Errc::outcome_unknown),
      row(answered(408), true, true, false, Errc::unavailable, Errc::unavailable, Errc::unavailable),
      row(answered(500), true, true, false, Errc::unavailable, Errc::unavailable, Errc::unavailable),
      row(answered(502), true, true, false, Errc::unavailable, Errc::unavailable, Errc::outcome_unknown),
      row(answered(503), true, true, false, Errc::unavailable, Errc::unavailable, Errc::unavailable),
      row(answered(504), true, true, false, Errc::unavailable, Errc::unavailable, Errc::outcome_unknown),
      row(answered(599), true, true, false, Errc::unavailable, Errc::unavailable, Errc::unavailable),
      row(answered(200), false, false, false, none, none, none),
      row(answered(302), false, false, false, none, none, none),
      row(answered(401), false, false, false, none, none, none),
      row(answered(404), false, false, false, none, none, none),
  };
}
}  // namespace

TEST_CASE("retry_policy: the first attempt, every way it can end") {
  for (const Row& row : table()) {
    for (int kind = 0; kind < 3; ++kind) {
      CAPTURE(static_cast<int>(row.outcome.how()));
      CAPTURE(row.outcome.status());
      CAPTURE(kind);
      RetryPolicy policy(static_cast<Repeatable>(kind), never, lowest);
      const RetryDecision decision = policy.after(row.outcome, 3, start);
      if (row.errors[kind] == none) {
        CHECK(decision.kind() == Kind::settled);
        continue;
      }
      CHECK((decision.kind() == Kind::repeat) == row.repeats[kind]);
      // Without attempts left, and likewise at the deadline, the error is the honest one.
      RetryPolicy spent(static_cast<Repeatable>(kind), never, lowest);
      const RetryDecision final = spent.after(row.outcome, 0, start);
      REQUIRE(final.kind() == Kind::give_up);
      CHECK(final.error().code() == row.errors[kind]);
      CHECK(final.error().http_status() == row.outcome.status());
      RetryPolicy late(static_cast<Repeatable>(kind), start, lowest);
      const RetryDecision too_late = late.after(row.outcome, 3, start);
      REQUIRE(too_late.kind() == Kind::give_up);
      CHECK(too_late.error().code() == row.errors[kind]);
    }
  }
}

TEST_CASE("retry_policy: every sequence of ends up to four attempts keeps the promises") {
  const std::vector<Row> rows = table();
  std::mt19937_64 dice(3);
  const RandomSource random = [&] { return dice(); };
  std::uint64_t repeats = 0;
  for (int kind = 0; kind < 3; ++kind) {
    const std::size_t n = rows.size();
    for (std::size_t code = 0; code < n * n * n * n; ++code) {
      RetryPolicy policy(static_cast<Repeatable>(kind), start + seconds(30), random);
      steady_clock::time_point now = start;
      bool open = false;
      std::size_t rest = code;
      for (unsigned left = 4; left-- > 0; rest /= n) {
        const Row& row = rows[rest % n];
        const RetryDecision decision = policy.after(row.outcome, left, now);
        open = open || row.errors[kind] == Errc::outcome_unknown;
        bool good = policy.may_have_happened() == open;
        if (decision.kind() == Kind::repeat) {
          ++repeats;
          good = good && left > 0 && row.repeats[kind] && decision.at() >= now && decision.at() < start + seconds(30);
          // What may have been done is never sent again, unless twice is once.
          good = good && !(open && kind == static_cast<int>(Repeatable::once));
          now = decision.at();
        } else if (decision.kind() == Kind::give_up) {
          good = good && decision.error().code() == (open ? Errc::outcome_unknown : row.errors[kind]);
        } else {
          good = good && row.errors[kind] == none;
        }
        if (!good) FAIL("kind ", kind, " sequence ", code, " with ", left, " left");
        if (decision.kind() != Kind::repeat) break;
      }
    }
  }
  CHECK(repeats > 100'000);
}

TEST_CASE("retry_policy: a 429 waits as long as it says, a little spread, and not past the deadline") {
  const auto limited = answered(429).retry_after(5s);
  for (const auto repeatable : {Repeatable::safe, Repeatable::idempotent, Repeatable::once}) {
    CHECK(RetryPolicy(repeatable, never, lowest).after(limited, 3, start).at() == start + 5s);
    const auto spread = RetryPolicy(repeatable, never, highest).after(limited, 3, start).at();
    CHECK(spread == start + 5s + 625ms);
    // The spread is cut to fit, the wait never is.
    CHECK(RetryPolicy(repeatable, start + 5001ms, highest).after(limited, 3, start).at() == start + 5000ms);
    for (const auto deadline : {start + 5s, start + 4s, start, start - 1h}) {
      const auto decision = RetryPolicy(repeatable, deadline, lowest).after(limited, 3, start);
      REQUIRE(decision.kind() == Kind::give_up);
      CHECK(decision.error().code() == Errc::rate_limited);
      CHECK(decision.error().retry_after() == 5s);
      CHECK(decision.error().http_status() == 429);
      CHECK(decision.error().retriable());
    }
  }
  CHECK(RetryPolicy(Repeatable::once, never, lowest).after(answered(429), 3, start).at() == start + 1s);
  const auto long_wait = answered(429).retry_after(milliseconds::max());
  CHECK(RetryPolicy(Repeatable::once, never, lowest).after(long_wait, 3, start).at() == start + 1h);
  const auto negative = answered(503).retry_after(milliseconds::min());
  CHECK(RetryPolicy(Repeatable::safe, never, lowest).after(negative, 3, start).at() == start);
}

TEST_CASE("retry_policy: a 503 that names a wait is honoured, a stale connection repeats at once but only first") {
  RetryPolicy failing(Repeatable::idempotent, never, highest);
  CHECK(failing.after(answered(503).retry_after(10s), 3, start).at() >= start + 10s);
  RetryPolicy stale(Repeatable::idempotent, never, highest);
  CHECK(stale.after(AttemptOutcome(Ended::goaway), 3, start).at() == start);
  CHECK(stale.after(AttemptOutcome(Ended::goaway), 2, start).at() == start + 500ms);
  RetryPolicy away(Repeatable::idempotent, never, highest);
  CHECK(away.after(AttemptOutcome(Ended::connect_failed), 3, start).at() == start + 250ms);
}

TEST_CASE("retry_policy: an earlier attempt that may have happened is not forgotten") {
  RetryPolicy policy(Repeatable::idempotent, start + 10s, lowest);
  CHECK(policy.after(AttemptOutcome(Ended::cut), 3, start).kind() == Kind::repeat);
  const auto end = policy.after(answered(429).retry_after(1min), 2, start);
  REQUIRE(end.kind() == Kind::give_up);
  CHECK(end.error().code() == Errc::outcome_unknown);
  CHECK(end.error().http_status() == 429);
  CHECK(end.error().retry_after() == 1min);
}

TEST_CASE("retry_policy: what the client knew about the failure is kept") {
  const Error detail = Error(Errc::too_large, "The answer is over 1 MB.").with_errcode("M_X").with_server_message("hm");
  const auto broken =
      RetryPolicy(Repeatable::safe, never, lowest).after(AttemptOutcome(Ended::broken).error(detail), 3, start);
  CHECK(broken.error().code() == Errc::too_large);
  const auto limited = RetryPolicy(Repeatable::safe, never, lowest).after(answered(429).error(detail), 0, start);
  CHECK(limited.error().code() == Errc::rate_limited);
  CHECK(limited.error().errcode() == "M_X");
  CHECK(limited.error().message() == "The answer is over 1 MB.");
  const auto untrusted = RetryPolicy(Repeatable::safe, never, lowest).after(AttemptOutcome(Ended::untrusted), 3, start);
  CHECK_FALSE(untrusted.error().retriable());
}

TEST_CASE("retry_policy: a breaker that never closes ends the call") {
  RetryPolicy policy(Repeatable::safe, never, lowest);
  unsigned repeats = 0;
  while (policy.after(AttemptOutcome(Ended::held_back).retry_after(0ms), 4, start).kind() == Kind::repeat) ++repeats;
  CHECK(repeats == confab::net::max_hold_backs);
}
