#include "credentials/refusal_pause.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using namespace std::chrono_literals;
using confab::Errc;
using confab::Error;
using confab::credentials::RefusalPause;

TEST_CASE("RefusalPause: longer each time, up to a bound, with jitter, and anew after the row has ended") {
  const auto least = [] { return std::uint64_t{0}; };
  const auto most = [] { return ~std::uint64_t{0}; };
  RefusalPause pause;
  CHECK_FALSE(pause.ended());
  CHECK(pause.refused());
  CHECK(pause.length(least) == 30s);
  CHECK(pause.length(most) == 37500ms);
  CHECK_FALSE(pause.refused());
  CHECK(pause.length(least) == 60s);
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(pause.refused());
  CHECK(pause.length(least) == 5min);
  CHECK(pause.length(most) == 375s);
  CHECK(pause.length(most) == RefusalPause::longest());
  CHECK(pause.ended());
  CHECK(pause.refused());
  CHECK(pause.length(least) == 30s);
}

TEST_CASE("RefusalPause: only what the homeserver meant is a refusal") {
  for (const Errc code : {Errc::account_deactivated, Errc::account_locked, Errc::account_suspended, Errc::forbidden,
                          Errc::unsupported, Errc::protocol, Errc::session_expired, Errc::admin_unavailable}) {
    CHECK(RefusalPause::is_refusal(Error(code, "made up")));
  }
  for (const Errc code : {Errc::not_found, Errc::unreachable, Errc::unavailable, Errc::rate_limited, Errc::store,
                          Errc::busy, Errc::timed_out, Errc::cancelled, Errc::closed, Errc::no_memory}) {
    CHECK_FALSE(RefusalPause::is_refusal(Error(code, "made up")));
  }
}
