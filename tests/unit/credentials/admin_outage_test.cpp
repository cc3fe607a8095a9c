#include "credentials/admin_outage.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using namespace std::chrono_literals;
using confab::Errc;
using confab::Error;
using confab::credentials::AdminOutage;
using Tell = AdminOutage::Tell;

namespace {

const Error refusal_of_admin(Errc::admin_unavailable, "made up");

}  // namespace

TEST_CASE("AdminOutage: an outage is told once, and its end once") {
  AdminOutage outage;
  CHECK(outage.made() == Tell::nothing);
  for (int round = 0; round < 2; ++round) {
    CHECK(outage.failed(refusal_of_admin) == Tell::begins);
    CHECK(outage.failed(refusal_of_admin) == Tell::nothing);
    CHECK(outage.failed(Error(Errc::rate_limited, "made up")) == Tell::nothing);
    CHECK(outage.made() == Tell::ends);
    CHECK(outage.made() == Tell::nothing);
  }
}

TEST_CASE("AdminOutage: a homeserver or a store that is away is no refusal of the admin") {
  AdminOutage outage;
  for (const Errc code :
       {Errc::unreachable, Errc::unavailable, Errc::store, Errc::busy, Errc::cancelled, Errc::closed}) {
    CHECK(outage.failed(Error(code, "made up")) == Tell::nothing);
  }
  CHECK(outage.made() == Tell::nothing);
}

TEST_CASE("AdminOutage: the pause grows with each refusal, and begins anew after the outage") {
  const auto least = [] { return std::uint64_t{0}; };
  AdminOutage outage;
  (void)outage.failed(refusal_of_admin);
  CHECK(outage.pause(least) == 30s);
  (void)outage.failed(refusal_of_admin);
  CHECK(outage.pause(least) == 60s);
  (void)outage.made();
  (void)outage.failed(refusal_of_admin);
  CHECK(outage.pause(least) == 30s);
}
