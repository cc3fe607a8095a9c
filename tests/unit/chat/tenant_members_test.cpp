#include <string>

#include "unit/chat/tenant.hpp"

using namespace confab;
using confab::test::Asked;
using confab::test::Tenant;

TEST_CASE_FIXTURE(Tenant, "a member is taken out, whether the directory lists them or not") {
  make_picnic();
  const auto room = chat->remove_member(picnic, ben).wait();
  REQUIRE(room.has_value());
  CHECK(room->room_id().str() == "!1");
  CHECK(room->name() == "event-picnic");
  CHECK(provider->asked() == Asked{"remove !1 @park_2:hs.test"});
  CHECK(chat->remove_member(picnic, eve).wait().has_value());
  CHECK(chat->remove_member(picnic, UserSlug("zoe")).wait().error().code() == Errc::not_found);
  CHECK(chat->remove_member(RoomRef::group(RoomSlug("old")), ben).wait().error().code() == Errc::not_found);
  CHECK(chat->remove_member(RoomRef::group(RoomSlug("a b")), ben).wait().error().code() == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Tenant, "who was taken out and is still listed joins before they send") {
  make_picnic();
  REQUIRE(chat->remove_member(picnic, ben).wait().has_value());
  (void)provider->asked();
  REQUIRE(chat->send(Message(picnic, ben, "back")).wait().has_value());
  REQUIRE(chat->send(Message(picnic, ben, "again")).wait().has_value());
  CHECK(provider->asked() == Asked{"show @park_2:hs.test", "join !1 @park_2:hs.test", "send !1 @park_2:hs.test back",
                                   "send !1 @park_2:hs.test again"});
}

TEST_CASE_FIXTURE(Tenant, "members are told with their slugs, and who is not of the host without") {
  make_picnic();
  const auto members = chat->members(picnic).wait();
  REQUIRE(members.has_value());
  REQUIRE(members->size() == 3);
  CHECK(members->at(0).slug() == ana);
  CHECK(members->at(1).slug() == ben);
  CHECK(members->at(2).slug().empty());
  CHECK(members->at(2).user_id().str() == "@stranger:elsewhere.test");
  CHECK(chat->members(RoomRef::group(RoomSlug("none"))).wait().error().code() == Errc::not_found);
}

TEST_CASE_FIXTURE(Tenant, "a room that was replaced is found again") {
  make_picnic();
  provider->replace_rooms();
  CHECK(chat->members(picnic).wait().has_value());
  CHECK(provider->asked() == Asked{"members !1", "find park_event_picnic", "members !2"});
  provider->replace_rooms();
  CHECK(chat->remove_member(picnic, ben).wait()->room_id().str() == "!3");
  provider->forget_rooms();
  CHECK(chat->remove_member(picnic, ben).wait().error().code() == Errc::not_found);
}
