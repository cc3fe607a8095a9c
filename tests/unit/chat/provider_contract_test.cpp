// What ChatProvider promises, asked of both transports by the same cases: of Matrix over a homeserver's double, and of
// the one in memory. What only one of them can show stands in their own tests.
#include <doctest/doctest.h>

#include <confab/homeserver.hpp>
#include <confab/memory_provider.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_matrix.hpp"
#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::FakeMatrix;
using confab::test::Together;

namespace {

struct OverMatrix {
  FakeMatrix hs;
  Runtime runtime;
  Homeserver homeserver =
      Homeserver::create(
          runtime, HomeserverOptions(hs.url(), "hs.test", "admin", Secret(std::string(FakeMatrix::admin_password))))
          .value();
  std::shared_ptr<ChatProvider> provider = homeserver.provider("tenant");
};

struct InMemory {
  Runtime runtime;
  std::shared_ptr<ChatProvider> provider = make_memory_provider(runtime, "hs.test").value();
};

template <class Transport>
struct Chat : Transport {
  using Transport::provider;

  // Two users and a room that both are in.
  Chat() {
    REQUIRE(provider->ensure_account(ana, "Ana", CallOptions()).wait());
    REQUIRE(provider->ensure_account(ben, "Ben", CallOptions()).wait());
    REQUIRE(provider->ensure_account(eve, "Eve", CallOptions()).wait());
    room = provider->ensure_room(ProviderRoomRequest("room", ana).name("Room"), CallOptions()).wait().value();
    REQUIRE(provider->join(room, ana, CallOptions()).wait());
    REQUIRE(provider->join(room, ben, CallOptions()).wait());
  }
  [[nodiscard]] Result<EventId> say(const std::string& body, const std::string& id) { return say(ana, body, id); }
  [[nodiscard]] Result<EventId> say(const MatrixUserId& user, const std::string& body, const std::string& id) {
    return provider->send(ProviderMessage(room, user, body, TransactionId(id)), CallOptions()).wait();
  }
  [[nodiscard]] Result<MessagePage> read(const MatrixUserId& user, std::size_t limit = 50,
                                         PageToken from = PageToken()) {
    return provider->history(ProviderHistoryRequest(room, user).limit(limit).from(std::move(from)), CallOptions())
        .wait();
  }
  [[nodiscard]] std::vector<std::string> bodies(const MatrixUserId& user) {
    std::vector<std::string> all;
    const MessagePage page = read(user).value();
    for (const ReceivedMessage& message : page.messages()) all.push_back(message.body());
    return all;
  }
  // The ids of messages in a stream, until `count` came.
  [[nodiscard]] std::vector<EventId> messages(EventStream& stream, std::size_t count) {
    std::vector<EventId> ids;
    while (ids.size() < count) {
      const Result<EventBatch> batch = stream.next(CallOptions().within(20s)).wait();
      REQUIRE(batch);
      for (const ChatEvent& event : *batch) {
        if (event.kind() == EventKind::message) ids.push_back(event.id());
      }
    }
    return ids;
  }

  MatrixUserId ana{"@ana:hs.test"};
  MatrixUserId ben{"@ben:hs.test"};
  MatrixUserId eve{"@eve:hs.test"};
  MatrixUserId nobody{"@nobody:hs.test"};
  MatrixRoomId room;
};

template <class T>
Errc code_of(const Result<T>& result) {
  REQUIRE(!result);
  return result.error().code();
}

}  // namespace

#define BOTH Chat<OverMatrix>, Chat<InMemory>

TEST_CASE_TEMPLATE("provider contract: an account has its name, and keeps it where none is given", T, BOTH) {
  T chat;
  CHECK(chat.provider->server_name() == "hs.test");
  CHECK(chat.provider->account(chat.ana, CallOptions()).wait().value().name() == "Ana");
  REQUIRE(chat.provider->ensure_account(chat.ana, "", CallOptions()).wait());
  CHECK(chat.provider->account(chat.ana, CallOptions()).wait().value().name() == "Ana");
  REQUIRE(chat.provider->ensure_account(chat.ana, "Anna", CallOptions()).wait());
  CHECK(chat.provider->account(chat.ana, CallOptions()).wait().value().name() == "Anna");
}

TEST_CASE_TEMPLATE("provider contract: who has no account is not found", T, BOTH) {
  T chat;
  CHECK(code_of(chat.provider->account(chat.nobody, CallOptions()).wait()) == Errc::not_found);
  const Secret password(std::string("long enough"));
  CHECK(code_of(chat.provider->set_password(chat.nobody, password, CallOptions()).wait()) == Errc::not_found);
  CHECK(chat.provider->set_password(chat.ana, password, CallOptions()).wait().has_value());
  CHECK(code_of(chat.provider->join(chat.room, chat.nobody, CallOptions()).wait()) == Errc::not_found);
}

TEST_CASE_TEMPLATE("provider contract: an account that is open is not changed by being opened", T, BOTH) {
  T chat;
  CHECK(code_of(chat.provider->reactivate_account(chat.nobody, CallOptions()).wait()) == Errc::not_found);
  REQUIRE(chat.provider->reactivate_account(chat.ana, CallOptions()).wait());
  const Account account = chat.provider->account(chat.ana, CallOptions()).wait().value();
  CHECK(account.state() == AccountState::active);
  CHECK(account.name() == "Ana");
}

TEST_CASE_TEMPLATE("provider contract: malformed users and those of other homeservers are refused", T, BOTH) {
  T chat;
  for (const char* id : {"@ana:other.test", "ana", "@:hs.test", "@ana", ""}) {
    CAPTURE(id);
    const MatrixUserId user{id};
    CHECK(code_of(chat.provider->ensure_account(user, "Ana", CallOptions()).wait()) == Errc::invalid_argument);
    CHECK(code_of(chat.provider->account(user, CallOptions()).wait()) == Errc::invalid_argument);
    CHECK(code_of(chat.provider->reactivate_account(user, CallOptions()).wait()) == Errc::invalid_argument);
    CHECK(code_of(chat.provider->join(chat.room, user, CallOptions()).wait()) == Errc::invalid_argument);
    CHECK(code_of(chat.provider->remove(chat.room, user, CallOptions()).wait()) == Errc::invalid_argument);
  }
}

TEST_CASE_TEMPLATE("provider contract: a room is made once for an alias, from however many callers", T, BOTH) {
  T chat;
  Together<MatrixRoomId> together;
  for (int i = 0; i < 8; ++i) {
    together.start(
        chat.provider->ensure_room(ProviderRoomRequest("once", i % 2 == 0 ? chat.ana : chat.ben), CallOptions()));
  }
  const auto rooms = together.all();
  REQUIRE(rooms.size() == 8);
  const Result<MatrixRoomId> found = chat.provider->find_room("once", CallOptions()).wait();
  REQUIRE(found);
  for (const auto& room : rooms) {
    REQUIRE(room);
    CHECK(*room == *found);
  }
  CHECK(*found != chat.room);
  CHECK(chat.provider->room_alias(*found, CallOptions()).wait().value() == "once");
  CHECK(code_of(chat.provider->room_alias(MatrixRoomId("!none:hs.test"), CallOptions()).wait()) == Errc::not_found);
}

TEST_CASE_TEMPLATE("provider contract: looking for a room makes none, and an impossible alias is refused", T, BOTH) {
  T chat;
  CHECK(code_of(chat.provider->find_room("other", CallOptions()).wait()) == Errc::not_found);
  CHECK(code_of(chat.provider->find_room("other", CallOptions()).wait()) == Errc::not_found);
  const ProviderRoomRequest wrong(std::string(300, 'a'), chat.ana);
  CHECK(code_of(chat.provider->ensure_room(wrong, CallOptions()).wait()) == Errc::invalid_argument);
}

TEST_CASE_TEMPLATE("provider contract: members come in the order of their ids, with names and power", T, BOTH) {
  T chat;
  const auto members = chat.provider->members(chat.room, CallOptions()).wait().value();
  REQUIRE(members.size() == 2);
  CHECK(members[0].user_id() == chat.ana);
  CHECK(members[0].membership() == "join");
  CHECK(members[0].power_level() == 50);
  CHECK(members[1].user_id() == chat.ben);
  CHECK(members[1].power_level() == 0);
}

TEST_CASE_TEMPLATE("provider contract: joining and removing may be repeated", T, BOTH) {
  T chat;
  REQUIRE(chat.provider->join(chat.room, chat.ben, CallOptions()).wait());
  REQUIRE(chat.provider->remove(chat.room, chat.ben, CallOptions()).wait());
  REQUIRE(chat.provider->remove(chat.room, chat.ben, CallOptions()).wait());
  REQUIRE(chat.provider->remove(chat.room, chat.eve, CallOptions()).wait());
  CHECK(chat.provider->members(chat.room, CallOptions()).wait().value().size() == 1);
  CHECK(code_of(chat.say(chat.ben, "still here?", "t1")) == Errc::forbidden);
  REQUIRE(chat.provider->join(chat.room, chat.ben, CallOptions()).wait());
  CHECK(chat.say(chat.ben, "here again", "t2").has_value());
}

TEST_CASE_TEMPLATE("provider contract: who is not in a room can neither write nor read", T, BOTH) {
  T chat;
  const EventId sent = chat.say("among us", "t1").value();
  CHECK(code_of(chat.say(chat.eve, "hello", "e1")) == Errc::forbidden);
  CHECK(code_of(chat.read(chat.eve)) == Errc::forbidden);
  const CallOptions options;
  // An edit reads the message first, and of what a user may not see a homeserver says that it is not there.
  const Errc edited = code_of(chat.provider->edit(ProviderEdit(chat.room, chat.eve, sent, "mine"), options).wait());
  CHECK((edited == Errc::forbidden || edited == Errc::not_found));
  CHECK(code_of(chat.provider->redact(ProviderRedaction(chat.room, chat.eve, sent), options).wait()) ==
        Errc::forbidden);
  CHECK(code_of(chat.provider->react(ProviderReaction(chat.room, chat.eve, sent, "+"), options).wait()) ==
        Errc::forbidden);
  CHECK(code_of(chat.provider->typing(ProviderTypingNotice(chat.room, chat.eve, true), options).wait()) ==
        Errc::forbidden);
  CHECK(code_of(chat.provider->mark_read(ProviderReadMark(chat.room, chat.eve, sent), options).wait()) ==
        Errc::forbidden);
}

TEST_CASE_TEMPLATE("provider contract: rooms that do not exist", T, BOTH) {
  T chat;
  const MatrixRoomId none("!none:hs.test");
  CHECK(code_of(chat.provider->members(none, CallOptions()).wait()) == Errc::forbidden);
  CHECK(code_of(chat.provider->remove(none, chat.ana, CallOptions()).wait()) == Errc::forbidden);
  const ProviderMessage message(none, chat.ana, "hello", TransactionId("t1"));
  CHECK(code_of(chat.provider->send(message, CallOptions()).wait()) == Errc::forbidden);
}

TEST_CASE_TEMPLATE("provider contract: one transaction id is one event, others are others", T, BOTH) {
  T chat;
  const EventId first = chat.say("once", "t1").value();
  ProviderMessage again(chat.room, chat.ana, "once", TransactionId("t1"));
  CHECK(chat.provider->send(again.repeated(true), CallOptions()).wait().value() == first);
  CHECK(chat.say("twice", "t2").value() != first);
  CHECK(chat.say(chat.ben, "another's", "t1").value() != first);
  CHECK(chat.bodies(chat.ben) == std::vector<std::string>{"another's", "twice", "once"});
}

TEST_CASE_TEMPLATE("provider contract: what can be no message is refused", T, BOTH) {
  T chat;
  CHECK(code_of(chat.say("", "t1")) == Errc::invalid_argument);
  CHECK(code_of(chat.say("\xff\xfe", "t2")) == Errc::invalid_argument);
  CHECK(code_of(chat.say(std::string(70'000, 'a'), "t3")) == Errc::too_large);
  CHECK(code_of(chat.say("no id", "")) == Errc::invalid_argument);
  CHECK(chat.bodies(chat.ana).empty());
}

TEST_CASE_TEMPLATE("provider contract: history is read newest first, page by page, to its beginning", T, BOTH) {
  T chat;
  std::vector<EventId> sent;
  for (int i = 0; i < 7; ++i) sent.push_back(chat.say("word " + std::to_string(i), "t" + std::to_string(i)).value());
  std::reverse(sent.begin(), sent.end());
  std::vector<EventId> read;
  PageToken from;
  for (int pages = 0; pages < 9; ++pages) {
    const MessagePage page = chat.read(chat.ben, 3, from).value();
    CHECK(page.messages().size() <= 3);
    for (const ReceivedMessage& message : page.messages()) {
      read.push_back(message.id());
      CHECK(message.sender() == chat.ana);
      CHECK(message.sender_name() == "Ana");
      CHECK(message.room_id() == chat.room);
    }
    from = page.end();
    if (from.empty()) break;
  }
  CHECK(from.empty());
  CHECK(read == sent);
}

TEST_CASE_TEMPLATE("provider contract: an edit changes how a message reads, for its sender alone", T, BOTH) {
  T chat;
  const EventId sent = chat.say("frist", "t1").value();
  const CallOptions options;
  CHECK(code_of(chat.provider->edit(ProviderEdit(chat.room, chat.ben, sent, "mine"), options).wait()) ==
        Errc::forbidden);
  const EventId none("$none");
  CHECK(code_of(chat.provider->edit(ProviderEdit(chat.room, chat.ana, none, "what"), options).wait()) ==
        Errc::not_found);
  const EventId edit = chat.provider->edit(ProviderEdit(chat.room, chat.ana, sent, "first"), options).wait().value();
  CHECK(code_of(chat.provider->edit(ProviderEdit(chat.room, chat.ana, edit, "again"), options).wait()) ==
        Errc::invalid_argument);
  const MessagePage page = chat.read(chat.ben).value();
  REQUIRE(page.messages().size() == 1);
  CHECK(page.messages()[0].id() == sent);
  CHECK(page.messages()[0].body() == "first");
  CHECK(page.messages()[0].edited());
}

TEST_CASE_TEMPLATE("provider contract: of a redacted message nothing is left", T, BOTH) {
  T chat;
  const EventId sent = chat.say(chat.ben, "secret", "t1").value();
  const EventId other = chat.say("mine", "t2").value();
  const CallOptions options;
  CHECK(code_of(chat.provider->redact(ProviderRedaction(chat.room, chat.ben, other), options).wait()) ==
        Errc::forbidden);
  CHECK(code_of(chat.provider->redact(ProviderRedaction(chat.room, chat.ben, EventId("$none")), options).wait()) ==
        Errc::not_found);
  // Ana has made the room: power level 50.
  REQUIRE(chat.provider->redact(ProviderRedaction(chat.room, chat.ana, sent).reason("no"), options).wait());
  const MessagePage page = chat.read(chat.ben).value();
  REQUIRE(page.messages().size() == 2);
  CHECK(page.messages()[1].redacted());
  CHECK(page.messages()[1].body().empty());
  CHECK_FALSE(page.messages()[0].redacted());
}

TEST_CASE_TEMPLATE("provider contract: of a redacted edit nothing is shown in history", T, BOTH) {
  T chat;
  const CallOptions options;
  const EventId sent = chat.say("first", "t1").value();
  const EventId edit = chat.provider->edit(ProviderEdit(chat.room, chat.ana, sent, "second"), options).wait().value();
  REQUIRE(chat.provider->redact(ProviderRedaction(chat.room, chat.ana, edit), options).wait());
  const MessagePage page = chat.read(chat.ben).value();
  REQUIRE(page.messages().size() == 1);
  CHECK(page.messages()[0].id() == sent);
  CHECK(page.messages()[0].body() == "first");
  CHECK_FALSE(page.messages()[0].edited());
  CHECK_FALSE(page.messages()[0].redacted());
}

TEST_CASE_TEMPLATE("provider contract: a reaction counts once for each user, until it is redacted", T, BOTH) {
  T chat;
  const EventId sent = chat.say("good?", "t1").value();
  const CallOptions options;
  const EventId mine = chat.provider->react(ProviderReaction(chat.room, chat.ben, sent, "+1"), options).wait().value();
  CHECK(chat.provider->react(ProviderReaction(chat.room, chat.ben, sent, "+1"), options).wait().value() == mine);
  REQUIRE(chat.provider->react(ProviderReaction(chat.room, chat.ana, sent, "+1"), options).wait());
  CHECK(code_of(chat.provider->react(ProviderReaction(chat.room, chat.ana, sent, ""), options).wait()) ==
        Errc::invalid_argument);
  const MessagePage before = chat.read(chat.ben).value();
  REQUIRE(before.messages().size() == 1);
  REQUIRE(before.messages()[0].reactions().size() == 1);
  CHECK(before.messages()[0].reactions()[0].count() == 2);
  REQUIRE(chat.provider->redact(ProviderRedaction(chat.room, chat.ben, mine), options).wait());
  const MessagePage after = chat.read(chat.ben).value();
  REQUIRE(after.messages()[0].reactions().size() == 1);
  CHECK(after.messages()[0].reactions()[0].senders() == std::vector<MatrixUserId>{chat.ana});
}

TEST_CASE_TEMPLATE("provider contract: unread is what others said behind the last mark", T, BOTH) {
  T chat;
  const CallOptions options;
  const auto unread = [&](const MatrixUserId& user) {
    return chat.provider->unread(chat.room, user, options).wait().value();
  };
  CHECK(unread(chat.ben).notifications() == 0);
  CHECK(unread(chat.ben).last_read().empty());
  const EventId first = chat.say("one", "t1").value();
  const EventId second = chat.say("two", "t2").value();
  const EventId third = chat.say("three", "t3").value();
  CHECK(unread(chat.ben).notifications() == 3);
  CHECK(unread(chat.ana).notifications() == 0);  // one's own

  REQUIRE(chat.provider->mark_read(ProviderReadMark(chat.room, chat.ben, first), options).wait());
  CHECK(unread(chat.ben).notifications() == 2);
  CHECK(unread(chat.ben).last_read() == first);
  CHECK(unread(chat.ana).last_read().empty());  // of another one
  // An edit says nothing new.
  REQUIRE(chat.provider->edit(ProviderEdit(chat.room, chat.ana, second, "2"), options).wait());
  CHECK(unread(chat.ben).notifications() == 2);
  REQUIRE(chat.provider->mark_read(ProviderReadMark(chat.room, chat.ben, third).in_private(true), options).wait());
  CHECK(unread(chat.ben).notifications() == 0);
  CHECK(unread(chat.ben).last_read() == third);
  CHECK(code_of(chat.provider->unread(chat.room, chat.eve, options).wait()) == Errc::forbidden);
}

TEST_CASE_TEMPLATE("provider contract: a stream tells what happens after ready(), in order", T, BOTH) {
  T chat;
  REQUIRE(chat.say("before", "t0"));
  EventStream stream = chat.provider->events(chat.ben, EventsOptions());
  REQUIRE(stream.ready().wait());
  const EventId one = chat.say("one", "t1").value();
  const EventId two = chat.say("two", "t2").value();
  CHECK(chat.messages(stream, 2) == std::vector<EventId>{one, two});
  CHECK(code_of(stream.next(CallOptions().within(100ms)).wait()) == Errc::timed_out);
}

TEST_CASE_TEMPLATE("provider contract: messages carry their sender's name, live as in history, a new one from now on",
                   T, BOTH) {
  T chat;
  EventStream stream = chat.provider->events(chat.ben, EventsOptions());
  REQUIRE(stream.ready().wait());
  std::vector<ReceivedMessage> live;
  const auto listen = [&](std::size_t count) {
    while (live.size() < count) {
      const Result<EventBatch> batch = stream.next(CallOptions().within(20s)).wait();
      REQUIRE(batch);
      for (const ChatEvent& event : *batch) {
        if (event.kind() == EventKind::message) live.push_back(*event.message());
      }
    }
  };
  const CallOptions options;
  const EventId first = chat.say("of Ana", "t1").value();
  REQUIRE(chat.say(chat.ben, "of Ben", "t2"));
  REQUIRE(chat.provider->redact(ProviderRedaction(chat.room, chat.ana, first), options).wait());
  listen(2);
  MessagePage page = chat.read(chat.ben).value();
  REQUIRE(page.messages().size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(live[i].sender_name() == (i == 0 ? "Ana" : "Ben"));
    CHECK(page.messages()[1 - i].id() == live[i].id());
    CHECK(page.messages()[1 - i].sender_name() == live[i].sender_name());
  }
  // Said, but not heard before the name changes.
  REQUIRE(chat.say("still of Ana", "t3"));
  REQUIRE(chat.provider->ensure_account(chat.ana, "Anna", options).wait());
  REQUIRE(chat.say("of Anna", "t4"));
  listen(4);
  CHECK(live[2].sender_name() == "Ana");
  CHECK(live[3].sender_name() == "Anna");
  page = chat.read(chat.ben).value();
  CHECK(page.messages()[0].sender_name() == "Anna");
}

TEST_CASE_TEMPLATE("provider contract: a reader that waits is woken; a second next() is busy; close() ends it", T,
                   BOTH) {
  T chat;
  EventStream stream = chat.provider->events(chat.ben, EventsOptions());
  REQUIRE(stream.ready().wait());
  Together<EventBatch> waiting;
  waiting.start(stream.next());
  CHECK(code_of(stream.next().wait()) == Errc::busy);
  const EventId sent = chat.say("hello", "t1").value();
  const auto batch = waiting.all().at(0);
  REQUIRE(batch);
  REQUIRE(batch->size() == 1);
  CHECK(batch->front().id() == sent);
  CHECK(batch->front().message()->body() == "hello");
  Together<EventBatch> closed;
  closed.start(stream.next());
  stream.close();
  CHECK(code_of(closed.all().at(0)) == Errc::closed);
  CHECK(code_of(stream.next().wait()) == Errc::closed);
}

TEST_CASE_TEMPLATE("provider contract: what a named consumer did not consume comes again", T, BOTH) {
  T chat;
  const EventsOptions named = EventsOptions().remember_as("gateway");
  std::vector<EventId> sent;
  {
    EventStream first = chat.provider->events(chat.ben, named);
    REQUIRE(first.ready().wait());
    sent.push_back(chat.say("one", "t1").value());
    CHECK(chat.messages(first, 1) == sent);
  }
  EventStream second = chat.provider->events(chat.ben, named);
  CHECK(chat.messages(second, 1) == sent);
  CHECK(code_of(chat.provider->events(chat.ben, EventsOptions().remember_as("no name")).ready().wait()) ==
        Errc::invalid_argument);
}

TEST_CASE_TEMPLATE("provider contract: edits, reactions and redactions reach a stream", T, BOTH) {
  T chat;
  EventStream stream = chat.provider->events(chat.ben, EventsOptions());
  REQUIRE(stream.ready().wait());
  const CallOptions options;
  const EventId sent = chat.say("frist", "t1").value();
  REQUIRE(chat.provider->edit(ProviderEdit(chat.room, chat.ana, sent, "first"), options).wait());
  REQUIRE(chat.provider->react(ProviderReaction(chat.room, chat.ben, sent, "+1"), options).wait());
  REQUIRE(chat.provider->redact(ProviderRedaction(chat.room, chat.ana, sent), options).wait());
  std::vector<EventKind> kinds;
  while (kinds.empty() || kinds.back() != EventKind::redaction) {
    const Result<EventBatch> batch = stream.next().wait();
    REQUIRE(batch);
    for (const ChatEvent& event : *batch) {
      kinds.push_back(event.kind());
      if (event.kind() != EventKind::message) CHECK(event.target() == sent);
    }
  }
  CHECK(kinds.front() == EventKind::message);
  CHECK(kinds.size() >= 3);
}

TEST_CASE_TEMPLATE("provider contract: a call that is stopped or has no time does nothing", T, BOTH) {
  T chat;
  const ProviderMessage message(chat.room, chat.ana, "never said", TransactionId("t1"));
  CHECK(code_of(chat.provider->send(message, CallOptions().within(0ms)).wait()) == Errc::timed_out);
  std::stop_source stop;
  stop.request_stop();
  CHECK(code_of(chat.provider->send(message, CallOptions().stop(stop.get_token())).wait()) == Errc::cancelled);
  CHECK(chat.bodies(chat.ana).empty());
}

TEST_CASE_TEMPLATE("provider contract: handlers run once, on another thread than the caller's", T, BOTH) {
  T chat;
  std::atomic<int> ran{0};
  std::promise<std::thread::id> ended;
  const Operation said =
      chat.provider->send(ProviderMessage(chat.room, chat.ana, "hello", TransactionId("t1")), CallOptions())
          .start([&](Result<EventId> result) {
            CHECK(result.has_value());
            if (++ran == 1) ended.set_value(std::this_thread::get_id());
          });
  std::future<std::thread::id> where = ended.get_future();
  REQUIRE(where.wait_for(30s) == std::future_status::ready);
  CHECK(where.get() != std::this_thread::get_id());
  CHECK(chat.say("next", "t2").has_value());
  CHECK(chat.bodies(chat.ana).size() == 2);
  CHECK(ran == 1);
}
