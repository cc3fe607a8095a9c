#include "matrix/sync_machine.hpp"

#include <doctest/doctest.h>

#include "unit/matrix/sync_model.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

namespace {

// A conversation with gaps in two rooms, quiet rooms, and events that arrive while the machine works.
ModelServer busy_server() {
  ModelServer server;
  server.say("!a", 4);
  server.say("!b", 12);
  server.say("!a", 9);
  server.say("!c", 2);
  return server;
}
void keep_talking(Driver& driver, ModelServer& server) {
  driver.after_request = [&driver, &server] {
    if (driver.requests < 24) server.say(driver.requests % 2 == 0 ? "!a" : "!c", 2 + driver.requests % 7);
  };
}
std::set<std::string> all_of(const ModelServer& server, std::size_t from = 0) {
  std::set<std::string> ids;
  for (std::size_t n = from; n < server.size(); ++n) ids.insert("$" + std::to_string(n));
  return ids;
}

template <class Action>
Action expect(SyncMachine& machine, SyncTime now) {
  SyncAction action = machine.poll(now);
  REQUIRE(std::holds_alternative<Action>(action));
  return std::get<Action>(std::move(action));
}

SyncAnswer answer_of(const std::string& text) {
  auto answer = SyncAnswer::read(text);
  REQUIRE(answer);
  return *std::move(answer);
}

std::string event(const std::string& id, std::size_t body_bytes = 1) {
  return R"({"event_id":")" + id +
         R"(","type":"m.room.message","sender":"@a:b","origin_server_ts":1,"content":{"body":")" +
         std::string(body_bytes, 'x') + "\"}}";
}

const SyncTime t0{std::chrono::hours(1)};

}  // namespace

TEST_CASE("sync machine: everything since a position, gaps filled, in order, once") {
  ModelServer server = busy_server();
  Driver driver(server, options().since(PageToken("s0")));
  keep_talking(driver, server);
  REQUIRE(driver.run());
  CHECK(driver.delivered == all_of(server));
  CHECK(driver.gap_requests > 3);
  CHECK(driver.missed == 0);
  CHECK(driver.stored.str() == "s" + std::to_string(server.size()));
  CHECK(driver.machine().position() == driver.stored);
  CHECK(driver.waited == SyncTime::duration());
}

TEST_CASE("sync machine: replayed with every kind of failure at every step") {
  ModelServer quiet = busy_server();
  Driver counted(quiet, options().since(PageToken("s0")));
  keep_talking(counted, quiet);
  REQUIRE(counted.run());
  const int steps = counted.requests;
  REQUIRE(steps > 16);
  for (const Errc code : {Errc::unavailable, Errc::unreachable, Errc::rate_limited, Errc::timed_out,
                          Errc::outcome_unknown, Errc::protocol, Errc::session_expired, Errc::account_locked,
                          Errc::too_large, Errc::cancelled, Errc::invalid_argument, Errc::internal}) {
    for (int step = 0; step < steps; ++step) {
      for (const int times : {1, 2}) {
        CAPTURE(errc_name(code));
        CAPTURE(step);
        CAPTURE(times);
        ModelServer server = busy_server();
        Driver driver(server, options().since(PageToken("s0")));
        keep_talking(driver, server);
        driver.fail_at(step, Error(code, "injected"), times);
        REQUIRE(driver.run());
        CHECK(driver.delivered == all_of(server));
        CHECK(driver.missed == 0);
        CHECK(driver.stored.str() == "s" + std::to_string(server.size()));
      }
    }
  }
}

TEST_CASE("sync machine: a crash at any step loses nothing") {
  for (int actions = 0; actions < 60; ++actions) {
    CAPTURE(actions);
    ModelServer server = busy_server();
    Driver before(server, options().since(PageToken("s0")));
    keep_talking(before, server);
    before.run(actions);
    const PageToken stored = before.stored.empty() ? PageToken("s0") : before.stored;
    server.say("!a", 3);
    Driver after(server, options().since(stored));
    after.first_expected = static_cast<std::size_t>(std::stoul(stored.str().substr(1)));
    REQUIRE(after.run());
    std::set<std::string> both = before.delivered;
    both.insert(after.delivered.begin(), after.delivered.end());
    CHECK(both == all_of(server));
  }
}

TEST_CASE("sync machine: a first start brings no history, and all that comes after") {
  ModelServer server = busy_server();
  const std::size_t before = server.size();
  Driver driver(server, options());
  driver.first_expected = before;
  bool spoken = false;
  driver.after_request = [&] {
    if (!std::exchange(spoken, true)) server.say("!b", 9);
  };
  REQUIRE(driver.run());
  CHECK(driver.delivered == all_of(server, before));
}

TEST_CASE("sync machine: the first request asks for a position only, later ones wait") {
  SyncMachine machine(options().poll_timeout(25s));
  expect<SyncIdle>(machine, t0);
  machine.reader_asked();
  const auto first = expect<SyncPoll>(machine, t0);
  CHECK(first.since.empty());
  CHECK(first.position_only);
  CHECK(first.timeout == 0ms);
  CHECK_FALSE(first.caught_up);
  expect<SyncIdle>(machine, t0);
  machine.answered(answer_of(R"({"next_batch":"s1"})"), t0);
  CHECK(expect<SyncStore>(machine, t0).position.str() == "s1");
  const auto second = expect<SyncPoll>(machine, t0);
  CHECK(second.since.str() == "s1");
  CHECK_FALSE(second.position_only);
  CHECK(second.timeout == 25s);
  CHECK(second.caught_up);
  // After an outage much may have happened: that is asked for, and only then waited.
  machine.failed(Error(Errc::unreachable, "x"), t0);
  const auto again = expect<SyncPoll>(machine, expect<SyncWait>(machine, t0).until);
  CHECK_FALSE(again.caught_up);
  CHECK(again.timeout == 0ms);
  machine.answered(answer_of(R"({"next_batch":"s1"})"), t0);
  CHECK(expect<SyncPoll>(machine, t0).timeout == 25s);
}

TEST_CASE("sync machine: nothing is requested while the reader is behind") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.reader_withdrew();
  machine.answered(
      answer_of(R"({"next_batch":"s2","rooms":{"join":{"!a":{"timeline":{"events":[)" + event("$1") + "]}}}}}"), t0);
  expect<SyncIdle>(machine, t0);
  CHECK(machine.position().str() == "s1");
  machine.reader_asked();
  CHECK(expect<SyncDeliver>(machine, t0).batch.size() == 1);
  expect<SyncIdle>(machine, t0);
  CHECK(machine.position().str() == "s1");
  machine.acknowledged();
  CHECK(expect<SyncStore>(machine, t0).position.str() == "s2");
  expect<SyncIdle>(machine, t0);
  machine.reader_asked();
  CHECK(expect<SyncPoll>(machine, t0).since.str() == "s2");
}

TEST_CASE("sync machine: what is unread is what a reader could take, of answers that are arriving too") {
  const auto pieces = [](const std::string& events, bool limited) {
    return answer_of(R"({"next_batch":"x","rooms":{"join":{"!a":{"timeline":{"events":[)" + events + R"(],"limited":)" +
                     (limited ? "true" : "false") + R"(,"prev_batch":"p"}}}}})")
        .rooms();
  };
  SyncMachine machine(options().since(PageToken("s1")).batch_events(1));
  CHECK(machine.unread_bytes() == 0);
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.reader_withdrew();
  machine.arrived(pieces(event("$0", 5000), true).front());
  CHECK(machine.unread_bytes() == 0);
  machine.arrived(pieces(event("$1", 1000) + "," + event("$2", 1000), false).front());
  machine.arrived(pieces(event("$3", 1000), false).front());
  CHECK(machine.unread_bytes() > 3000);
  CHECK(machine.unread_bytes() < 4500);
  machine.reader_asked();
  auto batch = machine.deliver_arrived();
  REQUIRE(batch);
  CHECK(machine.unread_bytes() > 2000);
  CHECK(machine.unread_bytes() < 3500);
  machine.not_delivered(std::move(batch->batch));
  CHECK(machine.unread_bytes() > 3000);
  machine.answered(answer_of(R"({"next_batch":"s2"})"), t0);
  CHECK(machine.unread_bytes() > 8000);
  for (int i = 0; i < 3; ++i) {
    machine.reader_asked();
    CHECK(expect<SyncDeliver>(machine, t0).batch.size() == 1);
  }
  machine.reader_asked();
  expect<SyncFetchGap>(machine, t0);
  CHECK(machine.unread_bytes() > 5000);
  machine.failed(Error(Errc::forbidden, "x"), t0);
  CHECK(machine.unread_bytes() > 5000);
  // The part of an answer that failed comes again.
  SyncMachine failing(options().since(PageToken("s1")));
  failing.reader_asked();
  expect<SyncPoll>(failing, t0);
  failing.arrived(pieces(event("$1", 1000), false).front());
  CHECK(failing.unread_bytes() > 1000);
  failing.failed(Error(Errc::unavailable, "x"), t0);
  CHECK(failing.unread_bytes() == 0);
}

TEST_CASE("sync machine: a batch that did not reach the reader is given again") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.answered(answer_of(R"({"next_batch":"s2","rooms":{"join":{"!a":{"timeline":{"events":[)" + event("$1") + "," +
                             event("$2") + "]}}}}}"),
                   t0);
  auto first = expect<SyncDeliver>(machine, t0);
  machine.not_delivered(std::move(first.batch));
  machine.reader_asked();
  const auto again = expect<SyncDeliver>(machine, t0);
  REQUIRE(again.batch.size() == 2);
  CHECK(again.batch.front().event().id().str() == "$1");
  CHECK(machine.position().str() == "s1");
}

TEST_CASE("sync machine: batches are bounded in events and bytes, and never empty") {
  std::string events;
  for (int i = 0; i < 10; ++i) events += (i == 0 ? "" : ",") + event("$" + std::to_string(i), i == 4 ? 5000 : 10);
  const auto sizes = [&](SyncOptions with) {
    SyncMachine machine(std::move(with));
    machine.reader_asked();
    expect<SyncPoll>(machine, t0);
    machine.answered(
        answer_of(R"({"next_batch":"s2","rooms":{"join":{"!a":{"timeline":{"events":[)" + events + "]}}}}}"), t0);
    std::vector<std::size_t> seen;
    for (;;) {
      SyncAction action = machine.poll(t0);
      auto* batch = std::get_if<SyncDeliver>(&action);
      if (batch == nullptr) break;
      seen.push_back(batch->batch.size());
      machine.reader_asked();
    }
    return seen;
  };
  CHECK(sizes(options().since(PageToken("s1")).batch_events(4)) == std::vector<std::size_t>{4, 4, 2});
  CHECK(sizes(options().since(PageToken("s1")).batch_bytes(1000)) == std::vector<std::size_t>{4, 1, 5});
  CHECK(sizes(options().since(PageToken("s1"))) == std::vector<std::size_t>{10});
}

TEST_CASE("sync machine: a dead token is replaced and the same position asked again") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.failed(Error(Errc::session_expired, "x"), t0);
  expect<SyncRenewToken>(machine, t0);
  expect<SyncIdle>(machine, t0);
  machine.token_renewed();
  CHECK(expect<SyncPoll>(machine, t0).since.str() == "s1");
  // A new token that is dead at once is not replaced in a tight loop.
  machine.failed(Error(Errc::session_expired, "x"), t0);
  const auto wait = expect<SyncWait>(machine, t0);
  CHECK(wait.until == t0 + 100ms);
  expect<SyncRenewToken>(machine, wait.until);
  machine.token_renewed();
  expect<SyncPoll>(machine, wait.until);
  machine.failed(Error(Errc::session_expired, "x"), wait.until);
  CHECK(expect<SyncWait>(machine, wait.until).until == wait.until + 200ms);
}

TEST_CASE("sync machine: a session that cannot be renewed is told, and tried again when asked") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.failed(Error(Errc::session_expired, "x"), t0);
  expect<SyncRenewToken>(machine, t0);
  machine.failed(Error(Errc::account_deactivated, "gone"), t0);
  CHECK(expect<SyncTellReader>(machine, t0).error.code() == Errc::account_deactivated);
  expect<SyncIdle>(machine, t0);
  machine.reader_asked();
  const auto wait = expect<SyncWait>(machine, t0);
  expect<SyncRenewToken>(machine, wait.until);
  machine.token_renewed();
  expect<SyncPoll>(machine, wait.until);
}

TEST_CASE("sync machine: backoff grows, honours the server's wait, and ends with success") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  SyncTime now = t0;
  for (const auto& [error, wanted] :
       {std::pair(Error(Errc::unavailable, "x"), 100ms), std::pair(Error(Errc::unreachable, "x"), 200ms),
        std::pair(Error(Errc::rate_limited, "x").with_retry_after(7s), 7000ms),
        std::pair(Error(Errc::rate_limited, "x").with_retry_after(1ms), 800ms)}) {
    expect<SyncPoll>(machine, now);
    machine.failed(error, now);
    const auto wait = expect<SyncWait>(machine, now);
    CHECK(wait.until == now + wanted);
    REQUIRE(wait.why);
    CHECK(wait.why->code() == error.code());
    expect<SyncWait>(machine, wait.until - 1ms);
    now = wait.until;
  }
  expect<SyncPoll>(machine, now);
  machine.answered(answer_of(R"({"next_batch":"s2"})"), now);
  expect<SyncStore>(machine, now);
  expect<SyncPoll>(machine, now);
  machine.failed(Error(Errc::unavailable, "x"), now);
  CHECK(expect<SyncWait>(machine, now).until == now + 100ms);
}

TEST_CASE("sync machine: a gap that may not be read, or is too long, is marked and passed") {
  {
    ModelServer server = busy_server();
    Driver driver(server, options().since(PageToken("s0")));
    driver.fail_at(1, Error(Errc::forbidden, "left meanwhile"));
    REQUIRE(driver.run());
    CHECK(driver.missed == 1);
    CHECK(driver.delivered.contains("$" + std::to_string(server.size() - 1)));
  }
  {
    ModelServer server = busy_server();
    Driver driver(server, options().since(PageToken("s0")));
    driver.fail_at(1, Error(Errc::protocol, "never readable"), 3);
    REQUIRE(driver.run());
    CHECK(driver.missed == 1);
  }
  {
    ModelServer server;
    server.say("!a", 60);
    Driver driver(server, options().since(PageToken("s0")).gap_bounds(GapBounds().events(10)));
    REQUIRE(driver.run());
    CHECK(driver.missed == 1);
    CHECK(driver.delivered.size() >= 10);
    CHECK(driver.delivered.size() < 25);
  }
}

TEST_CASE("sync machine: a page of a proxy's in the homeserver's place never gives a gap up") {
  ModelServer server = busy_server();
  Driver driver(server, options().since(PageToken("s0")));
  driver.fail_at(1, Error(Errc::protocol, "a page of HTML").with_http_status(404), 12);
  REQUIRE(driver.run());
  CHECK(driver.missed == 0);
  CHECK(driver.delivered == all_of(server));
}

TEST_CASE("sync machine: rooms without gaps do not wait for those with") {
  ModelServer server;
  server.say("!a", 30);
  server.say("!z", 1);
  Driver driver(server, options().since(PageToken("s0")));
  REQUIRE(driver.run());
  CHECK(driver.order.front() == "$30");
}

TEST_CASE("sync machine: an answer too large is asked for in smaller pieces") {
  ModelServer server;
  server.say("!a", 40);
  Driver driver(server, options().since(PageToken("s0")));
  driver.fail_at(0, Error(Errc::too_large, "x"), 2);
  REQUIRE(driver.run());
  CHECK(driver.delivered == all_of(server));
  REQUIRE(driver.limits.size() > 2);
  CHECK(driver.limits[0] == 100);
  CHECK(driver.limits[1] == 25);
  CHECK(driver.limits[2] == 6);
}

TEST_CASE("sync machine: empty answers that come at once do not spin") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  int polls = 0;
  SyncTime now = t0;
  for (int i = 0; i < 40; ++i) {
    SyncAction action = machine.poll(now);
    if (std::holds_alternative<SyncPoll>(action)) {
      ++polls;
      machine.answered(answer_of(R"({"next_batch":"s1"})"), now);
    } else {
      REQUIRE(std::holds_alternative<SyncWait>(action));
      now = std::get<SyncWait>(action).until;
    }
  }
  CHECK(polls < 25);
  CHECK(now > t0 + 10s);
  // What the poll waited for on our side does not count.
  SyncMachine late(options().since(PageToken("s1")));
  late.reader_asked();
  int waits = 0;
  for (int i = 0; i < 10; ++i) {
    SyncAction action = late.poll(now);
    if (std::holds_alternative<SyncPoll>(action)) {
      now += 1s;
      late.poll_begins(now);
      late.answered(answer_of(R"({"next_batch":"s1"})"), now);
    } else {
      ++waits;
      now = std::get<SyncWait>(action).until;
    }
  }
  CHECK(waits > 2);
  // One that took its time is ordinary.
  SyncMachine ordinary(options().since(PageToken("s1")));
  ordinary.reader_asked();
  for (int i = 0; i < 10; ++i) {
    expect<SyncPoll>(ordinary, now);
    now += 30s;
    ordinary.answered(answer_of(R"({"next_batch":"s1"})"), now);
  }
}

TEST_CASE("sync machine: invites, ephemeral events, and events that cannot be read") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.answered(
      answer_of(R"({"next_batch":"s2","rooms":{"invite":{"!i":{"invite_state":{"events":[{"type":"m.room.name"}]}}},
    "leave":{"!l":{"timeline":{"events":[)" +
                event("$9") + R"(]}}},
    "join":{"!a":{"timeline":{"events":[{"broken":true},)" +
                event("$1") +
                R"(]},"ephemeral":{"events":[{"type":"m.typing","content":{"user_ids":["@a:b"]}},5]}}}}})"),
      t0);
  const auto given = expect<SyncDeliver>(machine, t0).batch;
  const std::vector<SyncItem> batch(given.begin(), given.end());
  REQUIRE(batch.size() == 4);
  CHECK(batch[0].kind() == SyncItem::Kind::invite);
  CHECK(batch[0].room_id().str() == "!i");
  CHECK(batch[0].document().size() == 1);
  CHECK(batch[1].event().id().str() == "$9");
  CHECK(batch[2].kind() == SyncItem::Kind::event);
  CHECK(batch[3].kind() == SyncItem::Kind::ephemeral);
  CHECK(batch[3].document()["type"].string_or("") == "m.typing");
}

namespace {
// The pieces of an answer, as they arrive before its end.
std::vector<RoomPiece> pieces_of(const std::string& rooms) {
  return answer_of(R"({"next_batch":"x","rooms":{"join":{)" + rooms + "}}}").rooms();
}
std::string room(const std::string& id, const std::string& events, bool limited = false) {
  return "\"" + id + R"(":{"timeline":{"prev_batch":"p","limited":)" + (limited ? "true" : "false") + R"(,"events":[)" +
         events + "]}}";
}
std::string ids_of(const SyncBatch& batch) {
  std::string ids;
  for (const SyncItem& item : batch) ids += item.kind() == SyncItem::Kind::event ? item.event().id().str() : "?";
  return ids;
}
}  // namespace

TEST_CASE("sync machine: what has arrived is delivered before the answer ends, and its position counts only then") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  CHECK_FALSE(machine.deliver_arrived());
  auto pieces =
      pieces_of(room("!a", event("$1")) + "," + room("!gap", event("$8"), true) + "," + room("!b", event("$2")));
  machine.arrived(std::move(pieces[0]));
  auto first = machine.deliver_arrived();
  REQUIRE(first);
  CHECK(ids_of(first->batch) == "$1");
  machine.arrived(std::move(pieces[1]));
  machine.arrived(std::move(pieces[2]));
  CHECK_FALSE(machine.deliver_arrived());  // nobody waits
  machine.reader_asked();
  CHECK(machine.position().str() == "s1");
  CHECK(ids_of(machine.deliver_arrived()->batch) == "$2");  // rooms with gaps wait for the end
  machine.acknowledged();
  CHECK(machine.position().str() == "s1");
  machine.answered(answer_of(R"({"next_batch":"s2"})"), t0);
  machine.reader_asked();
  CHECK(expect<SyncFetchGap>(machine, t0).room.str() == "!gap");
  machine.gap_page(*GetMessages::decode(parsed(R"({"chunk":[]})").root()), t0);
  CHECK(ids_of(expect<SyncDeliver>(machine, t0).batch) == "$8");
  CHECK(machine.position().str() == "s1");
  machine.reader_asked();
  CHECK(expect<SyncStore>(machine, t0).position.str() == "s2");
}

TEST_CASE("sync machine: of an answer that breaks off, nothing is missed and nothing comes twice") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  auto pieces =
      pieces_of(room("!a", event("$1")) + "," + room("!b", event("$2")) + "," + room("!c", event("$3"), true));
  for (RoomPiece& piece : pieces) machine.arrived(std::move(piece));
  CHECK(ids_of(machine.deliver_arrived()->batch) == "$1$2");
  machine.failed(Error(Errc::outcome_unknown, "cut"), t0);
  machine.reader_asked();
  const SyncTime later = expect<SyncWait>(machine, t0).until;
  CHECK(expect<SyncPoll>(machine, later).since.str() == "s1");
  machine.answered(answer_of(R"({"next_batch":"s2","rooms":{"join":{)" + room("!a", event("$1") + "," + event("$4")) +
                             "," + room("!b", event("$2")) + "," + room("!c", event("$3")) + "}}}"),
                   later);
  CHECK(ids_of(expect<SyncDeliver>(machine, later).batch) == "$4$3");
  // Pieces that come when none were asked for are of a request that was given up.
  machine.arrived(std::move(pieces_of(room("!a", event("$9")))[0]));
  machine.reader_asked();
  CHECK(expect<SyncStore>(machine, later).position.str() == "s2");
  expect<SyncPoll>(machine, later);
  CHECK_FALSE(machine.deliver_arrived());
}

namespace {
std::string named(const std::string& id, const std::string& name) {
  return R"({"event_id":")" + id + R"(","type":"m.room.member","state_key":"@a:b","sender":"@a:b",)" +
         R"("origin_server_ts":1,"content":{"membership":"join","displayname":")" + name +
         R"("},"unsigned":{"prev_content":{"membership":"join"}}})";
}
std::string names_of(const SyncBatch& batch) {
  std::string names;
  for (const SyncItem& item : batch) names += item.event().id().str() + "=" + item.sender_name() + " ";
  return names;
}
}  // namespace

TEST_CASE("sync machine: events carry what their sender was called, a new name from where it was taken") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.answered(answer_of(R"({"next_batch":"s2","rooms":{"join":{"!a":{"timeline":{"events":[)" + event("$1") + "," +
                             named("$2", "Anna") + "," + event("$3") + R"(]},"state":{"events":[)" +
                             named("$0", "Ana") + "]}}," + room("!b", event("$4")) + "}}}"),
                   t0);
  // What is known of one room says nothing about another.
  CHECK(names_of(expect<SyncDeliver>(machine, t0).batch) == "$1=Ana $2= $3=Anna $4= ");
}

TEST_CASE("sync machine: what is fetched for a gap carries names too") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.answered(answer_of(R"({"next_batch":"s2","rooms":{"join":{"!a":{"timeline":{"prev_batch":"p","limited":true,)"
                             R"("events":[)" +
                             event("$9") + R"(]},"state":{"events":[)" + named("$8", "Anna") + "]}}}}}"),
                   t0);
  const auto page = [](const std::string& events, const std::string& name, const std::string& end) {
    return *GetMessages::decode(parsed(R"({"chunk":[)" + events + R"(],"state":[)" + named("$m", name) + "]" +
                                       (end.empty() ? "" : R"(,"end":")" + end + "\"") + "}")
                                    .root());
  };
  expect<SyncFetchGap>(machine, t0);
  machine.gap_page(page(event("$5") + "," + named("$4", "Anna") + "," + event("$3"), "Anna", "q"), t0);
  expect<SyncFetchGap>(machine, t0);
  machine.gap_page(page(event("$2"), "Ana", ""), t0);
  CHECK(names_of(expect<SyncDeliver>(machine, t0).batch) == "$2=Ana $3=Ana $4= $5=Anna $9=Anna ");
}

TEST_CASE("sync machine: closing is the end, told once") {
  SyncMachine machine(options().since(PageToken("s1")));
  machine.reader_asked();
  expect<SyncPoll>(machine, t0);
  machine.close();
  expect<SyncEnd>(machine, t0);
  expect<SyncIdle>(machine, t0);
  SyncMachine other(options().since(PageToken("s1")));
  other.reader_asked();
  expect<SyncPoll>(other, t0);
  other.failed(Error(Errc::closed, "x"), t0);
  expect<SyncEnd>(other, t0);
}
