// What a message costs, through ChatService down to the requests that a homeserver counts.
#include <confab/chat_service.hpp>
#include <confab/homeserver.hpp>
#include <confab/open_store.hpp>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/fake_matrix.hpp"

using namespace confab;
using confab::test::Answer;
using confab::test::FakeMatrix;

namespace {

struct Steady {
  FakeMatrix hs;
  Runtime runtime;
  Homeserver homeserver = process();
  UserSlug ana{"ana"};
  UserSlug ben{"ben"};
  RoomRef event = RoomRef::event(RoomSlug("picnic"));
  RoomRef group = RoomRef::group(RoomSlug("chess"));
  RoomRef direct = RoomRef::direct(ana, ben);

  // As a process of its own has it, with an empty store.
  [[nodiscard]] Homeserver process() {
    return Homeserver::create(runtime, HomeserverOptions(hs.url(), "hs.test", "admin",
                                                         Secret(std::string(FakeMatrix::admin_password))))
        .value();
  }
  // As after a start of the process: nothing is remembered but what the store holds.
  [[nodiscard]] std::shared_ptr<ChatService> service() { return service(homeserver); }
  [[nodiscard]] std::shared_ptr<ChatService> service(const Homeserver& of) {
    auto directory = read_directory(R"({
      "users": [{"id": "1", "slug": "ana", "name": "Ana"}, {"id": "2", "slug": "ben", "name": "Ben"}],
      "events": [{"slug": "picnic", "name": "Picnic", "visibility": "private", "creator": "ana",
                  "attendees": [{"user": "ben", "role": "guest"}]}],
      "groups": [{"slug": "chess", "name": "Chess", "visibility": "public", "creator": "ana",
                  "members": [{"user": "ben", "role": "member"}]}]})");
    return make_chat_service(runtime, of.provider("park"), TenantOptions(TenantId("park")), directory.value()).value();
  }
  void make_rooms(ChatService& chat) {
    for (const RoomRef& room : {event, group}) {
      REQUIRE(chat.ensure_room(RoomRequest(room, ana)).wait());
      REQUIRE(chat.add_member(room, ben).wait());
    }
  }
  // The requests that sending caused.
  std::size_t cost(ChatService& chat, const RoomRef& room, const UserSlug& sender) {
    hs.forget_requests();
    const auto sent = chat.send(Message(room, sender, "hello")).wait();
    REQUIRE(sent.has_value());
    return hs.count();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Steady, "in an event, a group and a direct room a message is exactly one request") {
  const auto chat = service();
  make_rooms(*chat);
  for (const RoomRef& room : {event, group, direct}) {
    for (const UserSlug& sender : {ana, ben}) {
      REQUIRE(chat->send(Message(room, sender, "first")).wait());  // which may have to fetch a token
      for (int i = 0; i < 3; ++i) CHECK(cost(*chat, room, sender) == 1);
    }
  }
}

TEST_CASE_FIXTURE(Steady, "the admin's token does nothing a user can do for itself") {
  const auto chat = service();
  make_rooms(*chat);
  for (const RoomRef& room : {event, direct}) {
    for (const UserSlug& user : {ana, ben}) REQUIRE(chat->send(Message(room, user, "first")).wait());
  }
  const auto by_admin = hs.requests("*", "/_synapse/admin/**");
  REQUIRE_FALSE(by_admin.empty());
  const std::string token = by_admin.back().token();
  REQUIRE_FALSE(token.empty());
  hs.forget_requests();

  EventStream live = chat->events(ben);
  REQUIRE(live.ready().wait());
  for (const RoomRef& room : {event, direct}) {
    const EventId sent = chat->send(Message(room, ana, "hello")).wait().value();
    CHECK(live.next().wait());
    CHECK(chat->edit(Edit(room, ana, sent, "hello all")).wait());
    CHECK(chat->react(Reaction(room, ben, sent, "+1")).wait());
    CHECK(chat->typing(TypingNotice(room, ben, true)).wait());
    CHECK(chat->mark_read(ReadMark(room, ben, sent)).wait());
    CHECK(chat->unread(room, ben).wait());
    const auto page = chat->history(HistoryRequest(room, ben)).wait();
    REQUIRE(page.has_value());
    CHECK_FALSE(page->messages().empty());
    CHECK(chat->redact(Redaction(room, ana, sent)).wait());
  }
  live.close();

  const auto requests = hs.requests();
  CHECK(requests.size() >= 2 * 8);
  for (const auto& request : requests) {
    CAPTURE(request.method);
    CAPTURE(request.path);
    CHECK_FALSE(request.token().empty());
    CHECK(request.token() != token);
  }
}

TEST_CASE_FIXTURE(Steady, "in rooms that a process is new to, the admin's token reads what decision 29 lists, once") {
  {
    const auto chat = service();
    make_rooms(*chat);
    for (const RoomRef& room : {event, direct}) {
      for (const UserSlug& user : {ana, ben}) REQUIRE(chat->send(Message(room, user, "first")).wait());
    }
  }
  const Homeserver elsewhere = process();
  const auto restarted = service(elsewhere);
  hs.forget_requests();
  REQUIRE(restarted->account(ana).wait());
  const std::string token = hs.requests("*", "/_synapse/admin/**").back().token();
  const auto reads = [&] {
    std::map<std::string, int> times;
    for (const auto& request : hs.requests()) {
      if (request.token() != token) continue;
      const bool marker = request.path.find("/state/org.confab.room/") != std::string::npos;
      const bool acting = request.method == "POST" && request.path.ends_with("/login");
      ++times[marker ? "marker" : acting ? "login as" : request.method + " " + request.path];
    }
    return times;
  };
  hs.forget_requests();
  EventStream live = restarted->events(ben);
  REQUIRE(live.ready().wait());
  for (const RoomRef& room : {event, direct}) {
    for (const UserSlug& user : {ana, ben}) {
      REQUIRE(restarted->send(Message(room, user, "again")).wait());
      CHECK(live.next().wait());
    }
  }
  const std::map<std::string, int> first = reads();
  CHECK(first == std::map<std::string, int>{{"login as", 2}, {"marker", 2}});
  hs.forget_requests();
  for (const RoomRef& room : {event, direct}) {
    for (const UserSlug& user : {ana, ben}) {
      REQUIRE(restarted->send(Message(room, user, "once more")).wait());
      CHECK(live.next().wait());
    }
  }
  CHECK(reads().empty());
  live.close();
}

TEST_CASE_FIXTURE(Steady, "of a first join the admin's token carries what the user cannot do, and nothing else") {
  const auto chat = service();
  // Accounts, rooms and tokens are there; Ben is in none of the rooms.
  for (const RoomRef& room : {event, group}) REQUIRE(chat->ensure_room(RoomRequest(room, ana)).wait());
  REQUIRE(chat->send(Message(direct, ana, "first")).wait());
  REQUIRE(chat->send(Message(direct, ben, "first")).wait());
  const std::string token = hs.requests("*", "/_synapse/admin/**").back().token();
  REQUIRE_FALSE(token.empty());
  const auto by_admin = [&] {
    std::vector<std::string> all;
    for (const auto& request : hs.requests()) {
      CHECK_FALSE(request.token().empty());
      if (request.token() == token) all.push_back(request.method + ' ' + request.path);
    }
    hs.forget_requests();
    return all;
  };
  const std::string picnic = hs.room_of_alias("#park_event_picnic:hs.test");
  const std::string invitation = "POST /_matrix/client/v3/rooms/" + picnic + "/invite";
  const std::string account = "GET /_synapse/admin/v2/users/@park_2:hs.test";
  hs.forget_requests();
  // By the first message into a private room: the user's join, refused; the invitation; the user's join; the message.
  REQUIRE(chat->send(Message(event, ben, "first")).wait());
  CHECK(by_admin() == std::vector<std::string>{invitation});
  // Into a public room the user comes without anybody's help; add_member() looks whether there is such an account.
  REQUIRE(chat->add_member(group, ben).wait());
  CHECK(by_admin() == std::vector<std::string>{account});

  // Where the invitation is refused, the admin finds out why, which nobody can who is out, and lets the user in.
  REQUIRE(chat->remove_member(event, ben).wait());
  hs.forget_requests();
  hs.fail_next(1, "POST", "/_matrix/client/v3/rooms/*/invite", Answer::error(403, "M_FORBIDDEN"));
  REQUIRE(chat->add_member(event, ben).wait());
  CHECK(hs.membership(picnic, "@park_2:hs.test") == "join");
  const std::string member = "GET /_matrix/client/v3/rooms/" + picnic + "/state/m.room.member/@park_2:hs.test";
  CHECK(by_admin() == std::vector<std::string>{account, invitation, member,
                                               "GET /_synapse/admin/v1/rooms/" + picnic + "/state",
                                               "POST /_synapse/admin/v1/join/" + picnic});
}

TEST_CASE_FIXTURE(Steady, "who goes on typing costs one request, and each change one more") {
  const auto chat = service();
  make_rooms(*chat);
  REQUIRE(chat->send(Message(event, ben, "first")).wait());
  const auto typing = [&](const RoomRef& room, const UserSlug& user, bool on) {
    for (int i = 0; i < 20; ++i) CHECK(chat->typing(TypingNotice(room, user, on)).wait());
    const std::size_t requests = hs.count();
    CHECK(hs.count("PUT", "/_matrix/client/v3/rooms/*/typing/*") == requests);
    hs.forget_requests();
    return requests;
  };
  hs.forget_requests();
  CHECK(typing(event, ben, true) == 1);
  CHECK(typing(event, ben, true) == 0);
  CHECK(typing(event, ben, false) == 1);
  CHECK(typing(event, ben, true) == 1);
  CHECK(typing(group, ben, true) == 1);  // another room
}

TEST_CASE_FIXTURE(Steady, "who was taken out here joins before they send, and then it is one request again") {
  const auto chat = service();
  make_rooms(*chat);
  REQUIRE(chat->send(Message(event, ben, "first")).wait());
  REQUIRE(chat->remove_member(event, ben).wait());
  CHECK(cost(*chat, event, ben) == 5);  // the account; join, refused; the admin's invitation; join; the message
  CHECK(cost(*chat, event, ben) == 1);
}

TEST_CASE_FIXTURE(Steady, "what is wrong with a message costs one request, not one to join the room") {
  const auto chat = service();
  make_rooms(*chat);
  REQUIRE(chat->send(Message(event, ana, "first")).wait());
  REQUIRE(chat->send(Message(event, ben, "first")).wait());
  const auto cost_of_refusal = [&](const auto& refused, Errc code) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == code);
    const std::size_t requests = hs.count();
    hs.forget_requests();
    return requests;
  };
  hs.forget_requests();
  const auto refused_by = [&](int status, const char* errcode, Errc code) {
    hs.fail_next(1, "PUT", "/_matrix/client/v3/rooms/*/send/*/*", Answer::error(status, errcode));
    return cost_of_refusal(chat->send(Message(event, ana, "hello")).wait(), code);
  };
  CHECK(refused_by(413, "M_TOO_LARGE", Errc::too_large) == 1);
  CHECK(refused_by(400, "M_BAD_JSON", Errc::invalid_argument) == 1);
  CHECK(refused_by(400, "M_INVALID_PARAM", Errc::invalid_argument) == 1);
  CHECK(refused_by(403, "M_RESOURCE_LIMIT_EXCEEDED", Errc::forbidden) == 1);
  CHECK(refused_by(403, "M_USER_LIMIT_EXCEEDED", Errc::forbidden) == 1);
  hs.fail_next(1, "PUT", "/_matrix/client/v3/rooms/*/send/*/*", Answer::error(403, "M_FORBIDDEN"));
  CHECK(cost(*chat, event, ana) == 4);  // that may be about the membership: the account, join, and once more

  const EventId sent = chat->send(Message(event, ana, "mine")).wait().value();
  const EventId none("$none");
  hs.forget_requests();
  CHECK(cost_of_refusal(chat->edit(Edit(event, ben, sent, "yours")).wait(), Errc::forbidden) == 1);
  CHECK(cost_of_refusal(chat->edit(Edit(event, ben, none, "what")).wait(), Errc::not_found) == 1);
  CHECK(cost_of_refusal(chat->redact(Redaction(event, ben, none)).wait(), Errc::not_found) == 2);
  const auto restarted = service();
  REQUIRE(restarted->send(Message(event, ben, "again")).wait());
  hs.forget_requests();
  // Ben may be out, and what he may not see is not there for him: the account, join, and once more.
  CHECK(cost_of_refusal(restarted->edit(Edit(event, ben, none, "what")).wait(), Errc::not_found) == 4);
}

TEST_CASE_FIXTURE(Steady, "who was taken out and edits what they said joins for it") {
  const auto chat = service();
  make_rooms(*chat);
  const EventId sent = chat->send(Message(event, ben, "frist")).wait().value();
  REQUIRE(chat->remove_member(event, ben).wait());
  CHECK(chat->edit(Edit(event, ben, sent, "first")).wait());
}

TEST_CASE_FIXTURE(Steady, "the display name of the directory is asked for by nobody who only sends") {
  const auto first = service();
  make_rooms(*first);
  REQUIRE(first->send(Message(direct, ana, "first")).wait());
  const auto restarted = service();
  CHECK(cost(*restarted, event, ana) == 3);   // where is the room, and is it encrypted?
  CHECK(cost(*restarted, direct, ana) == 3);  // and is the other one in it?
  CHECK(cost(*restarted, direct, ana) == 1);
  CHECK(cost(*restarted, direct, ben) == 2);  // Ben's process does not know of Ana
  CHECK(cost(*restarted, direct, ben) == 1);
}

TEST_CASE_FIXTURE(Steady, "the next process on the store looks no room up, and finds out when one is gone") {
  const std::shared_ptr<Store> store = make_memory_store().value();
  const StoreKeys keys = StoreKeys::make().value();
  const auto start = [&] {
    HomeserverOptions options(hs.url(), "hs.test", "admin", Secret(std::string(FakeMatrix::admin_password)));
    options.store(store, keys);
    homeserver = Homeserver::create(runtime, std::move(options)).value();
    return service();
  };
  const auto first = start();
  make_rooms(*first);
  REQUIRE(first->send(Message(direct, ana, "first")).wait());
  const auto second = start();
  hs.forget_requests();
  for (const RoomRef& room : {event, group, direct}) REQUIRE(second->send(Message(room, ana, "second")).wait());
  CHECK(hs.count("GET", "/_matrix/client/v3/directory/room/*") == 0);

  for (const std::string& room : hs.room_ids()) hs.delete_room(room);
  const auto third = start();
  REQUIRE(third->send(Message(direct, ana, "anew")).wait());
  CHECK(hs.bodies(hs.room_of_alias("#park_direct_1_2:hs.test")) == std::vector<std::string>{"anew"});
  CHECK(third->send(Message(event, ana, "nowhere")).wait().error().code() == Errc::not_found);
  CHECK(third->members(group).wait().error().code() == Errc::not_found);
  const auto fourth = start();
  REQUIRE(fourth->send(Message(direct, ben, "heard")).wait());
  CHECK(hs.bodies(hs.room_of_alias("#park_direct_1_2:hs.test")) == std::vector<std::string>{"anew", "heard"});
}

TEST_CASE_FIXTURE(Steady, "rooms that an administrator deleted are found out: one is missed, the other made anew") {
  const auto chat = service();
  make_rooms(*chat);
  REQUIRE(chat->send(Message(direct, ana, "first")).wait());
  for (const std::string& room : hs.room_ids()) hs.delete_room(room);
  REQUIRE(chat->send(Message(direct, ana, "anew")).wait());
  CHECK(hs.bodies(hs.room_of_alias("#park_direct_1_2:hs.test")) == std::vector<std::string>{"anew"});
  const auto missed = chat->send(Message(event, ana, "nowhere")).wait();
  REQUIRE_FALSE(missed.has_value());
  CHECK(missed.error().code() == Errc::not_found);
  REQUIRE(chat->ensure_room(RoomRequest(event, ana)).wait());
  CHECK(chat->send(Message(event, ana, "here")).wait());
}

TEST_CASE_FIXTURE(Steady,
                  "a rate limit and a lost answer while the room of two is made leave one room, and one message") {
  const auto chat = service();
  hs.fail_next(1, "POST", "/_matrix/client/v3/createRoom", Answer::real().close_before_answer());
  hs.fail_next(1, "POST", "/_matrix/client/v3/join/*",
               Answer(429, R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":5})"));
  REQUIRE(chat->send(Message(direct, ana, "hello")).wait());
  REQUIRE(hs.room_ids().size() == 1);
  CHECK(hs.bodies(hs.room_ids().front()) == std::vector<std::string>{"hello"});
  CHECK(hs.membership(hs.room_ids().front(), "@park_2:hs.test") == "join");
}

TEST_CASE_FIXTURE(Steady, "a direct room whose making was cut short before anybody was in it is finished") {
  const MatrixUserId first(hs.add_user("park_1"));
  const MatrixUserId second(hs.add_user("park_2"));
  ProviderRoomRequest made("park_direct_1_2", first);
  made.direct_with(second);
  REQUIRE(homeserver.provider("park")->ensure_room(std::move(made), CallOptions()).wait());
  CHECK(hs.membership(hs.room_ids().front(), second.str()) == "invite");
  REQUIRE(service()->send(Message(direct, ana, "hello")).wait());
  REQUIRE(hs.room_ids().size() == 1);
  CHECK(hs.bodies(hs.room_ids().front()) == std::vector<std::string>{"hello"});
  CHECK(hs.membership(hs.room_ids().front(), first.str()) == "join");
  CHECK(hs.membership(hs.room_ids().front(), second.str()) == "join");
}
