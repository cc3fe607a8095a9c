#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>

#include <confab/error.hpp>

#include "util/no_memory.hpp"

using namespace std::chrono_literals;
using confab::Errc;
using confab::errc_name;
using confab::Error;

namespace {
constexpr int first_code = 1;
constexpr int last_code = 28;
}  // namespace

TEST_CASE("error: numbers and names are a promise") {
  CHECK(static_cast<int>(Errc::unknown) == 1);
  CHECK(static_cast<int>(Errc::rate_limited) == 8);
  CHECK(static_cast<int>(Errc::outcome_unknown) == 13);
  CHECK(static_cast<int>(Errc::would_deadlock) == 24);
  CHECK(static_cast<int>(Errc::internal) == last_code);
  CHECK(errc_name(Errc::rate_limited) == "rate_limited");
  std::set<std::string> names;
  for (int code = first_code; code <= last_code; ++code) names.insert(std::string(errc_name(static_cast<Errc>(code))));
  CHECK(names.size() == last_code);
  CHECK(errc_name(static_cast<Errc>(0)) == "unknown");
  CHECK(errc_name(static_cast<Errc>(999)) == "unknown");
}

TEST_CASE("error: a fresh one has a code and a message and nothing else") {
  const Error error(Errc::forbidden, "not listed");
  CHECK(error.code() == Errc::forbidden);
  CHECK(error.message() == "not listed");
  CHECK(error.errcode().empty());
  CHECK(error.http_status() == 0);
  CHECK(!error.retriable());
  CHECK(!error.retry_after().has_value());
  CHECK(error.server_message().empty());
  CHECK(error.transaction_id().empty());
  CHECK(error.subject().empty());
}

TEST_CASE("error: each setter changes a copy, in one thing") {
  const Error plain(Errc::rate_limited, "slow down");
  const Error full = plain.with_errcode("M_LIMIT_EXCEEDED")
                         .with_http_status(429)
                         .with_retry_after(1500ms)
                         .with_server_message("Too Many Requests")
                         .with_transaction_id("t1")
                         .with_subject("homeserver.url")
                         .with_retriable(false);
  CHECK(full.code() == Errc::rate_limited);
  CHECK(full.errcode() == "M_LIMIT_EXCEEDED");
  CHECK(full.http_status() == 429);
  CHECK(full.retry_after() == 1500ms);
  CHECK(full.server_message() == "Too Many Requests");
  CHECK(full.transaction_id() == "t1");
  CHECK(full.subject() == "homeserver.url");
  CHECK(!full.retriable());
  CHECK(plain.errcode().empty());
  CHECK(plain.retriable());

  const Error other = full.with_code(Errc::busy).with_message("wait");
  CHECK(other.code() == Errc::busy);
  CHECK(other.message() == "wait");
  CHECK(other.errcode() == "M_LIMIT_EXCEEDED");
  CHECK(!other.retriable());  // what was stated stays stated
  CHECK(full.code() == Errc::rate_limited);
}

TEST_CASE("error: whether repeating helps follows the code") {
  const std::set<Errc> yes = {Errc::rate_limited,    Errc::unreachable,       Errc::unavailable, Errc::timed_out,
                              Errc::outcome_unknown, Errc::admin_unavailable, Errc::busy,        Errc::no_memory};
  for (int code = first_code; code <= last_code; ++code) {
    const auto errc = static_cast<Errc>(code);
    CAPTURE(errc_name(errc));
    CHECK(Error(errc, "").retriable() == (yes.count(errc) == 1));
  }
  CHECK(Error(Errc::forbidden, "").with_code(Errc::unavailable).retriable());
}

TEST_CASE("error: the server's words are cut at 512 bytes, at the border of a character") {
  const Error plain(Errc::unknown, "");
  CHECK(plain.with_server_message(std::string(512, 'x')).server_message().size() == 512);
  CHECK(plain.with_server_message(std::string(513, 'x')).server_message().size() == 512);
  const std::string euro = "\xE2\x82\xAC";
  for (std::size_t before = 507; before <= 512; ++before) {
    const Error cut = plain.with_server_message(std::string(before, 'x') + euro + euro);
    const auto words = cut.server_message();
    CHECK(words.size() <= 512);
    CHECK((words.size() - before) % 3 == 0);
  }
}

TEST_CASE("error: copies share, moves empty, assignments may be to oneself") {
  Error first(Errc::busy, "a message that is long enough for the heap");
  const auto* const text = first.message().data();
  Error copy = first;
  CHECK(copy.message().data() == text);
  Error moved = std::move(first);
  CHECK(moved.message().data() == text);
  first = copy;  // NOLINT: assigning to what was moved from is allowed
  CHECK(first.message().data() == text);
  const Error& self = first;
  first = self;
  CHECK(first.code() == Errc::busy);
  Error other(Errc::closed, "other");
  other = std::move(copy);
  CHECK(other.message().data() == text);
}

TEST_CASE("error: that of exhausted memory is there without any, and can be made another one") {
  for (int i = 0; i < 2; ++i) {
    const Error error = confab::no_memory();
    CHECK(error.code() == Errc::no_memory);
    CHECK(error.message() == "out of memory");
    CHECK(error.retriable());
    CHECK(error.with_subject("here").subject() == "here");
    CHECK(error.subject().empty());
  }
}
