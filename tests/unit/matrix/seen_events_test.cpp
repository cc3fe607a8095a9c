#include "matrix/seen_events.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "matrix/sync_position.hpp"

using namespace confab;
using namespace confab::matrix;

namespace {
EventId numbered(std::size_t n) { return EventId("$" + std::to_string(n)); }
}  // namespace

TEST_CASE("seen events: remembers the newest, forgets the oldest") {
  SeenEvents seen(3);
  CHECK_FALSE(seen.knows(numbered(0)));
  for (std::size_t i = 0; i < 5; ++i) CHECK(seen.add(numbered(i)));
  CHECK(seen.size() == 3);
  CHECK_FALSE(seen.add(numbered(4)));
  CHECK_FALSE(seen.add(numbered(2)));
  CHECK_FALSE(seen.knows(numbered(1)));
  CHECK(seen.add(numbered(1)));
  CHECK(seen.size() == 3);
  CHECK(seen.newest(9) == std::vector<EventId>{numbered(3), numbered(4), numbered(1)});
}

TEST_CASE("seen events: the same as a list that is looked through, whatever comes") {
  for (const std::size_t most : {1U, 2U, 7U, 64U, 100U}) {
    std::minstd_rand random(static_cast<unsigned>(most));
    SeenEvents seen(most);
    std::deque<EventId> list;
    for (int step = 0; step < 5000; ++step) {
      const EventId id = numbered(random() % (3 * most));
      const bool known = std::find(list.begin(), list.end(), id) != list.end();
      REQUIRE(seen.knows(id) == known);
      REQUIRE(seen.add(id) != known);
      if (!known) list.push_back(id);
      if (list.size() > most) list.pop_front();
      REQUIRE(seen.size() == list.size());
    }
    const std::size_t kept = std::min({list.size(), SeenEvents::most_whole_ids});
    CHECK(seen.newest(1000) == std::vector<EventId>(list.end() - static_cast<std::ptrdiff_t>(kept), list.end()));
  }
}

TEST_CASE("seen events: ids that are much alike are told apart") {
  SeenEvents seen(1000);
  const std::string id = "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg";
  CHECK(seen.add(EventId(id)));
  for (std::size_t at = 0; at < id.size(); ++at) {
    std::string other = id;
    other[at] = '!';
    CHECK(seen.add(EventId(other)));
    CHECK(seen.add(EventId(id.substr(0, at))));
  }
  for (const std::size_t zeros : {1U, 2U, 3U, 4U, 5U}) CHECK(seen.add(EventId(std::string(zeros, '\0'))));
}

TEST_CASE("seen events: what a stream remembers of a busy user fits in 128 KiB, and of a quiet one in little") {
  static_assert(SeenEvents::most_whole_ids >= SyncPosition::most_recent_ids);
  SeenEvents busy(8192);
  std::size_t most = 0;
  for (std::size_t i = 0; i < 20'000; ++i) {
    CHECK(busy.add(numbered(i)));
    most = std::max(most, busy.bytes());
  }
  CHECK(busy.size() == 8192);
  CHECK(most <= 128U * 1024U);
  SeenEvents quiet(8192);
  CHECK(quiet.bytes() == 0);
  for (std::size_t i = 0; i < 10; ++i) quiet.add(numbered(i));
  CHECK(quiet.bytes() < 256);
}
