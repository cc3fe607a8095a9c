// Where a stream of events begins, when it is there, and what of that outlives the process.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/faulty_store.hpp"
#include "services/user_events.hpp"
#include "store/memory_store.hpp"
#include "unit/services/in_room.hpp"

using namespace std::chrono_literals;
using namespace confab;
using namespace confab::test;

namespace {

struct Placed : InRoom {
  // As a process does that has the store.
  EventStream open(const std::string& consumer = "bridge", const std::string& server = "hs.test") {
    return open_for(ben, consumer, server);
  }
  EventStream open_for(const MatrixUserId& user, const std::string& consumer, const std::string& server = "hs.test") {
    std::shared_ptr<services::ConsumerPosition> place;
    if (!consumer.empty()) {
      place = std::make_shared<services::ConsumerPosition>(net::RecordStore(store), "park", user, consumer, server);
    }
    return EventStream(services::UserEvents::open(
        runtime.core(), tokens, user, std::make_shared<const std::string>("park"), messages->encryption(), place));
  }
  void post(const std::string& body) { hs.post(room.str(), ana.str(), body); }
  void post(int from, int to) {
    for (int i = from; i < to; ++i) post("word " + std::to_string(i));
  }
  // What a reader saw of so many messages, events of other kinds apart.
  static std::vector<ChatEvent> read(EventStream& stream, std::size_t count) {
    std::vector<ChatEvent> events;
    const auto until = net::Clock::now() + 30s;
    while (events.size() < count && net::Clock::now() < until) {
      const Result<EventBatch> batch = stream.next(CallOptions().within(2s)).wait();
      if (!batch) continue;
      for (const ChatEvent& event : *batch) {
        if (event.message() || event.kind() == EventKind::missed) events.push_back(event);
      }
    }
    return events;
  }
  static std::vector<std::string> bodies(const std::vector<ChatEvent>& events) {
    std::vector<std::string> all;
    for (const ChatEvent& event : events) all.push_back(event.message() ? event.message()->body() : "missed");
    return all;
  }
  static std::vector<std::string> words(int from, int to) {
    std::vector<std::string> all;
    for (int i = from; i < to; ++i) all.push_back("word " + std::to_string(i));
    return all;
  }
  // What was acknowledged is written behind the reader: wait for it.
  void until_stored(EventStream& stream) {
    stream.ack();
    const Result<EventBatch> nothing = stream.next(CallOptions().within(50ms)).wait();
    CHECK_FALSE(nothing.has_value());
    for (int i = 0; i < 20; ++i) REQUIRE(whoami(ana, CallOptions(), ben.str()).wait());
  }

  std::shared_ptr<Store> store = store::make_memory_store();
};

}  // namespace

TEST_CASE("UserEvents: after ready() whatever happens is told, though nobody asked for events yet") {
  Placed at;
  for (const std::string& consumer : {std::string(), std::string("bridge")}) {
    at.post("from before");
    EventStream stream = at.open(consumer);
    REQUIRE(stream.ready().wait());
    at.post(0, 3);
    CHECK(Placed::bodies(Placed::read(stream, 3)) == Placed::words(0, 3));
    REQUIRE(stream.ready(CallOptions().within(100ms)).wait());
  }
}

TEST_CASE("UserEvents: ready() waits through an outage, gives up in time, and may be called beside next()") {
  Placed at;
  at.hs.go_away();
  EventStream stream = at.open("");
  CHECK(stream.ready(CallOptions().within(300ms)).wait().error().code() == Errc::timed_out);
  Together<void> ready;
  ready.start(stream.ready());
  ready.start(stream.ready());
  Together<EventBatch> next;
  next.start(stream.next());
  at.hs.come_back();
  for (const Result<void>& done : ready.all()) CHECK(done.has_value());
  CHECK(next.ended() == 0);
  at.post("word 0");
  const auto batches = next.all();
  REQUIRE(batches.at(0));
  CHECK(batches[0]->at(0).message()->body() == "word 0");
  stream.close();
  CHECK(stream.ready().wait().error().code() == Errc::closed);
}

TEST_CASE("UserEvents: who has no account is told so, by next() and by ready(), and the stream lives on") {
  Placed at;
  const MatrixUserId nobody(at.hs.user_id("nobody"));
  EventStream stream = at.open_for(nobody, "");
  CHECK(stream.ready().wait().error().code() == Errc::not_found);
  CHECK(stream.next().wait().error().code() == Errc::not_found);
  at.add("nobody");
  CHECK(stream.ready().wait());
}

TEST_CASE("UserEvents: a named consumer goes on where its last consumed batch ended") {
  Placed at;
  std::vector<ChatEvent> unconsumed;
  {
    EventStream stream = at.open();
    REQUIRE(stream.ready().wait());
    at.post(0, 5);
    CHECK(Placed::bodies(Placed::read(stream, 5)) == Placed::words(0, 5));
    at.until_stored(stream);
    at.post(5, 8);
    unconsumed = Placed::read(stream, 1);  // one batch, whatever part of the three it holds
    REQUIRE_FALSE(unconsumed.empty());
    CHECK(unconsumed[0].message()->body() == "word 5");
  }
  at.post(8, 40);  // while nobody listens, and more than one answer holds
  EventStream stream = at.open();
  const auto events = Placed::read(stream, 35);
  CHECK(Placed::bodies(events) == Placed::words(5, 40));
  REQUIRE(events.size() >= unconsumed.size());
  for (std::size_t i = 0; i < unconsumed.size(); ++i) CHECK(events[i].id() == unconsumed[i].id());
  CHECK(at.hs.count("GET", event_path) == 1);  // does the homeserver know the place?
}

TEST_CASE("UserEvents: a named consumer that was ready and read nothing misses nothing") {
  Placed at;
  { REQUIRE(at.open().ready().wait()); }
  at.post(0, 3);
  EventStream stream = at.open();
  CHECK(Placed::bodies(Placed::read(stream, 3)) == Placed::words(0, 3));
  EventStream other = at.open("other");  // another name begins with now
  REQUIRE(other.ready().wait());
  at.post(3, 4);
  CHECK(Placed::bodies(Placed::read(other, 1)) == Placed::words(3, 4));
}

TEST_CASE("UserEvents: of two readers of one name the later one has it, and the earlier one hears of it") {
  Placed at;
  EventStream earlier = at.open();
  REQUIRE(earlier.ready().wait());
  EventStream later = at.open();
  REQUIRE(later.ready().wait());
  at.post(0, 2);
  CHECK(Placed::bodies(Placed::read(earlier, 2)) == Placed::words(0, 2));
  Result<EventBatch> refused = earlier.next(CallOptions().within(20s)).wait();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::conflict);
  CHECK(refused.error().subject() == "consumer");
  CHECK(earlier.next().wait().error().code() == Errc::conflict);
  CHECK(earlier.ready().wait().error().code() == Errc::conflict);
  CHECK(Placed::bodies(Placed::read(later, 2)) == Placed::words(0, 2));
}

TEST_CASE("UserEvents: a homeserver restored from a backup is told as missed, then what happens from now on comes") {
  Placed at;
  {
    EventStream stream = at.open();
    REQUIRE(stream.ready().wait());
    at.post(0, 10);
    CHECK(Placed::read(stream, 10).size() == 10);
    at.until_stored(stream);
  }
  at.hs.restore_backup(4);
  at.post(10, 30);  // it is past the remembered position again: only the events themselves tell
  EventStream stream = at.open();
  const auto missed = Placed::read(stream, 1);
  REQUIRE(missed.size() == 1);
  CHECK(missed[0].kind() == EventKind::missed);
  CHECK(missed[0].room_id().empty());
  at.post(30, 32);
  CHECK(Placed::bodies(Placed::read(stream, 2)) == Placed::words(30, 32));
  at.until_stored(stream);
  EventStream next = at.open();  // told once
  REQUIRE(next.ready().wait());
  at.post(32, 33);
  CHECK(Placed::bodies(Placed::read(next, 1)) == Placed::words(32, 33));
}

TEST_CASE("UserEvents: a proxy that answers in the homeserver's place says nothing about the remembered position") {
  Placed at;
  {
    EventStream stream = at.open();
    REQUIRE(stream.ready().wait());
    at.post(0, 2);
    CHECK(Placed::read(stream, 2).size() == 2);
    at.until_stored(stream);
  }
  at.hs.restore_backup(1);
  at.hs.fail_next(3, "GET", event_path, html(404));
  EventStream stream = at.open();
  REQUIRE(stream.ready(CallOptions().within(20s)).wait());
  CHECK(Placed::bodies(Placed::read(stream, 1)) == std::vector<std::string>{"missed"});
}

TEST_CASE("UserEvents: a position of another homeserver is told as missed, once it was read") {
  Placed at;
  { REQUIRE(at.open("bridge", "old.test").ready().wait()); }
  for (int i = 0; i < 2; ++i) {
    EventStream stream = at.open();
    REQUIRE(stream.ready().wait());
    CHECK(Placed::bodies(Placed::read(stream, 1)) == std::vector<std::string>{"missed"});
    // Not consumed: the next process has to hear of it, too.
  }
  EventStream stream = at.open();
  CHECK(Placed::read(stream, 1).at(0).kind() == EventKind::missed);
  at.until_stored(stream);
  EventStream next = at.open();
  REQUIRE(next.ready().wait());
  at.post(0, 1);
  CHECK(Placed::bodies(Placed::read(next, 1)) == Placed::words(0, 1));
}

TEST_CASE("UserEvents: a store that fails keeps a named stream from beginning, and never from going on") {
  Placed at;
  std::atomic<bool> broken{true};
  at.store = std::make_shared<FaultyStore>(at.store, Errc::store,
                                           [&](int) { return broken.load() ? Fault::before : Fault::none; });
  EventStream stream = at.open();
  CHECK(stream.ready().wait().error().code() == Errc::store);
  CHECK(stream.next().wait().error().code() == Errc::store);
  broken = false;
  REQUIRE(stream.ready().wait());
  broken = true;
  at.post(0, 3);
  CHECK(Placed::bodies(Placed::read(stream, 3)) == Placed::words(0, 3));
  at.post(3, 6);
  CHECK(Placed::bodies(Placed::read(stream, 3)) == Placed::words(3, 6));
  broken = false;
  at.post(6, 7);
  CHECK(Placed::bodies(Placed::read(stream, 1)) == Placed::words(6, 7));
  at.until_stored(stream);
  EventStream next = at.open();
  REQUIRE(next.ready().wait());
  at.post(7, 8);
  CHECK(Placed::bodies(Placed::read(next, 1)) == Placed::words(7, 8));
}

TEST_CASE("UserEvents: a first position that cannot be stored is told before anything is promised") {
  Placed at;
  int operations = 0;
  at.store = std::make_shared<FaultyStore>(at.store, Errc::store, [&](int n) {
    operations = n;
    return n == 2 ? Fault::before : Fault::none;  // the write after the claim's two
  });
  EventStream stream = at.open();
  CHECK(stream.ready().wait().error().code() == Errc::store);
  REQUIRE(stream.ready().wait());
  at.post(0, 1);
  CHECK(Placed::bodies(Placed::read(stream, 1)) == Placed::words(0, 1));
}

TEST_CASE("UserEvents: a stream that only waits asks the store for nothing") {
  Placed at;
  auto counting = std::make_shared<FaultyStore>(at.store, Errc::store, [](int) { return Fault::none; });
  at.store = counting;
  EventStream stream = at.open();
  REQUIRE(stream.ready().wait());
  const int before = counting->operations();
  CHECK(stream.next(CallOptions().within(200ms)).wait().error().code() == Errc::timed_out);
  REQUIRE(at.hs.wait_for(2, "GET", sync_path, 10s));
  CHECK(counting->operations() == before);
}
