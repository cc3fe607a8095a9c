#include "matrix/seen_events.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace confab;
using namespace confab::matrix;

TEST_CASE("seen events: remembers the newest, forgets the oldest") {
  SeenEvents seen(3);
  for (int i = 0; i < 5; ++i) CHECK(seen.add(EventId("$" + std::to_string(i))));
  CHECK(seen.size() == 3);
  CHECK_FALSE(seen.add(EventId("$4")));
  CHECK_FALSE(seen.add(EventId("$2")));
  CHECK_FALSE(seen.knows(EventId("$1")));
  CHECK(seen.add(EventId("$1")));
  CHECK(seen.size() == 3);
}
