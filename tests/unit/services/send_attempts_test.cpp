#include "services/send_attempts.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using confab::Errc;
using confab::Error;
using confab::EventId;
using confab::Result;
using confab::TransactionId;
using confab::services::SendAttempts;
using Step = SendAttempts::Step;

namespace {

// Every way in which an attempt can end for the machine, and what it means: refused for certain, or maybe stored.
struct Failure {
  const char* name;
  Error error;
  bool may_have_arrived;
};

std::vector<Failure> failures() {
  const auto status = [](Errc code, int http) { return Error(code, "made up").with_http_status(http); };
  return {
      {"lost answer", Error(Errc::outcome_unknown, "made up"), true},
      {"500", status(Errc::unavailable, 500), true},
      {"502", status(Errc::unavailable, 502), true},
      {"503", status(Errc::unavailable, 503), true},
      {"599 with a meaning", status(Errc::rate_limited, 599), true},
      {"408 of a proxy", status(Errc::unavailable, 408), true},
      {"200 that is no Matrix", status(Errc::protocol, 200), true},
      {"unreadable answer", Error(Errc::protocol, "made up"), true},
      {"answer over its bound", Error(Errc::too_large, "made up"), true},
      {"200 over its bound", status(Errc::too_large, 200), true},
      {"event too large", status(Errc::too_large, 413), false},
      {"not connected", Error(Errc::unreachable, "made up"), false},
      {"breaker open", Error(Errc::unavailable, "made up"), false},
      {"429", status(Errc::rate_limited, 429).with_retry_after(std::chrono::seconds(1)), false},
      {"403", status(Errc::forbidden, 403), false},
      {"404", status(Errc::not_found, 404), false},
      {"token dead", status(Errc::session_expired, 401), false},
      {"locked", status(Errc::account_locked, 401), false},
      {"deadline before the first byte", Error(Errc::timed_out, "made up"), false},
      {"cancelled before the first byte", Error(Errc::cancelled, "made up"), false},
      {"queue full", Error(Errc::busy, "made up"), false},
  };
}

constexpr unsigned enough = 4;

}  // namespace

TEST_CASE("SendAttempts: what is answered at once takes one request") {
  SendAttempts attempts(TransactionId("t1"), false);
  REQUIRE(attempts.step() == Step::send);
  attempts.sent(EventId("$one"), 3);
  REQUIRE(attempts.step() == Step::end);
  CHECK(std::move(attempts).result().value() == EventId("$one"));
}

TEST_CASE("SendAttempts: a repeated message is looked for before it is sent") {
  SUBCASE("found") {
    SendAttempts attempts(TransactionId("t1"), true);
    REQUIRE(attempts.step() == Step::look);
    attempts.looked(std::optional(EventId("$earlier")), 3);
    REQUIRE(attempts.step() == Step::end);
    CHECK(std::move(attempts).result().value() == EventId("$earlier"));
  }
  SUBCASE("not found") {
    SendAttempts attempts(TransactionId("t1"), true);
    attempts.looked(std::optional<EventId>(), 3);
    CHECK(attempts.step() == Step::send);
  }
  SUBCASE("not found, and nothing left to send with") {
    SendAttempts attempts(TransactionId("t1"), true);
    attempts.looked(std::optional<EventId>(), 0);
    REQUIRE(attempts.step() == Step::end);
    const Error error = std::move(attempts).result().error();
    CHECK(error.code() == Errc::outcome_unknown);
    CHECK(error.transaction_id() == "t1");
    CHECK(error.retriable());
  }
}

TEST_CASE("SendAttempts: what ended before it was sent is refused for certain, whatever its status") {
  for (const Failure& failure : failures()) {
    CAPTURE(failure.name);
    SendAttempts attempts(TransactionId("t1"), false);
    attempts.not_sent(failure.error);
    REQUIRE(attempts.step() == Step::end);
    const Error error = std::move(attempts).result().error();
    CHECK(error.code() == failure.error.code());
    CHECK(error.transaction_id() == "t1");
  }
}

TEST_CASE("SendAttempts: every failure at every step, with every number of requests left") {
  // A script says for each step in turn which failure it meets (or none: the step succeeds, a look finding nothing).
  const std::vector<Failure> kinds = failures();
  const std::size_t success = kinds.size();
  for (const bool repeated : {false, true}) {
    for (unsigned budget = 1; budget <= enough; ++budget) {
      for (std::size_t first = 0; first <= success; ++first) {
        for (std::size_t second = 0; second <= success; ++second) {
          for (std::size_t third = 0; third <= success; ++third) {
            for (const bool in_time : {true, false}) {
              const std::vector<std::size_t> script{first, second, third};
              SendAttempts attempts(TransactionId("the-id"), repeated);
              bool open = repeated;  // an attempt may have arrived that no look has answered for
              bool stored_for_certain = false;
              unsigned left = budget;
              std::size_t at = 0;
              unsigned steps = 0;
              while (attempts.step() != Step::end && ++steps < 20) {
                if (attempts.step() == Step::wait) {
                  attempts.waited(in_time);
                  continue;
                }
                if (left == 0) break;  // asked for a request that the call may not cause: told below
                const std::size_t kind = at < script.size() ? script[at] : success;
                ++at;
                --left;
                if (attempts.step() == Step::send) {
                  if (open) FAIL("sent again without a look in between");
                  if (kind == success) {
                    stored_for_certain = true;
                    attempts.sent(EventId("$stored"), left);
                  } else {
                    open = kinds[kind].may_have_arrived;
                    attempts.sent(kinds[kind].error, left);
                  }
                } else {
                  if (kind == success) {
                    open = false;
                    attempts.looked(std::optional<EventId>(), left);
                    // Without a request left it may not be sent, and whoever repeats has to look again.
                    if (left == 0) open = true;
                  } else {
                    attempts.looked(kinds[kind].error, left);
                  }
                }
              }
              if (attempts.step() != Step::end) {
                FAIL("it asks for more requests than the call may cause, or does not end");
              }
              Result<EventId> result = std::move(attempts).result();
              if (result.has_value() != stored_for_certain) FAIL("a success that was none, or the other way round");
              if (result) continue;
              if (result.error().transaction_id() != "the-id") FAIL("the transaction id was lost");
              if ((result.error().code() == Errc::outcome_unknown) != open) {
                CAPTURE(repeated);
                CAPTURE(budget);
                CAPTURE(first);
                CAPTURE(second);
                CAPTURE(third);
                FAIL("unknown where it is known, or certain where it is not");
              }
            }
          }
        }
      }
    }
  }
}

TEST_CASE("SendAttempts: an open outcome keeps what the homeserver said, and says whether asking again can tell more") {
  SendAttempts attempts(TransactionId("t1"), true);
  attempts.looked(Error(Errc::forbidden, "not in the room").with_http_status(403).with_errcode("M_FORBIDDEN"), 3);
  const Error error = std::move(attempts).result().error();
  CHECK(error.code() == Errc::outcome_unknown);
  CHECK(error.errcode() == "M_FORBIDDEN");
  CHECK(error.http_status() == 403);
  CHECK_FALSE(error.retriable());

  SendAttempts again(TransactionId("t2"), true);
  again.looked(Error(Errc::rate_limited, "slow down").with_http_status(429).with_retry_after(std::chrono::seconds(7)),
               3);
  const Error limited = std::move(again).result().error();
  CHECK(limited.retriable());
  CHECK(limited.retry_after() == std::chrono::seconds(7));
}
