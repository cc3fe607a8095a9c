#include "chat/membership_cache.hpp"

#include <doctest/doctest.h>

using confab::MatrixRoomId;
using confab::MatrixUserId;
using confab::chat::MembershipCache;
using Place = MembershipCache::Place;

TEST_CASE("MembershipCache: it knows what it heard last") {
  MembershipCache cache;
  const MatrixRoomId room("!r");
  const MatrixUserId ana("@ana:hs.test");
  CHECK(cache.find(room, ana) == Place::unknown);
  cache.put(room, ana, Place::in);
  CHECK(cache.find(room, ana) == Place::in);
  CHECK(cache.find(MatrixRoomId("!s"), ana) == Place::unknown);
  CHECK(cache.find(room, MatrixUserId("@ben:hs.test")) == Place::unknown);
  for (const char* word : {"leave", "ban", "invite", "knock", "anything"}) {
    cache.put(room, ana, Place::in);
    cache.heard(room, ana, word);
    CHECK(cache.find(room, ana) == Place::out);
  }
  cache.heard(room, ana, "join");
  CHECK(cache.find(room, ana) == Place::in);
}

TEST_CASE("MembershipCache: what was heard long ago is asked for again") {
  MembershipCache cache;
  const MatrixRoomId room("!r");
  const MatrixUserId ana("@ana:hs.test");
  const MembershipCache::Time then{std::chrono::hours(1)};
  cache.put(room, ana, Place::in, then);
  CHECK(cache.find(room, ana, then + MembershipCache::trusted_for - std::chrono::seconds(1)) == Place::in);
  CHECK(cache.find(room, ana, then + MembershipCache::trusted_for) == Place::unknown);
  cache.put(room, ana, Place::out, then + MembershipCache::trusted_for);
  CHECK(cache.find(room, ana, then + MembershipCache::trusted_for) == Place::out);
}

TEST_CASE("MembershipCache: it is bounded, and what is used stays") {
  MembershipCache cache(2);
  const MatrixRoomId room("!r");
  cache.put(room, MatrixUserId("@a:s"), Place::in);
  cache.put(room, MatrixUserId("@b:s"), Place::in);
  CHECK(cache.find(room, MatrixUserId("@a:s")) == Place::in);
  cache.put(room, MatrixUserId("@c:s"), Place::out);
  CHECK(cache.find(room, MatrixUserId("@a:s")) == Place::in);
  CHECK(cache.find(room, MatrixUserId("@b:s")) == Place::unknown);
  CHECK(cache.find(room, MatrixUserId("@c:s")) == Place::out);
}
