#include <confab/chat_service.hpp>
#include <confab/homeserver.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/chat/recording_provider.hpp"

using namespace confab;
using Asked = std::vector<std::string>;

namespace {

constexpr const char* directory_text = R"({
  "users": [{"id": "1", "slug": "ana", "name": "Ana Lima"}, {"id": "2", "slug": "ben", "name": "Ben"},
            {"id": "3", "slug": "eve", "name": "Eve"}, {"id": "Odd_Id ü", "slug": "odd", "name": "Odd"}],
  "events": [{"slug": "picnic", "name": "Picnic", "visibility": "private", "creator": "ana",
              "attendees": [{"user": "ben", "role": "guest", "permissions": []}, {"user": "odd", "role": "guest"}]},
             {"slug": "gala", "name": "Gala", "visibility": "public", "creator": "ana"}],
  "groups": [{"slug": "picnic", "name": "Chess", "visibility": "private", "creator": "ben", "members": []}]})";

struct Fixture {
  Runtime runtime;
  std::shared_ptr<test::RecordingProvider> provider = std::make_shared<test::RecordingProvider>(runtime);
  std::shared_ptr<ChatService> chat;
  RoomRef picnic = RoomRef::event(RoomSlug("picnic"));
  UserSlug ana{"ana"};
  UserSlug ben{"ben"};

  Fixture() {
    auto directory = read_directory(directory_text);
    REQUIRE(directory.has_value());
    auto made = make_chat_service(runtime, provider, TenantOptions(TenantId("park")), *directory);
    REQUIRE(made.has_value());
    chat = *made;
  }
  void make_picnic() {
    REQUIRE(chat->ensure_room(RoomRequest(picnic, ana)).wait().has_value());
    (void)provider->asked();
  }
  Errc code_of(Message message) {
    const auto sent = chat->send(std::move(message)).wait();
    REQUIRE(!sent.has_value());
    return sent.error().code();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an account is named after the tenant and the host's id") {
  const auto account = chat->ensure_user(UserSlug("odd")).wait();
  REQUIRE(account.has_value());
  CHECK(account->user_id().str() == "@park__odd___id=20=c3=bc:hs.test");
  CHECK(account->name() == "Odd");
  CHECK(chat->ensure_user(ana, "Ana the Brave").wait()->name() == "Ana the Brave");
  CHECK(provider->asked() ==
        Asked{"account @park__odd___id=20=c3=bc:hs.test Odd", "account @park_1:hs.test Ana the Brave"});
}

TEST_CASE_FIXTURE(Fixture, "a user is refused before anything is asked") {
  CHECK(chat->ensure_user(UserSlug("zoe")).wait().error().code() == Errc::not_found);
  for (const auto& slug :
       {std::string(), std::string("z o e"), std::string(300, 'z'), std::string("a/b"), std::string("\xFF")}) {
    const auto refused = chat->ensure_user(UserSlug(slug)).wait();
    CHECK(refused.error().code() == Errc::invalid_argument);
    CHECK(refused.error().subject() == "user");
  }
  CHECK(chat->ensure_user(ana, "tab\there").wait().error().code() == Errc::invalid_argument);
  CHECK(chat->ensure_user(ana, std::string(256, 'x')).wait().error().code() == Errc::invalid_argument);
  CHECK(provider->asked().empty());
}

TEST_CASE_FIXTURE(Fixture, "a room is made for its creator, who joins") {
  const auto room = chat->ensure_room(RoomRequest(picnic, ana)).wait();
  REQUIRE(room.has_value());
  CHECK(room->room_id().str() == "!1");
  CHECK(room->name() == "event-picnic");
  CHECK(provider->asked() ==
        Asked{"account @park_1:hs.test Ana Lima",
              "make park_event_picnic by @park_1:hs.test event-picnic | Discussion for Picnic private",
              "join !1 @park_1:hs.test"});
  // An event and a group of the same slug are two rooms.
  const auto group = chat->ensure_room(RoomRequest(RoomRef::group(RoomSlug("picnic")), ben).name("Chess!")).wait();
  CHECK(group->room_id().str() == "!2");
  CHECK(provider->asked()[1] == "make park_group_picnic by @park_2:hs.test Chess! | Discussion for Chess private");
  CHECK(chat->ensure_room(RoomRequest(RoomRef::group(RoomSlug("picnic")), ben).topic("Mondays,\nat 8")).wait());
  CHECK(provider->asked()[1] == "make park_group_picnic by @park_2:hs.test group-picnic | Mondays,\nat 8 private");
  for (const std::string& topic : {std::string(4097, 'x'), std::string("\xFF")}) {
    const auto refused = chat->ensure_room(RoomRequest(picnic, ana).topic(topic)).wait();
    CHECK(refused.error().code() == Errc::invalid_argument);
    CHECK(refused.error().subject() == "topic");
  }
  CHECK(provider->asked().empty());
  CHECK(chat->ensure_room(RoomRequest(RoomRef::event(RoomSlug("gala")), ana)).wait().has_value());
  CHECK(provider->asked()[1].ends_with("public"));
  CHECK(chat->ensure_room(RoomRequest(picnic, ana).make_public(true)).wait().has_value());
  CHECK(provider->asked()[1].ends_with("public"));
}

TEST_CASE_FIXTURE(Fixture, "members join with a room, all of whom the directory lists") {
  CHECK(chat->ensure_room(RoomRequest(picnic, ana).members({ben, ana, UserSlug("odd")})).wait().has_value());
  const Asked asked = provider->asked();
  REQUIRE(asked.size() == 7);
  CHECK(Asked(asked.begin() + 2, asked.end()) ==
        Asked{"join !1 @park_1:hs.test", "account @park_2:hs.test Ben", "join !1 @park_2:hs.test",
              "account @park__odd___id=20=c3=bc:hs.test Odd", "join !1 @park__odd___id=20=c3=bc:hs.test"});
  const auto code = [&](std::vector<UserSlug> members) {
    const auto refused = chat->ensure_room(RoomRequest(picnic, ana).members(std::move(members))).wait();
    CHECK(refused.error().subject() == "members");
    return refused.error().code();
  };
  CHECK(code({ben, UserSlug("eve")}) == Errc::forbidden);
  CHECK(code({ben, UserSlug("zoe")}) == Errc::not_found);
  CHECK(code(std::vector<UserSlug>(101, ben)) == Errc::invalid_argument);
  CHECK(provider->asked().empty());
}

TEST_CASE_FIXTURE(Fixture, "only the directory's creator makes a room") {
  CHECK(chat->ensure_room(RoomRequest(picnic, ben)).wait().error().code() == Errc::forbidden);
  CHECK(chat->ensure_room(RoomRequest(picnic, UserSlug("zoe"))).wait().error().code() == Errc::not_found);
  CHECK(chat->ensure_room(RoomRequest(RoomRef::event(RoomSlug("moonwalk")), ana)).wait().error().code() ==
        Errc::not_found);
  CHECK(chat->ensure_room(RoomRequest(RoomRef::event(RoomSlug("moon walk")), ana)).wait().error().code() ==
        Errc::invalid_argument);
  CHECK(provider->asked().empty());
}

TEST_CASE_FIXTURE(Fixture, "a member gets an account and joins") {
  make_picnic();
  const auto room = chat->add_member(picnic, ben).wait();
  REQUIRE(room.has_value());
  CHECK(room->room_id().str() == "!1");
  CHECK(provider->asked() == Asked{"account @park_2:hs.test Ben", "join !1 @park_2:hs.test"});
}

TEST_CASE_FIXTURE(Fixture, "who is not listed is not added, and no room is made for it") {
  const auto missing = chat->add_member(picnic, ben).wait();
  CHECK(missing.error().code() == Errc::not_found);
  CHECK(provider->asked() == Asked{"find park_event_picnic"});
  make_picnic();
  CHECK(chat->add_member(picnic, UserSlug("eve")).wait().error().code() == Errc::forbidden);
  CHECK(provider->asked().empty());
}

TEST_CASE_FIXTURE(Fixture, "adding finds a room again that was replaced") {
  make_picnic();
  provider->replace_rooms();
  const auto room = chat->add_member(picnic, ben).wait();
  REQUIRE(room.has_value());
  CHECK(room->room_id().str() == "!2");
}

TEST_CASE_FIXTURE(Fixture, "a send costs one request") {
  make_picnic();
  REQUIRE(chat->send(Message(picnic, ana, "one")).wait().has_value());
  CHECK(provider->asked() == Asked{"send !1 @park_1:hs.test one"});
}

TEST_CASE_FIXTURE(Fixture, "a listed sender who is outside joins, and sends under the same transaction") {
  make_picnic();
  const auto sent = chat->send(Message(picnic, ben, "hi").transaction_id(TransactionId("t")).repeated(true)).wait();
  REQUIRE(sent.has_value());
  CHECK(provider->asked() == Asked{"send !1 @park_2:hs.test hi again", "account @park_2:hs.test Ben",
                                   "find park_event_picnic", "send !1 @park_2:hs.test hi again",
                                   "join !1 @park_2:hs.test", "send !1 @park_2:hs.test hi again"});
  CHECK(provider->transactions == Asked{"t", "t", "t"});
  provider->remove("@park_2:hs.test");
  REQUIRE(chat->send(Message(picnic, ben, "back")).wait().has_value());
  CHECK(provider->asked() == Asked{"send !1 @park_2:hs.test back", "show @park_2:hs.test", "join !1 @park_2:hs.test",
                                   "send !1 @park_2:hs.test back"});
  CHECK(provider->transactions[3] == provider->transactions[4]);
  CHECK(!provider->transactions[3].empty());
}

TEST_CASE_FIXTURE(Fixture, "who was in a room and whose account was closed is not brought back") {
  make_picnic();
  REQUIRE(chat->send(Message(picnic, ben, "hi")).wait().has_value());
  provider->close("@park_2:hs.test");
  provider->remove("@park_2:hs.test");
  (void)provider->asked();
  CHECK(code_of(Message(picnic, ben, "back")) == Errc::account_deactivated);
  CHECK(provider->asked() == Asked{"send !1 @park_2:hs.test back", "show @park_2:hs.test"});
}

TEST_CASE_FIXTURE(Fixture, "whose account was closed is not joined by who never saw them in, or saw them leave") {
  make_picnic();
  SUBCASE("never seen") {
    REQUIRE(provider->ensure_account(MatrixUserId("@park_2:hs.test"), "Ben", CallOptions()).wait().has_value());
    provider->close("@park_2:hs.test");
    (void)provider->asked();
    CHECK(code_of(Message(picnic, ben, "back")) == Errc::account_deactivated);
    CHECK(provider->asked() == Asked{"send !1 @park_2:hs.test back", "show @park_2:hs.test"});
  }
  SUBCASE("seen leaving, a moment after they were provisioned") {
    REQUIRE(chat->add_member(picnic, ben).wait().has_value());
    REQUIRE(chat->remove_member(picnic, ben).wait().has_value());
    provider->close("@park_2:hs.test");
    (void)provider->asked();
    CHECK(code_of(Message(picnic, ben, "back")) == Errc::account_deactivated);
    CHECK(provider->asked() == Asked{"show @park_2:hs.test"});
  }
}

TEST_CASE_FIXTURE(Fixture, "a tenant may have closed accounts reopened, whoever comes upon one") {
  auto directory = read_directory(directory_text);
  TenantOptions tenant(TenantId("park"));
  tenant.reactivate_accounts(true);
  chat = make_chat_service(runtime, provider, tenant, *directory).value();
  make_picnic();
  REQUIRE(chat->send(Message(picnic, ben, "hi")).wait().has_value());
  provider->close("@park_2:hs.test");
  (void)provider->asked();
  const Asked reopened{"account @park_2:hs.test Ben", "reactivate @park_2:hs.test", "account @park_2:hs.test Ben"};
  const auto asked = [&](Asked before, const Asked& after) {
    before.insert(before.end(), reopened.begin(), reopened.end());
    before.insert(before.end(), after.begin(), after.end());
    CHECK(provider->asked() == before);
  };
  SUBCASE("by a user who stands outside all of a sudden") {
    REQUIRE(chat->send(Message(picnic, ben, "back")).wait().has_value());
    asked({"send !1 @park_2:hs.test back", "show @park_2:hs.test"},
          {"join !1 @park_2:hs.test", "send !1 @park_2:hs.test back"});
  }
  SUBCASE("by a user who gets no token any more") {
    provider->fail_next(Error(Errc::account_deactivated, "closed"));
    REQUIRE(chat->send(Message(picnic, ben, "back")).wait().has_value());
    asked({"fails"}, {"find park_event_picnic", "send !1 @park_2:hs.test back", "show @park_2:hs.test",
                      "join !1 @park_2:hs.test", "send !1 @park_2:hs.test back"});
  }
  SUBCASE("by provisioning") {
    REQUIRE(chat->ensure_user(ben).wait().has_value());
    asked({}, {});
  }
  SUBCASE("by who adds them to a room") {
    REQUIRE(chat->add_member(picnic, ben).wait().has_value());
    asked({}, {"join !1 @park_2:hs.test"});
  }
}

TEST_CASE_FIXTURE(Fixture, "each remedy is tried once") {
  make_picnic();
  (void)chat->add_member(picnic, ben).wait();
  provider->ban("@park_2:hs.test");
  provider->remove("@park_2:hs.test");
  (void)provider->asked();
  CHECK(code_of(Message(picnic, ben, "let me in")) == Errc::forbidden);
  CHECK(provider->asked() ==
        Asked{"send !1 @park_2:hs.test let me in", "show @park_2:hs.test", "join !1 @park_2:hs.test"});

  for (int i = 0; i < 3; ++i) provider->fail_next(Error(Errc::not_found, "no such room"));
  CHECK(code_of(Message(picnic, ana, "nowhere")) == Errc::not_found);
}

TEST_CASE_FIXTURE(Fixture, "a room that was replaced is found again") {
  make_picnic();
  provider->replace_rooms();
  provider->fail_next(Error(Errc::not_found, "no such room"));
  REQUIRE(chat->send(Message(picnic, ana, "moved")).wait().has_value());
  CHECK(provider->asked() == Asked{"fails", "account @park_1:hs.test Ana Lima", "find park_event_picnic",
                                   "send !2 @park_1:hs.test moved", "join !2 @park_1:hs.test",
                                   "send !2 @park_1:hs.test moved"});
}

TEST_CASE_FIXTURE(Fixture, "other errors are handed on as they are") {
  make_picnic();
  provider->fail_next(Error(Errc::outcome_unknown, "cut").with_transaction_id("t9"));
  const auto sent = chat->send(Message(picnic, ana, "x").transaction_id(TransactionId("t9"))).wait();
  CHECK(sent.error().code() == Errc::outcome_unknown);
  CHECK(sent.error().transaction_id() == "t9");
  CHECK(provider->asked() == Asked{"fails"});
}

TEST_CASE_FIXTURE(Fixture, "what can never be a message is refused before anything is asked") {
  make_picnic();
  CHECK(code_of(Message(picnic, ana, "")) == Errc::invalid_argument);
  CHECK(code_of(Message(picnic, ana, "\xC3\x28")) == Errc::invalid_argument);
  CHECK(code_of(Message(picnic, ana, std::string(65536, 'x'))) == Errc::too_large);
  CHECK(code_of(Message(picnic, ana, std::string(65400, 'x'))) == Errc::too_large);
  CHECK(code_of(Message(picnic, ana, std::string(11000, '\x01'))) == Errc::too_large);
  CHECK(code_of(Message(picnic, ana, "x").transaction_id(TransactionId(std::string(300, 't')))) ==
        Errc::invalid_argument);
  CHECK(code_of(Message(picnic, UserSlug("eve"), "x")) == Errc::forbidden);
  CHECK(code_of(Message(picnic, UserSlug("zoe"), "x")) == Errc::not_found);
  CHECK(code_of(Message(RoomRef::group(RoomSlug("none")), ana, "x")) == Errc::not_found);
  CHECK(provider->asked().empty());
  CHECK(chat->send(Message(picnic, ana, std::string(64000, 'x'))).wait().has_value());
  CHECK(chat->send(Message(picnic, ana, std::string(30000, '"'))).wait().has_value());
}

TEST_CASE_FIXTURE(Fixture, "sending to a room that was not made says so") {
  const auto sent = chat->send(Message(picnic, ana, "x")).wait();
  CHECK(sent.error().code() == Errc::not_found);
  CHECK(sent.error().message().find("picnic") != std::string_view::npos);
  CHECK(provider->asked() == Asked{"find park_event_picnic"});
}

TEST_CASE_FIXTURE(Fixture, "history is read as the user, who joins if need be") {
  const auto before = chat->history(HistoryRequest(picnic, ben)).wait();
  REQUIRE(before.has_value());
  CHECK(before->room_id().empty());
  CHECK(before->end().empty());
  CHECK(provider->asked() == Asked{"find park_event_picnic"});  // and nothing was made
  make_picnic();
  (void)chat->ensure_user(ben).wait();
  (void)provider->asked();
  const auto page = chat->history(HistoryRequest(picnic, ben).limit(7)).wait();
  REQUIRE(page.has_value());
  CHECK(page->end().str() == "t1");
  CHECK(provider->asked() ==
        Asked{"read !1 @park_2:hs.test 7", "join !1 @park_2:hs.test", "read !1 @park_2:hs.test 7"});
}

TEST_CASE_FIXTURE(Fixture, "history refuses what cannot be read") {
  make_picnic();
  const auto code = [this](HistoryRequest request) {
    const auto page = chat->history(std::move(request)).wait();
    REQUIRE(!page.has_value());
    return std::pair(page.error().code(), std::string(page.error().subject()));
  };
  const std::pair bad_limit(Errc::invalid_argument, std::string("limit"));
  const std::pair bad_from(Errc::invalid_argument, std::string("from"));
  CHECK(code(HistoryRequest(picnic, ana).limit(0)) == bad_limit);
  CHECK(code(HistoryRequest(picnic, ana).limit(1001)) == bad_limit);
  CHECK(code(HistoryRequest(picnic, ana).from(PageToken("a b"))) == bad_from);
  CHECK(code(HistoryRequest(picnic, ana).from(PageToken(std::string(1025, 'x')))) == bad_from);
  CHECK(code(HistoryRequest(picnic, UserSlug("eve"))).first == Errc::forbidden);
  CHECK(provider->asked().empty());
  CHECK(code(HistoryRequest(picnic, ana).from(PageToken("nonsense"))) == bad_from);
}

TEST_CASE_FIXTURE(Fixture, "a stream makes the account that is missing, and no more") {
  make_picnic();
  provider->forget_accounts();
  EventStream stream = chat->events(ben);
  CHECK(provider->asked().empty());
  REQUIRE(stream.next().wait().has_value());
  CHECK(provider->asked() == Asked{"next @park_2:hs.test", "account @park_2:hs.test Ben", "next @park_2:hs.test"});
  REQUIRE(stream.next().wait().has_value());
  CHECK(provider->asked() == Asked{"next @park_2:hs.test"});
  stream.ack();
  CHECK(provider->acknowledged == 1);
  stream.close();
  CHECK(provider->closed);
  CHECK(stream.next().wait().error().code() == Errc::closed);
}

TEST_CASE_FIXTURE(Fixture, "a stream of nobody says so, and one that is dropped is closed") {
  CHECK(chat->events(UserSlug("zoe")).next().wait().error().code() == Errc::not_found);
  CHECK(provider->asked().empty());
  CHECK(!provider->closed);
  make_picnic();
  { REQUIRE(chat->events(ben).next().wait().has_value()); }
  CHECK(provider->closed);
}

TEST_CASE_FIXTURE(Fixture, "operations go on without the service, and end with the Runtime") {
  auto pending = chat->ensure_user(ana);
  chat.reset();
  CHECK(std::move(pending).wait().has_value());
}

TEST_CASE("a tenant has to be in order") {
  Runtime runtime;
  auto provider = std::make_shared<test::RecordingProvider>(runtime);
  const auto directory = read_directory(directory_text);
  const auto subject = [&](TenantOptions options) {
    auto made = make_chat_service(runtime, provider, std::move(options), *directory);
    REQUIRE(!made.has_value());
    CHECK(made.error().code() == Errc::config);
    return std::string(made.error().subject());
  };
  CHECK(subject(TenantOptions(TenantId("two words"))) == "tenants[].id");
  CHECK(subject(TenantOptions(TenantId(""))) == "tenants[].id");
  for (const char* pattern : {"", "{tenant}", "{id}{id}", "X{id}", "{id", "{name}{id}", "a:{id}"}) {
    CHECK(subject(TenantOptions(TenantId("park")).localpart(pattern)) == "tenants[].localpart");
  }
}

TEST_CASE_FIXTURE(Fixture, "what is said beside the text goes down as it is") {
  make_picnic();
  Message message(picnic, ana, "hi");
  message.formatted("<b>hi</b>").kind(MessageKind::notice).reply_to(EventId("$0"));
  CHECK(chat->send(message).wait().has_value());
  CHECK(provider->asked() == Asked{"send !1 @park_1:hs.test hi as <b>hi</b> notice to $0"});
  CHECK(code_of(Message(picnic, ana, "x").kind(MessageKind::encrypted)) == Errc::invalid_argument);
  CHECK(code_of(Message(picnic, ana, "x").formatted("\xFF")) == Errc::invalid_argument);
  CHECK(code_of(Message(picnic, ana, "x").formatted(std::string(70'000, 'x'))) == Errc::too_large);
  CHECK(provider->asked().empty());
}

TEST_CASE_FIXTURE(Fixture, "messages are edited, redacted, reacted to, read and typed as the host's users") {
  make_picnic();
  CHECK(chat->edit(Edit(picnic, ana, EventId("$7"), "new").transaction_id(TransactionId("e"))).wait().has_value());
  CHECK(chat->redact(Redaction(picnic, ana, EventId("$7")).reason("spam").transaction_id(TransactionId("r"))).wait());
  CHECK(chat->react(Reaction(picnic, ana, EventId("$7"), "+").transaction_id(TransactionId("a"))).wait().has_value());
  CHECK(chat->typing(TypingNotice(picnic, ana, true)).wait().has_value());
  CHECK(chat->mark_read(ReadMark(picnic, ana, EventId("$7")).in_private(true)).wait().has_value());
  const auto unread = chat->unread(picnic, ana).wait();
  REQUIRE(unread.has_value());
  CHECK(unread->notifications() == 3);
  CHECK(unread->highlights() == 1);
  CHECK(unread->last_read() == EventId("$read"));
  CHECK(provider->asked() == Asked{"edit $7 new !1 @park_1:hs.test", "redact $7 spam !1 @park_1:hs.test",
                                   "react $7 + !1 @park_1:hs.test", "typing !1 @park_1:hs.test on",
                                   "mark !1 @park_1:hs.test $7 in private", "unread !1 @park_1:hs.test"});
  CHECK(provider->transactions == Asked{"e", "r", "a"});
}

TEST_CASE_FIXTURE(Fixture, "who is listed and not in the room yet joins first, under the same transaction id") {
  make_picnic();
  REQUIRE(chat->ensure_user(ben).wait().has_value());
  (void)provider->asked();
  REQUIRE(chat->react(Reaction(picnic, ben, EventId("$7"), "+")).wait().has_value());
  CHECK(provider->asked() ==
        Asked{"react $7 + !1 @park_2:hs.test", "join !1 @park_2:hs.test", "react $7 + !1 @park_2:hs.test"});
  REQUIRE(provider->transactions.size() == 2);
  CHECK(provider->transactions[0] == provider->transactions[1]);
  CHECK_FALSE(provider->transactions[0].empty());
}

TEST_CASE_FIXTURE(Fixture, "who is not listed, and what cannot be, is refused before anything is asked") {
  make_picnic();
  const UserSlug eve("eve");
  CHECK(chat->edit(Edit(picnic, eve, EventId("$7"), "x")).wait().error().code() == Errc::forbidden);
  CHECK(chat->redact(Redaction(picnic, eve, EventId("$7"))).wait().error().code() == Errc::forbidden);
  CHECK(chat->react(Reaction(picnic, eve, EventId("$7"), "+")).wait().error().code() == Errc::forbidden);
  CHECK(chat->typing(TypingNotice(picnic, eve, true)).wait().error().code() == Errc::forbidden);
  CHECK(chat->mark_read(ReadMark(picnic, eve, EventId("$7"))).wait().error().code() == Errc::forbidden);
  CHECK(chat->unread(picnic, eve).wait().error().code() == Errc::forbidden);
  CHECK(chat->edit(Edit(picnic, ana, EventId("$7"), "")).wait().error().code() == Errc::invalid_argument);
  CHECK(chat->react(Reaction(picnic, UserSlug("zoe"), EventId("$7"), "+")).wait().error().code() == Errc::not_found);
  CHECK(provider->asked().empty());
}

TEST_CASE_FIXTURE(Fixture, "a tenant may allow plain text in encrypted rooms") {
  make_picnic();
  auto directory = read_directory(directory_text);
  TenantOptions tenant(TenantId("park"));
  tenant.plain_text_in_encrypted_rooms(true);
  auto open = make_chat_service(runtime, provider, tenant, *directory);
  REQUIRE(open.has_value());
  (void)(*open)->send(Message(picnic, ana, "hi")).wait();
  (void)(*open)->edit(Edit(picnic, ana, EventId("$7"), "new")).wait();
  CHECK(provider->asked() == Asked{"find park_event_picnic", "send !1 @park_1:hs.test hi even if encrypted",
                                   "edit $7 new even if encrypted !1 @park_1:hs.test"});
}
