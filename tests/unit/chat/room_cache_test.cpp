#include "chat/room_cache.hpp"

#include <doctest/doctest.h>

using confab::MatrixRoomId;
using confab::chat::RoomCache;

TEST_CASE("what was used longest ago makes room") {
  RoomCache cache(2);
  cache.put("a", MatrixRoomId("!a"));
  cache.put("b", MatrixRoomId("!b"));
  CHECK(cache.find("a")->str() == "!a");
  cache.put("c", MatrixRoomId("!c"));
  CHECK_FALSE(cache.find("b").has_value());
  CHECK(cache.find("a").has_value());
  CHECK(cache.find("c").has_value());
}

TEST_CASE("only what is still remembered so is forgotten") {
  RoomCache cache;
  cache.put("a", MatrixRoomId("!old"));
  cache.put("a", MatrixRoomId("!new"));
  cache.forget("a", MatrixRoomId("!old"));
  CHECK(cache.find("a")->str() == "!new");
  cache.forget("a", MatrixRoomId("!new"));
  CHECK_FALSE(cache.find("a").has_value());
  cache.forget("a", MatrixRoomId("!new"));
}
