// What only the transport in memory can show; the rest is provider_contract_test.cpp.
#include <confab/memory_provider.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace confab;

namespace {

struct Furnished {
  Furnished() {
    for (const MatrixUserId& user : {ana, ben}) REQUIRE(provider->ensure_account(user, "", CallOptions()).wait());
    room = provider->ensure_room(ProviderRoomRequest("room", ana), CallOptions()).wait().value();
    for (const MatrixUserId& user : {ana, ben}) REQUIRE(provider->join(room, user, CallOptions()).wait());
  }
  EventId say(const std::string& id) {
    return provider->send(ProviderMessage(room, ana, "hello", TransactionId(id)), CallOptions()).wait().value();
  }
  Runtime runtime;
  std::shared_ptr<ChatProvider> provider = make_memory_provider(runtime, "hs.test").value();
  MatrixUserId ana{"@ana:hs.test"};
  MatrixUserId ben{"@ben:hs.test"};
  MatrixRoomId room;
};

}  // namespace

TEST_CASE("memory provider: a server name that can never be legal is refused") {
  Runtime runtime;
  for (const char* name : {"", "a b", "host:port"}) {
    CAPTURE(name);
    const auto provider = make_memory_provider(runtime, name);
    REQUIRE(!provider);
    CHECK(provider.error().code() == Errc::invalid_argument);
  }
}

TEST_CASE("memory provider: typing and receipts are told, private receipts to their user alone") {
  Furnished chat;
  EventStream of_ana = chat.provider->events(chat.ana, EventsOptions());
  REQUIRE(of_ana.ready().wait());
  const EventId said = chat.say("t1");
  const CallOptions options;
  REQUIRE(chat.provider->typing(ProviderTypingNotice(chat.room, chat.ben, true), options).wait());
  REQUIRE(chat.provider->mark_read(ProviderReadMark(chat.room, chat.ben, said).in_private(true), options).wait());
  REQUIRE(chat.provider->typing(ProviderTypingNotice(chat.room, chat.ben, false), options).wait());
  const EventId more = chat.say("t2");
  REQUIRE(chat.provider->mark_read(ProviderReadMark(chat.room, chat.ben, more), options).wait());
  const EventBatch batch = of_ana.next().wait().value();
  REQUIRE(batch.size() == 5);
  CHECK(batch[1].users() == std::vector<MatrixUserId>{chat.ben});
  CHECK(batch[2].users().empty());
  CHECK(batch[3].kind() == EventKind::message);
  REQUIRE(batch[4].kind() == EventKind::receipt);
  CHECK(batch[4].receipts().front().event() == more);
}

TEST_CASE("memory provider: unread counts what others said since the user last read") {
  Furnished chat;
  const EventId first = chat.say("t1");
  chat.say("t2");
  CHECK(chat.provider->unread(chat.room, chat.ben, CallOptions()).wait().value().notifications() == 2);
  CHECK(chat.provider->unread(chat.room, chat.ana, CallOptions()).wait().value().notifications() == 0);
  REQUIRE(chat.provider->mark_read(ProviderReadMark(chat.room, chat.ben, first), CallOptions()).wait());
  const Unread unread = chat.provider->unread(chat.room, chat.ben, CallOptions()).wait().value();
  CHECK(unread.notifications() == 1);
  CHECK(unread.last_read() == first);
}

TEST_CASE("memory provider: who reads a name last has it, the earlier reader ends with conflict") {
  Furnished chat;
  const EventsOptions named = EventsOptions().remember_as("gateway");
  EventStream earlier = chat.provider->events(chat.ben, named);
  REQUIRE(earlier.ready().wait());
  const EventId said = chat.say("t1");
  REQUIRE(earlier.next().wait());
  EventStream later = chat.provider->events(chat.ben, named);
  CHECK(later.next().wait().value().front().id() == said);
  CHECK(earlier.next().wait().error().code() == Errc::conflict);
  later.ack();
  EventStream last = chat.provider->events(chat.ben, named);
  CHECK(last.next(CallOptions().within(50ms)).wait().error().code() == Errc::timed_out);
}

TEST_CASE("memory provider: somebody who was removed sees that, and nothing later") {
  Furnished chat;
  EventStream of_ben = chat.provider->events(chat.ben, EventsOptions());
  REQUIRE(of_ben.ready().wait());
  REQUIRE(chat.provider->remove(chat.room, chat.ben, CallOptions()).wait());
  chat.say("t1");
  const EventBatch batch = of_ben.next().wait().value();
  REQUIRE(batch.size() == 1);
  CHECK(batch[0].membership() == "leave");
}

TEST_CASE("memory provider: threads share one, and every message is there once") {
  Furnished chat;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&chat, t] {
      const MatrixUserId& user = t % 2 == 0 ? chat.ana : chat.ben;
      for (int i = 0; i < 25; ++i) {
        const TransactionId id(std::to_string(t) + "-" + std::to_string(i));
        (void)chat.provider->send(ProviderMessage(chat.room, user, id.str(), id), CallOptions()).wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto page =
      chat.provider->history(ProviderHistoryRequest(chat.room, chat.ana).limit(1000), CallOptions()).wait().value();
  CHECK(page.messages().size() == 100);
}
