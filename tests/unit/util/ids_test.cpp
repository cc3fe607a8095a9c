#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include <confab/ids.hpp>

using namespace confab;

TEST_CASE("ids: text in, text out, byte by byte") {
  const UserSlug ana("ana");
  CHECK(ana.str() == "ana");
  CHECK(!ana.empty());
  CHECK(UserSlug().empty());
  CHECK(ana == UserSlug("ana"));
  CHECK(ana != UserSlug("Ana"));
  CHECK(UserSlug("a") < UserSlug("b"));
  CHECK(UserSlug(std::string("a\0b", 3)) != UserSlug("a"));
  UserSlug moved("moved out of here, on the heap");
  CHECK(std::move(moved).str() == "moved out of here, on the heap");
}

TEST_CASE("ids: keys of ordered and unordered containers") {
  std::unordered_set<EventId> seen{EventId("$a"), EventId("$b"), EventId("$a")};
  CHECK(seen.size() == 2);
  std::map<MatrixRoomId, int> rooms{{MatrixRoomId("!b"), 2}, {MatrixRoomId("!a"), 1}};
  CHECK(rooms.begin()->second == 1);
}

TEST_CASE("ids: kinds do not mix") {
  CHECK(!std::is_convertible_v<UserSlug, MatrixUserId>);
  CHECK(!std::is_constructible_v<MatrixUserId, UserSlug>);
  CHECK(!std::is_convertible_v<std::string, UserSlug>);
  CHECK(!std::is_convertible_v<UserSlug, std::string>);
  CHECK(!std::is_convertible_v<RoomSlug, RoomRef>);
}

TEST_CASE("ids: transaction ids are 32 hexadecimal digits, and differ") {
  std::set<std::string> made;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = make_transaction_id().str();
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    made.insert(id);
  }
  CHECK(made.size() == 1000);
}

TEST_CASE("ids: an event's room is not the group's room of the same slug") {
  const RoomRef event = RoomRef::event(RoomSlug("chess"));
  const RoomRef group = RoomRef::group(RoomSlug("chess"));
  CHECK(event.kind() == RoomKind::event);
  CHECK(group.kind() == RoomKind::group);
  CHECK(!(event == group));
  CHECK(event == RoomRef(RoomKind::event, RoomSlug("chess")));
  CHECK(event.slug() == RoomSlug("chess"));
}

TEST_CASE("a direct room is that of two users, whichever is named first") {
  const RoomRef both = RoomRef::direct(UserSlug("ben"), UserSlug("ana"));
  CHECK(both == RoomRef::direct(UserSlug("ana"), UserSlug("ben")));
  CHECK(both.kind() == RoomKind::direct);
  CHECK(both.first().str() == "ana");
  CHECK(both.second().str() == "ben");
  CHECK(both.slug().empty());
  CHECK(both != RoomRef::direct(UserSlug("ana"), UserSlug("eve")));
  CHECK(both != RoomRef::event(RoomSlug()));
}

TEST_CASE("ids: kinds of rooms have names") {
  CHECK(std::string(room_kind_name(RoomKind::event)) == "event");
  CHECK(std::string(room_kind_name(RoomKind::group)) == "group");
  CHECK(std::string(room_kind_name(RoomKind::direct)) == "direct");
}
