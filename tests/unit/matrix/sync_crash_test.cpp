// A named consumer whose process dies, at every step: all events come at least once, none is passed over, in order.
#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "unit/matrix/sync_model.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

namespace {

// What outlives the processes: the record in the store, and what readers have seen. `lag` writes are lost with a
// process, as of a store that is written behind the reader.
class World {
 public:
  World(ModelServer& server, std::size_t lag) : server_(server), lag_(lag) {}

  // One process: at most `actions` actions, then it dies. True: it read to the end first.
  bool live(int actions) {
    SyncMachine machine(options());
    SyncTime now{std::chrono::hours(1)};
    if (record_) {
      const auto position = SyncPosition::read(parsed(*record_).root());
      REQUIRE(position);
      machine.resume(*position);
    }
    std::map<std::string, int> newest;  // of this process, in each room
    std::deque<std::string> unwritten;
    machine.reader_asked();
    for (; actions > 0; --actions) {
      SyncAction action = machine.poll(now);
      if (auto* poll = std::get_if<SyncPoll>(&action)) {
        if (poll->since.str() == "s" + std::to_string(server_.size()) && said_ >= script_.size()) return true;
        machine.answered(server_.sync(poll->since, poll->position_only ? 1 : 4), now);
        // The conversation goes on while they live and die.
        if (said_ < script_.size()) {
          server_.say(std::string("!") + script_[said_], 1 + static_cast<int>(said_ % 6));
          ++said_;
        }
      } else if (auto* gap = std::get_if<SyncFetchGap>(&action)) {
        machine.gap_page(server_.messages(*gap), now);
      } else if (auto* confirm = std::get_if<SyncConfirm>(&action)) {
        REQUIRE(server_.knows(confirm->room, confirm->event));
        machine.confirmed(SyncConfirmation::there);
      } else if (auto* batch = std::get_if<SyncDeliver>(&action)) {
        for (const SyncItem& item : batch->batch) see(item, newest);
        machine.reader_asked();
      } else if (std::holds_alternative<SyncStore>(action)) {
        json::Writer w;
        w.object();
        machine.snapshot().write(w);
        unwritten.push_back(std::move(w).finish());
        // A first position is written before anything else happens.
        while (unwritten.size() > (record_ ? lag_ : 0)) {
          if (!record_) first_ = server_number(machine.position());
          record_ = unwritten.front();
          unwritten.pop_front();
        }
      } else {
        FAIL("nothing fails here, so nothing is waited for");
      }
    }
    return false;
  }
  void check_all() const {
    for (std::size_t n = first_; n < server_.size(); ++n) {
      CAPTURE(n);
      CHECK(seen_.contains(n));
    }
  }
  [[nodiscard]] std::size_t repeated() const { return repeated_; }

 private:
  static std::size_t server_number(const PageToken& token) {
    return static_cast<std::size_t>(std::stoul(token.str().substr(1)));
  }
  void see(const SyncItem& item, std::map<std::string, int>& newest) {
    REQUIRE(item.kind() == SyncItem::Kind::event);
    const int n = std::stoi(item.event().id().str().substr(1));
    const std::string& room = item.room_id().str();
    CAPTURE(n);
    CHECK(static_cast<std::size_t>(n) >= first_);
    const auto [last, fresh] = newest.try_emplace(room, -1);
    CHECK(n > last->second);
    last->second = n;
    // Nothing older of the room is still unseen: no process passes over what another one has not delivered.
    for (std::size_t older = first_; older < static_cast<std::size_t>(n); ++older) {
      if (server_.room_of(older) == room) CHECK(seen_.contains(older));
    }
    if (!seen_.insert(static_cast<std::size_t>(n)).second) ++repeated_;
  }

  ModelServer& server_;
  std::size_t lag_;
  std::size_t first_ = 0;  // from the first remembered position on everything is promised
  std::string script_ = "abacabbacccab";
  std::size_t said_ = 0;
  std::optional<std::string> record_;
  std::set<std::size_t> seen_;
  std::size_t repeated_ = 0;
};

ModelServer with_history() {
  ModelServer server;
  server.say("!a", 5);
  server.say("!b", 3);
  return server;
}

}  // namespace

TEST_CASE("sync machine: a named consumer that dies after any action misses nothing, and passes over nothing") {
  std::size_t repeated = 0;
  for (std::size_t lag = 0; lag < 3; ++lag) {
    for (int first = 1; first < 70; ++first) {
      for (const int second : {1, 2, 3, 7, 20}) {
        CAPTURE(lag);
        CAPTURE(first);
        CAPTURE(second);
        ModelServer server = with_history();
        World world(server, lag);
        // Both kinds of death: once in the middle, and over and over, a little later each time.
        bool done = world.live(first);
        for (int life = second; !done && life < 200; ++life) done = world.live(life);
        REQUIRE(done);
        world.check_all();
        repeated += world.repeated();
      }
    }
  }
  CHECK(repeated > 0);  // at least once is not at most once: these deaths did hit unconsumed batches
}

TEST_CASE("sync machine: a named consumer goes on where the last consumed batch ended, without a repeat") {
  ModelServer server = with_history();
  Driver before(server, options().since(PageToken("s0")));
  REQUIRE(before.run());
  server.say("!a", 12);
  Driver after(server, options());
  after.machine().resume(*SyncPosition::read(parsed(before.record).root()));
  after.first_expected = 8;
  REQUIRE(after.run());
  CHECK(after.confirmations == 1);
  CHECK(after.delivered.size() == 12);
  CHECK(after.missed == 0);
}

TEST_CASE("sync machine: a place that the homeserver does not know any more is told, whatever happened to it since") {
  for (const std::size_t said_since : {0U, 1U, 5U, 40U}) {
    CAPTURE(said_since);
    ModelServer server = with_history();
    Driver before(server, options().since(PageToken("s0")));
    REQUIRE(before.run());
    server.restore(6);
    server.say("!b", static_cast<int>(said_since));
    const std::size_t now = server.size();
    Driver after(server, options());
    after.machine().resume(*SyncPosition::read(parsed(before.record).root()));
    after.first_expected = now;
    bool spoken = false;
    after.after_request = [&] {
      if (!std::exchange(spoken, true)) server.say("!a", 2);
    };
    REQUIRE(after.run());
    CHECK(after.missed == 1);
    CHECK(after.lossy_rooms.contains(""));  // of all rooms
    CHECK(after.delivered == std::set<std::string>{server.id_of(now), server.id_of(now + 1)});
    CHECK(after.stored.str() == "s" + std::to_string(server.size()));
  }
}

TEST_CASE("sync machine: a resync that was not read is done again by the next process") {
  ModelServer server = with_history();
  Driver before(server, options().since(PageToken("s0")));
  REQUIRE(before.run());
  server.restore(2);
  SyncMachine machine(options());
  machine.resume(*SyncPosition::read(parsed(before.record).root()));
  machine.reader_asked();
  const SyncTime now{std::chrono::hours(1)};
  REQUIRE(std::holds_alternative<SyncConfirm>(machine.poll(now)));
  machine.confirmed(SyncConfirmation::missing);
  SyncAction action = machine.poll(now);
  REQUIRE(std::holds_alternative<SyncPoll>(action));
  CHECK(std::get<SyncPoll>(action).position_only);
  machine.answered(server.sync(PageToken(), 1), now);
  CHECK(machine.is_live());
  action = machine.poll(now);
  REQUIRE(std::holds_alternative<SyncDeliver>(action));
  CHECK(std::get<SyncDeliver>(action).batch.front().kind() == SyncItem::Kind::missed);
  // Not consumed yet: nothing new is to be remembered.
  CHECK(std::holds_alternative<SyncIdle>(machine.poll(now)));
  machine.acknowledged();
  action = machine.poll(now);
  REQUIRE(std::holds_alternative<SyncStore>(action));
  CHECK(std::get<SyncStore>(action).position.str() == "s2");
}

TEST_CASE("sync machine: a homeserver that goes back while it is read is noticed, and not asked in a loop") {
  ModelServer server = with_history();
  Driver driver(server, options().since(PageToken("s0")));
  driver.first_expected = 0;
  bool restored = false;
  driver.after_request = [&] {
    if (driver.requests < 5 || std::exchange(restored, true)) return;
    server.restore(4);
    driver.first_expected = 4;
  };
  driver.machine().reader_asked();
  for (int i = 0; i < 60; ++i) {
    SyncAction action = driver.machine().poll(driver.now());
    if (std::holds_alternative<SyncIdle>(action)) break;
    driver.perform(action);
  }
  CHECK(restored);
  CHECK(driver.missed == 1);
  CHECK(driver.waited > SyncTime::duration());
}

TEST_CASE("sync machine: of anchors whose rooms are gone the next decides; where all are, it is another homeserver") {
  SyncAnchors anchors;
  anchors.note(SyncAnchor(MatrixRoomId("!left"), EventId("$1"), 2));
  anchors.note(SyncAnchor(MatrixRoomId("!a"), EventId("$2"), 1));
  const SyncTime now{std::chrono::hours(1)};
  const auto begin = [&](SyncMachine& machine) {
    machine.resume(SyncPosition(PageToken("s5")).anchors(anchors));
    CHECK_FALSE(machine.is_live());
    machine.prepare(true);
    SyncAction action = machine.poll(now);
    REQUIRE(std::holds_alternative<SyncConfirm>(action));
    CHECK(std::get<SyncConfirm>(action).room.str() == "!left");
    machine.confirmed(SyncConfirmation::room_gone);
    action = machine.poll(now);
    REQUIRE(std::holds_alternative<SyncConfirm>(action));
    CHECK(std::get<SyncConfirm>(action).event.str() == "$2");
  };
  SyncMachine known(options());
  begin(known);
  known.confirmed(SyncConfirmation::there);
  CHECK(known.is_live());
  CHECK(std::holds_alternative<SyncIdle>(known.poll(now)));  // prepared, and nobody asked for events
  CHECK(known.position().str() == "s5");
  SyncMachine unknown(options());
  begin(unknown);
  unknown.confirmed(SyncConfirmation::room_gone);
  CHECK_FALSE(unknown.is_live());
  CHECK(std::holds_alternative<SyncPoll>(unknown.poll(now)));
}

TEST_CASE("sync machine: a first place is taken without a reader, and told only when it is there") {
  ModelServer server = with_history();
  const SyncTime now{std::chrono::hours(1)};
  SyncMachine machine(options());
  CHECK_FALSE(machine.is_live());
  machine.prepare(true);
  REQUIRE(std::holds_alternative<SyncPoll>(machine.poll(now)));
  machine.failed(Error(Errc::unreachable, "x"), now);
  SyncAction waiting = machine.poll(now);
  REQUIRE(std::holds_alternative<SyncWait>(waiting));
  CHECK_FALSE(machine.is_live());
  const SyncTime later = std::get<SyncWait>(waiting).until;
  machine.prepare(false);
  CHECK(std::holds_alternative<SyncIdle>(machine.poll(later)));  // nobody wants it any more
  machine.prepare(true);
  REQUIRE(std::holds_alternative<SyncPoll>(machine.poll(later)));
  machine.answered(server.sync(PageToken(), 1), later);
  CHECK(machine.is_live());
  REQUIRE(std::holds_alternative<SyncStore>(machine.poll(later)));
  CHECK(std::holds_alternative<SyncIdle>(machine.poll(later)));
}
