#include <string>

#include "unit/chat/tenant.hpp"

using namespace confab;
using confab::test::Asked;
using confab::test::Tenant;

namespace {

struct Pair : Tenant {
  RoomRef both = RoomRef::direct(ana, ben);
  void make() {
    REQUIRE(chat->send(Message(both, ana, "first")).wait().has_value());
    (void)provider->asked();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Pair, "the first message makes the room of two, and both are in it") {
  REQUIRE(chat->send(Message(RoomRef::direct(ben, ana), ben, "hi")).wait().has_value());
  CHECK(provider->asked() == Asked{"find park_direct_1_2", "account @park_2:hs.test Ben",
                                   "account @park_1:hs.test Ana Lima",
                                   "make park_direct_1_2 by @park_1:hs.test  |  private with @park_2:hs.test",
                                   "join !1 @park_2:hs.test", "join !1 @park_1:hs.test", "send !1 @park_2:hs.test hi"});
  // From then on each message of either is one request.
  REQUIRE(chat->send(Message(both, ben, "again")).wait().has_value());
  REQUIRE(chat->send(Message(both, ana, "yes")).wait().has_value());
  CHECK(provider->asked() == Asked{"send !1 @park_2:hs.test again", "send !1 @park_1:hs.test yes"});
}

TEST_CASE_FIXTURE(Pair, "a process that finds the room brings the other one in once") {
  make();
  const auto directory = read_directory(R"({"users": [{"id": "1", "slug": "ana", "name": "Ana Lima"},
                                                      {"id": "2", "slug": "ben", "name": "Ben"}]})");
  const auto restarted =
      make_chat_service(runtime, provider, TenantOptions(TenantId("park")), directory.value()).value();
  REQUIRE(restarted->send(Message(both, ana, "back")).wait().has_value());
  REQUIRE(restarted->send(Message(both, ana, "more")).wait().has_value());
  CHECK(provider->asked() == Asked{"find park_direct_1_2", "join !1 @park_2:hs.test", "send !1 @park_1:hs.test back",
                                   "send !1 @park_1:hs.test more"});
}

TEST_CASE_FIXTURE(Pair, "who was heard to leave is brought back by the next message") {
  make();
  EventStream stream = chat->events(ana);
  provider->left = {"@park_2:hs.test"};
  REQUIRE(stream.next().wait().has_value());
  (void)provider->asked();
  REQUIRE(chat->send(Message(both, ana, "still there?")).wait().has_value());
  REQUIRE(chat->send(Message(both, ana, "good")).wait().has_value());
  CHECK(provider->asked() ==
        Asked{"join !1 @park_2:hs.test", "send !1 @park_1:hs.test still there?", "send !1 @park_1:hs.test good"});
}

TEST_CASE_FIXTURE(Pair, "an account that is shut keeps nobody from writing to it") {
  make();
  for (const Errc shut : {Errc::account_locked, Errc::account_suspended, Errc::account_deactivated}) {
    EventStream stream = chat->events(ana);
    provider->left = {"@park_2:hs.test"};
    REQUIRE(stream.next().wait().has_value());
    provider->fail_next(Error(shut, "shut"));
    CHECK(chat->send(Message(both, ana, "for later")).wait().has_value());
  }
  provider->left = {"@park_2:hs.test"};
  REQUIRE(chat->events(ana).next().wait().has_value());
  provider->fail_next(Error(Errc::unreachable, "away"));
  CHECK(chat->send(Message(both, ana, "x")).wait().error().code() == Errc::unreachable);
}

TEST_CASE_FIXTURE(Pair, "history of a conversation that does not exist is empty and makes nothing") {
  const auto page = chat->history(HistoryRequest(both, ana)).wait();
  REQUIRE(page.has_value());
  CHECK(page->room_id().empty());
  CHECK(provider->asked() == Asked{"find park_direct_1_2"});
  make();
  CHECK(chat->history(HistoryRequest(both, ben)).wait()->room_id().str() == "!1");
  CHECK(chat->members(both).wait()->size() == 3);
}

TEST_CASE_FIXTURE(Pair, "nobody but the two, and nobody with themselves") {
  make();
  CHECK(chat->send(Message(both, eve, "x")).wait().error().code() == Errc::forbidden);
  CHECK(chat->history(HistoryRequest(both, eve)).wait().error().code() == Errc::forbidden);
  CHECK(chat->add_member(both, eve).wait().error().code() == Errc::forbidden);
  CHECK(chat->ensure_room(RoomRequest(both, eve)).wait().error().code() == Errc::forbidden);
  for (const RoomRef& nobody : {RoomRef::direct(ana, ana), RoomRef::direct(ana, UserSlug()),
                                RoomRef(RoomKind::direct, RoomSlug("ana")), RoomRef::direct(ana, UserSlug("b b"))}) {
    CHECK(chat->send(Message(nobody, ana, "x")).wait().error().code() == Errc::invalid_argument);
    CHECK(chat->history(HistoryRequest(nobody, ana)).wait().error().code() == Errc::invalid_argument);
    CHECK(chat->members(nobody).wait().error().code() == Errc::invalid_argument);
  }
  CHECK(chat->send(Message(RoomRef::direct(ana, UserSlug("zoe")), ana, "x")).wait().error().code() == Errc::not_found);
  CHECK(provider->asked().empty());
}

TEST_CASE_FIXTURE(Pair, "a direct room is made on demand, too, with no name of its own") {
  const auto room = chat->ensure_room(RoomRequest(both, ben)).wait();
  REQUIRE(room.has_value());
  CHECK(room->room_id().str() == "!1");
  CHECK(room->name().empty());
  CHECK(room->ref() == RoomRef::direct(ben, ana));
  CHECK(chat->ensure_room(RoomRequest(both, ana)).wait()->room_id().str() == "!1");
  CHECK(chat->ensure_room(RoomRequest(both, ana).name("Us")).wait().error().code() == Errc::invalid_argument);
  CHECK(chat->ensure_room(RoomRequest(both, ana).members({ben})).wait().error().subject() == "members");
  CHECK(chat->ensure_room(RoomRequest(both, ana).topic("Us")).wait().error().subject() == "topic");
  CHECK(chat->ensure_room(RoomRequest(both, ana).make_public(true)).wait().error().code() == Errc::invalid_argument);
  CHECK(chat->add_member(both, ben).wait()->room_id().str() == "!1");
  const auto refused = chat->remove_member(both, ben).wait();
  CHECK(refused.error().code() == Errc::invalid_argument);
  CHECK(refused.error().subject() == "direct");
}

TEST_CASE_FIXTURE(Pair, "a direct room that is gone is made anew by who writes") {
  make();
  provider->forget_rooms();
  REQUIRE(chat->send(Message(both, ana, "anew")).wait().has_value());
  const Asked asked = provider->asked();
  CHECK(asked.front() == "send !1 @park_1:hs.test anew");
  CHECK(asked.back() == "send !2 @park_1:hs.test anew");
}
