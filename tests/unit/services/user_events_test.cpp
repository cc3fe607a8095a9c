#include "services/user_events.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "unit/services/in_room.hpp"

using namespace std::chrono_literals;
using namespace confab;
using namespace confab::test;

namespace {

struct Watching : InRoom {
  explicit Watching(unsigned loops = 1) : InRoom(loops), stream(open()) {}

  EventStream open() {
    return EventStream(services::UserEvents::open(
        runtime.core(), tokens, ben, std::make_shared<const std::string>("tenant"), messages->encryption()));
  }
  // Events are told from the first next() on: one that waits shows that the position is taken.
  void begin() {
    first.start(stream.next());
    REQUIRE(hs.wait_for(2, "GET", sync_path, 10s));
  }
  void post(const std::string& body) { hs.post(room.str(), ana.str(), body); }
  [[nodiscard]] std::size_t syncs() const { return hs.count("GET", sync_path); }
  // Whatever the loop still had to do is done: requests of others have come and gone on it.
  void settle() {
    for (int i = 0; i < 20; ++i) REQUIRE(whoami(ana, CallOptions(), ben.str()).wait());
  }
  void take(const Result<EventBatch>& batch) {
    if (!batch) return;
    for (const ChatEvent& event : *batch) {
      if (!event.message()) continue;
      bodies.push_back(event.message()->body());
      names.insert(event.message()->sender_name());
    }
  }
  // Reads until so many messages have come.
  bool read(std::size_t count, std::chrono::nanoseconds each = 2s) {
    const auto until = net::Clock::now() + 60s;
    if (first.ended() == 0 || !first_taken) {
      for (const auto& batch : first.all()) take(batch);
      first_taken = true;
    }
    while (bodies.size() < count && net::Clock::now() < until) {
      const Result<EventBatch> batch = stream.next(CallOptions().within(each)).wait();
      if (!batch && batch.error().code() != Errc::timed_out) last_error = batch.error();
      take(batch);
    }
    return bodies.size() >= count;
  }
  static std::vector<std::string> numbered(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) all.push_back("word " + std::to_string(i));
    return all;
  }

  EventStream stream;
  Together<EventBatch> first;
  bool first_taken = false;
  std::vector<std::string> bodies;
  std::set<std::string> names;
  std::optional<Error> last_error;
};

}  // namespace

TEST_CASE("UserEvents: what happens from the first next() on comes once, in order, and nothing from before") {
  Watching at;
  at.post("from before");
  at.begin();
  for (const auto& body : Watching::numbered(20)) at.post(body);
  REQUIRE(at.read(20));
  CHECK(at.bodies == Watching::numbered(20));
}

TEST_CASE("UserEvents: a room that becomes encrypted takes no plain text from the moment at which a stream tells") {
  Watching at;
  at.begin();
  const auto switched_on = [&at](std::optional<std::string> state_key) {
    TestJson content;
    content.set("algorithm", "m.megolm.v1.aes-sha2");
    const EventId id(at.hs.post_event(at.room.str(), at.ana.str(), "m.room.encryption", content, std::move(state_key)));
    for (bool told = false; !told;) {
      const Result<EventBatch> batch = at.stream.next().wait();
      REQUIRE(batch);
      for (const ChatEvent& event : *batch) told = told || event.id() == id;
    }
    at.hs.forget_requests();
  };
  at.post("first");
  REQUIRE(at.read(1));
  // What is no state of the room says nothing about it.
  switched_on(std::nullopt);
  switched_on("elsewhere");
  CHECK(at.send(at.message("open", "t1")).wait());
  CHECK(at.own_requests() == 1);
  switched_on("");
  const auto refused = at.send(at.message("secret", "t2")).wait();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::encrypted_room);
  CHECK(at.own_requests() == 0);  // it need not be asked
  // The homeserver was asked just before, and its answer comes late: it does not count.
  at.messages->encryption()->note(at.room, false, std::chrono::steady_clock::now());
  CHECK_FALSE(at.send(at.message("secret", "t3")).wait());
  CHECK(at.posted("secret") == 0);
}

TEST_CASE("UserEvents: no two streams ask for their place in the same words") {
  // A homeserver that remembers its answers would give the second one the place of the first.
  Watching at;
  EventStream other = at.open();
  REQUIRE(at.stream.ready().wait());
  REQUIRE(other.ready().wait());
  const auto asked = at.hs.requests("GET", sync_path);
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].parameter("filter") != asked[1].parameter("filter"));
}

TEST_CASE("UserEvents: each event once and in order, whatever the homeserver does in between") {
  Watching at(2);
  at.begin();
  const std::vector<std::function<void()>> troubles = {
      [&] { at.hs.drop_connections(); },
      [&] { at.hs.fail_next(2, "GET", sync_path, html(500)); },
      [&] { at.hs.fail_next(1, "GET", sync_path, Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "1")); },
      [&] { at.hs.kill_token(at.ben.str()); },
      [&] { at.hs.fail_next(1, "GET", sync_path, Answer::real().cut_after(20)); },
      [&] { at.hs.restart(); },
      [&] { at.hs.kill_all_tokens(); },
      [&] { at.hs.fail_next(1, "GET", sync_path, Answer(200, "<html>")); },
      [&] { at.hs.expire_token(at.ben.str()); },
      [&] { at.hs.fail_next(1, "GET", sync_path, Answer::real().close_before_answer()); },
  };
  std::size_t posted = 0;
  for (const auto& trouble : troubles) {
    at.post("word " + std::to_string(posted++));
    trouble();
    at.post("word " + std::to_string(posted++));
    at.post("word " + std::to_string(posted++));
    REQUIRE(at.read(posted));
  }
  CHECK(at.bodies == Watching::numbered(static_cast<int>(posted)));
  CHECK_FALSE(at.last_error.has_value());
}

TEST_CASE(
    "UserEvents: a token that dies under a held poll ends it early, and what happens until it is healed comes once") {
  // The poll is held like any other, but it is known when.
  std::promise<void> held;
  std::atomic<bool> dead = false;
  Watching at;
  at.hs.on("GET", sync_path)
      .pass(1)
      .then([&](const Request& request) {
        const std::string empty = R"({"next_batch":")" + request.parameter("since").value() + R"("})";
        held.set_value();
        return Answer::when(
            [&dead, empty](bool over) { return over || dead ? std::optional(Answer(200, empty)) : std::nullopt; }, 30s);
      })
      .times(1);
  at.begin();
  REQUIRE(held.get_future().wait_for(20s) == std::future_status::ready);
  const std::size_t mints = at.mints();
  // Between the death and the new token.
  at.hs.on("POST", login_as_path)
      .then([&at](const Request& /*request*/) {
        at.post("word 0");
        return Answer::real();
      })
      .times(1);
  dead = true;
  at.hs.kill_token(at.ben.str());
  REQUIRE(at.read(1));
  at.post("word 1");
  REQUIRE(at.read(2));
  CHECK(at.bodies == Watching::numbered(2));
  CHECK_FALSE(at.last_error.has_value());
  CHECK(at.mints() == mints + 1);
  const auto asked = at.hs.requests("GET", sync_path);
  REQUIRE(asked.size() >= 4);
  // The poll was answered well: the next one was sent by the same token, and is the one that was refused and repeated.
  CHECK(asked[2].token() == asked[1].token());
  CHECK(asked[3].token() != asked[2].token());
  CHECK(asked[3].target == asked[2].target);
}

TEST_CASE("UserEvents: an outage is waited through, and nothing of it is missed") {
  Watching at;
  at.begin();
  at.hs.go_away();
  for (const auto& body : Watching::numbered(5)) at.post(body);
  CHECK(at.stream.next(CallOptions().within(10ms)).wait().error().code() == Errc::busy);
  at.hs.come_back();
  REQUIRE(at.read(5));
  CHECK(at.bodies == Watching::numbered(5));
}

TEST_CASE("UserEvents: more than one answer holds is fetched in between") {
  Watching at;
  at.begin();
  at.post("word 0");
  REQUIRE(at.read(1));
  // The reader is busy meanwhile: nothing is requested, so that all of this is one limited answer.
  for (int i = 1; i < 350; ++i) at.post("word " + std::to_string(i));
  REQUIRE(at.read(350));
  CHECK(at.bodies == Watching::numbered(350));
  CHECK(at.names == std::set<std::string>{"ana"});
  CHECK(at.hs.count("GET", messages_path) > 0);
}

TEST_CASE("UserEvents: a slow reader requests nothing new, and an ack alone neither") {
  Watching at;
  at.begin();
  at.post("word 0");
  REQUIRE(at.read(1));
  at.settle();
  const std::size_t before = at.syncs();
  at.post("word 1");
  at.post("word 2");
  at.settle();
  CHECK(at.syncs() == before);
  at.stream.ack();
  at.settle();
  CHECK(at.syncs() == before);
  REQUIRE(at.read(3));
  CHECK(at.bodies == Watching::numbered(3));
}

TEST_CASE("UserEvents: a next() that is out of time or cancelled loses nothing") {
  Watching at;
  REQUIRE(at.stream.ready().wait());
  CHECK(at.stream.next(CallOptions().within(100ms)).wait().error().code() == Errc::timed_out);
  REQUIRE(at.hs.wait_for(2, "GET", sync_path, 10s));
  at.first_taken = true;
  for (const auto& body : Watching::numbered(100)) {
    at.post(body);
    at.take(at.stream.next(CallOptions().within(300us)).wait());
    Together<EventBatch> cancelled;
    cancelled.start(at.stream.next()).cancel();
    for (const auto& batch : cancelled.all()) at.take(batch);
  }
  REQUIRE(at.read(100));
  CHECK(at.bodies == Watching::numbered(100));
}

TEST_CASE("UserEvents: a second next() is refused while one is outstanding") {
  Watching at;
  at.begin();
  CHECK(at.stream.next().wait().error().code() == Errc::busy);
  at.post("word 0");
  REQUIRE(at.read(1));
}

TEST_CASE("UserEvents: close() ends the outstanding next(), the long poll, and every later next()") {
  Watching at;
  at.begin();
  at.settle();
  const std::size_t open = at.hs.connections();
  at.stream.close();
  CHECK(at.first.all().at(0).error().code() == Errc::closed);
  CHECK(at.stream.next().wait().error().code() == Errc::closed);
  const auto until = net::Clock::now() + 10s;
  while (at.hs.connections() >= open && net::Clock::now() < until) at.settle();
  CHECK(at.hs.connections() < open);
}

TEST_CASE("UserEvents: close() in the middle of waiting for a failing homeserver") {
  Watching at;
  at.begin();
  at.hs.go_away();
  at.stream.close();
  CHECK(at.first.all().at(0).error().code() == Errc::closed);
}

TEST_CASE("UserEvents: the last copy that goes away ends the outstanding next()") {
  Watching at;
  Together<EventBatch> calls;
  {
    EventStream other = at.open();
    calls.start(other.next());
  }
  CHECK(calls.all().at(0).error().code() == Errc::closed);
}

TEST_CASE("UserEvents: the end of the Runtime ends the outstanding next(), and a stream may outlive it") {
  std::optional<EventStream> stream;
  Together<EventBatch> calls;
  {
    InRoom at(2);
    stream.emplace(services::UserEvents::open(at.runtime.core(), at.tokens, at.ben,
                                              std::make_shared<const std::string>(), at.messages->encryption()));
    calls.start(stream->next());
    REQUIRE(at.hs.wait_for(2, "GET", sync_path, 10s));
  }
  CHECK(calls.all().at(0).error().code() == Errc::closed);
  CHECK(stream->next().wait().error().code() == Errc::closed);
  stream->ack();
  stream->close();
}

namespace {
std::string two_rooms(const std::string& room, bool again) {
  const auto message = [](const char* id, const char* body) {
    return std::string(R"({"event_id":")") + id + R"(","type":"m.room.message","sender":"@ana:hs.test",)" +
           R"("origin_server_ts":1,"content":{"msgtype":"m.text","body":")" + body + "\"}}";
  };
  const auto part = [](const std::string& id, const std::string& events) {
    return "\"" + id + R"(":{"timeline":{"limited":false,"prev_batch":"p","events":[)" + events + "]}}";
  };
  const std::string first = message("$w0", "word 0") + (again ? "," + message("$w1", "word 1") : "");
  return R"({"rooms":{"join":{)" + part(room, first) + "," + part("!other:hs.test", message("$w2", "word 2")) +
         R"(}},"next_batch":"s999"})";
}
}  // namespace

TEST_CASE("UserEvents: a room is delivered as soon as it has arrived, before its answer ends") {
  Watching at;
  at.begin();
  const std::string body = two_rooms(at.room.str(), false);
  const std::size_t second_room = body.find("!other");
  at.post("before");
  REQUIRE(at.read(1));  // nobody reads now, so nothing is requested
  // The rest would come after a minute.
  at.hs.fail_next(1, "GET", sync_path, Answer(200, body).drip(second_room, 60s));
  REQUIRE(at.read(2, 30s));
  CHECK(at.bodies == std::vector<std::string>{"before", "word 0"});
  CHECK(at.syncs() == 3);
  at.stream.close();
}

namespace {
// So many rooms with one message of 100 KB each, and where the homeserver goes on after it.
std::string many_rooms(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    all += (i == 0 ? "" : ",") + ("\"!r" + number + R"(:hs.test":{"timeline":{"limited":false,"prev_batch":"p",)") +
           R"("events":[{"event_id":"$w)" + number +
           R"(","type":"m.room.message","sender":"@ana:hs.test","origin_server_ts":1,"content":)" +
           R"({"msgtype":"m.text","body":"word )" + number + R"(","padding":")" + std::string(100'000, '.') +
           R"("}}]}})";
  }
  return R"({"rooms":{"join":{)" + all + R"(}},"next_batch":"s999"})";
}
}  // namespace

TEST_CASE("UserEvents: an answer is held up while its reader is behind, and comes whole when it reads on") {
  constexpr int rooms = 200;
  Watching at;
  at.begin();
  at.post("before");
  REQUIRE(at.read(1));
  at.bodies.clear();
  const std::size_t open = at.hs.connections();
  at.hs.fail_next(1, "GET", sync_path, Answer(200, many_rooms(rooms)).close_afterwards());
  REQUIRE(at.read(1));
  const std::size_t before = at.syncs();
  // Were it not held up, the homeserver would soon have written all of it, and closed.
  CHECK_FALSE(at.hs.wait_connections(open - 1, 1s));
  CHECK(at.bodies.size() < rooms / 10);
  REQUIRE(at.read(rooms));
  CHECK(at.syncs() == before);
  CHECK(at.bodies == Watching::numbered(rooms));
  // The place is behind all of it.
  at.first_taken = true;
  Together<EventBatch> next;
  next.start(at.stream.next());
  REQUIRE(at.hs.wait_for(before + 1, "GET", sync_path, 10s));
  CHECK(at.hs.requests("GET", sync_path).back().parameter("since") == "s999");
  at.stream.close();
}

TEST_CASE("UserEvents: what was taken of an answer that broke off does not come again, and the rest does") {
  Watching at;
  at.begin();
  const std::string broken = two_rooms(at.room.str(), false);
  at.post("before");
  REQUIRE(at.read(1));
  at.hs.fail_next(1, "GET", sync_path, Answer(200, broken).cut_after(broken.find("!other")));
  REQUIRE(at.read(2));
  at.hs.fail_next(1, "GET", sync_path, Answer(200, two_rooms(at.room.str(), true)));
  REQUIRE(at.read(4));
  CHECK(at.bodies == std::vector<std::string>{"before", "word 0", "word 1", "word 2"});
  // Both times from where the reader was.
  const auto asked = at.hs.requests("GET", sync_path);
  REQUIRE(asked.size() >= 4);
  CHECK(asked[2].parameter("since") == asked[3].parameter("since"));
}

TEST_CASE("UserEvents: a locked user is told to the reader, and the stream lives on") {
  Watching at;
  at.begin();
  at.hs.lock_user(at.ben.str(), true);
  at.post("word 0");
  // The poll that runs may still end with what it has; the next one is refused.
  const Result<EventBatch> answer = at.first.all().at(0);
  at.first_taken = true;
  at.take(answer);
  Result<EventBatch> refused = answer;
  if (answer) refused = at.stream.next(CallOptions().within(20s)).wait();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == Errc::account_locked);
  const std::size_t mints = at.mints();
  at.hs.lock_user(at.ben.str(), false);
  at.post("word 1");
  REQUIRE(at.read(2));
  CHECK(at.bodies == Watching::numbered(2));
  CHECK(at.mints() == mints);
}

TEST_CASE("UserEvents: memberships and invitations are events of their own kind") {
  Watching at;
  at.begin();
  const MatrixUserId cat = at.add("cat");
  REQUIRE(at.join(at.room, cat).wait());
  std::vector<ChatEvent> events;
  for (const auto& batch : at.first.all()) events.insert(events.end(), batch->begin(), batch->end());
  const auto until = net::Clock::now() + 20s;
  const auto joined = [&] {
    return std::any_of(events.begin(), events.end(), [&](const ChatEvent& event) {
      return event.kind() == EventKind::membership && event.user() == cat && event.membership() == "join" &&
             !event.id().empty();
    });
  };
  while (!joined() && net::Clock::now() < until) {
    const auto batch = at.stream.next(CallOptions().within(2s)).wait();
    if (batch) events.insert(events.end(), batch->begin(), batch->end());
  }
  CHECK(joined());
}

TEST_CASE("UserEvents: a new room of the user's comes with what is said in it") {
  Watching at;
  at.begin();
  const MatrixRoomId other = at.ensure_room(ProviderRoomRequest("other", at.ana)).wait().value();
  REQUIRE(at.join(other, at.ana).wait());
  REQUIRE(at.join(other, at.ben).wait());
  REQUIRE(at.send(ProviderMessage(other, at.ana, "word 0", TransactionId("t1"))).wait());
  REQUIRE(at.read(1));
  CHECK(at.bodies == Watching::numbered(1));
}
