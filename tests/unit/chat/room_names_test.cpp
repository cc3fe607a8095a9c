#include "chat/room_names.hpp"

#include <doctest/doctest.h>

#include <string>

#include "chat/matrix_names.hpp"

using namespace confab;
using namespace confab::chat;

TEST_CASE("a room's name is read from its alias") {
  for (const char* id : {"acme", "a_b", "A-1", "=5f"}) {
    const TenantId tenant(id);
    CAPTURE(id);
    for (const RoomKind kind : {RoomKind::event, RoomKind::group}) {
      const RoomRef room(kind, RoomSlug("Stand_up.1"));
      CHECK(RoomName::of_alias(tenant, alias_localpart(tenant, room)) == RoomName(kind, room.slug()));
    }
    const auto pair = RoomName::of_alias(tenant, direct_alias_localpart(tenant, "x_Y", "u\xC3\xA4", 200));
    CHECK((pair == RoomName("u\xC3\xA4", "x_Y") || pair == RoomName("x_Y", "u\xC3\xA4")));
  }
}

TEST_CASE("what is no alias of the tenant's names no room") {
  const TenantId tenant("acme");
  for (const char* alias : {"", "acme", "acme_", "acme_event", "acme_event_", "acme_event_a b", "acme_room_x",
                            "acme2_event_x", "event_x", "acme_direct_", "acme_direct_1", "acme_direct_A_b",
                            "acme_direct_=5_b", "acme_direct_1_2_3", "acme_direct_=41_=4g"}) {
    CAPTURE(alias);
    CHECK(!RoomName::of_alias(tenant, alias));
  }
  const std::string hashed = direct_alias_localpart(tenant, std::string(100, 'x'), std::string(100, 'y'), 90);
  CHECK(!RoomName::of_alias(tenant, hashed));
  CHECK(is_direct_alias(tenant, hashed));
  CHECK(!is_direct_alias(TenantId("acm"), hashed));
}

TEST_CASE("that a room is nobody's is believed for a while, its name for ever") {
  RoomNames names(2);
  const RoomNames::Time begin{};
  const MatrixRoomId named("!a");
  const MatrixRoomId strange("!b");
  CHECK(!names.find(named, begin));
  names.put(named, RoomName(RoomKind::event, RoomSlug("x")), begin);
  names.put(strange, {}, begin);
  const auto soon = begin + RoomNames::nameless_for - std::chrono::milliseconds(1);
  REQUIRE(names.find(strange, soon));
  CHECK(!names.find(strange, soon)->has_value());
  const auto later = begin + RoomNames::nameless_for;
  CHECK(!names.find(strange, later));
  REQUIRE(names.find(named, later));
  CHECK(names.find(named, later)->has_value());
  names.put(strange, {}, later);
  names.put(MatrixRoomId("!c"), {}, later);
  CHECK(!names.find(named, later));
}
