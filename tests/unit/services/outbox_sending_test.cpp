#include "services/outbox_sending.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

using namespace confab;
using namespace confab::services;
using namespace std::chrono_literals;
using Outcome = store::LeaseMachine::Outcome;
using Step = OutboxSending::Step;
using Time = OutboxSending::Time;

namespace {

const OutboxLane& ana_at_picnic() {
  static const OutboxLane lane("park", "ana", "event:picnic");
  return lane;
}
net::RandomSource no_luck() {
  return [] { return std::uint64_t{0}; };
}

// What may go wrong at one step of one process.
enum class Blow {
  none,
  before,      // it is not done, and told as failed
  after,       // it is done, and told as failed
  die_before,  // the process is gone, and the step was not done
  die_after,   // the process is gone, and the step was done
  stolen,      // somebody else has taken the lease over
};

// A store, a homeserver that remembers no transaction ids, and one process after the other.
class World {
 public:
  explicit World(int messages) {
    for (int i = 1; i <= messages; ++i) {
      OutboxEntry entry(ana_at_picnic(), TransactionId("m" + std::to_string(i)), "{}", wall());
      entry.at("outbox/waiting/park/x/00000000000" + std::to_string(i), static_cast<StoreVersion>(i));
      waiting.push_back(entry);
    }
  }
  // Until nothing waits. The blow falls on the n-th step of the first process.
  void run(int fatal_step, Blow blow) {
    int step = 0;
    for (int process = 0; process < 10 && !waiting.empty(); ++process) live(step, fatal_step, blow);
  }

  std::vector<OutboxEntry> waiting;
  std::vector<std::string> room;
  std::vector<std::string> dead;
  int steps = 0;
  Result<EventId> answer = EventId("$none");  // an error: what each attempt ends with

 private:
  [[nodiscard]] OutboxEntry::Time wall() const { return OutboxEntry::Time(1'000'000s) + now_.time_since_epoch(); }
  [[nodiscard]] static Error broken() { return Error(Errc::store, "made to fail").with_retriable(true); }

  // The version of the entry, if it is still as it was read.
  [[nodiscard]] std::optional<std::size_t> find(const OutboxEntry& entry) const {
    for (std::size_t i = 0; i < waiting.size(); ++i)
      if (waiting[i].key() == entry.key() && waiting[i].version() == entry.version()) return i;
    return std::nullopt;
  }

  // Does what the step is about, under the fence of who does it.
  Result<StoreVersion> write(const OutboxSending& sending, StoreVersion fence) {
    const Error conflict(Errc::conflict, "somebody was faster");
    const std::optional<std::size_t> at = find(sending.entry());
    if (fence != fence_ || !at) return conflict;
    if (sending.step() == Step::note) {
      waiting[*at].tried(wall()).at(waiting[*at].key(), ++version_);
      return version_;
    }
    if (sending.step() == Step::bury) dead.push_back(waiting[*at].id().str());
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(*at));
    return version_;
  }
  Result<EventId> send(const OutboxSending& sending) {
    if (!answer) return answer;
    const std::string& id = sending.entry().id().str();
    // The store says that it may be there before it can be.
    const auto noted =
        std::find_if(waiting.begin(), waiting.end(), [&](const OutboxEntry& entry) { return entry.id().str() == id; });
    CHECK(noted != waiting.end());
    CHECK(noted->tried().has_value());
    if (sending.repeated() && std::find(room.begin(), room.end(), id) != room.end()) return EventId("$" + id);
    room.push_back(id);
    return EventId("$" + id);
  }

  void live(int& step, int fatal_step, Blow blow) {
    OutboxSending sending(no_luck());
    ++fence_;
    StoreVersion fence = fence_;
    for (int guard = 0; guard < 300; ++guard, ++step) {
      steps = std::max(steps, step);
      now_ += 10ms;
      const Step doing = sending.step();
      if (doing == Step::end) return;
      const Blow now = step == fatal_step ? blow : Blow::none;
      if (now == Blow::die_before || now == Blow::die_after) ++step;  // it falls once
      if (now == Blow::die_before) return;
      if (now == Blow::stolen) ++fence_;
      const bool done = now != Blow::before;
      const bool told = now != Blow::before && now != Blow::after;
      switch (doing) {
        case Step::lease:
          if (fence != fence_) fence = ++fence_;  // taken again after the other one has gone
          sending.leased(told ? Outcome::held : Outcome::failed, OutboxSending::Held(fence, now_ + 15s, now_ + 5s),
                         now_);
          break;
        case Step::wait:
          now_ = std::max(now_, sending.at());
          sending.waited();
          break;
        case Step::read: {
          std::vector<OutboxEntry> page(waiting.begin(),
                                        waiting.begin() + std::min<std::ptrdiff_t>(2, std::ssize(waiting)));
          sending.read(told ? Result<std::vector<OutboxEntry>>(page) : broken(), now_);
          break;
        }
        case Step::note: {
          Result<StoreVersion> written = broken();
          if (done) written = write(sending, fence);
          if (now == Blow::die_after) return;
          sending.noted(told ? written : broken(), wall(), now_);
          break;
        }
        case Step::send: {
          CHECK(sending.at() <= now_ + 15s);
          Result<EventId> sent = Error(Errc::outcome_unknown, "cut");
          if (done) sent = send(sending);
          if (now == Blow::die_after) return;
          sending.sent(told ? sent : Result<EventId>(Error(Errc::outcome_unknown, "cut")), wall(), now_);
          break;
        }
        case Step::settle:
        case Step::bury: {
          Result<StoreVersion> written = broken();
          if (done) written = write(sending, fence);
          if (now == Blow::die_after) return;
          Result<void> ended = told && written ? Result<void>() : (told ? written.error() : broken());
          sending.settled(ended, now_);
          break;
        }
        case Step::leave:
          sending.left(told && waiting.empty() ? Result<void>() : Error(Errc::conflict, "something was accepted"),
                       now_);
          break;
        case Step::let_go:
          sending.let_go();
          break;
        case Step::end:
          return;
      }
    }
    FAIL("it does not come to an end");
  }

  Time now_{std::chrono::hours(1)};
  StoreVersion fence_ = 1;
  StoreVersion version_ = 100;
};

}  // namespace

TEST_CASE("OutboxSending: each message is in the room once and in order, whatever breaks or dies at whichever step") {
  const std::vector<std::string> all = {"m1", "m2", "m3", "m4", "m5"};
  World undisturbed(5);
  undisturbed.run(-1, Blow::none);
  CHECK(undisturbed.room == all);
  REQUIRE(undisturbed.steps > 15);
  for (const Blow blow : {Blow::before, Blow::after, Blow::die_before, Blow::die_after, Blow::stolen}) {
    for (int step = 0; step <= undisturbed.steps; ++step) {
      CAPTURE(static_cast<int>(blow));
      CAPTURE(step);
      World world(5);
      world.run(step, blow);
      CHECK(world.room == all);
      CHECK(world.waiting.empty());
      CHECK(world.dead.empty());
    }
  }
}

TEST_CASE("OutboxSending: a message that cannot be sent is given up, and the next one goes out") {
  World world(2);
  world.answer = Error(Errc::forbidden, "not in the room");
  world.run(-1, Blow::none);
  CHECK(world.dead == std::vector<std::string>{"m1", "m2"});
  CHECK(world.room.empty());
}

namespace {

// At the step `send` of its first entry.
struct Sending {
  explicit Sending(bool tried = false) {
    OutboxEntry entry(ana_at_picnic(), TransactionId("m"), "{}", wall);
    if (tried) entry.tried(wall);
    entry.at("outbox/waiting/park/x/000000000001", 1);
    hold();
    machine.read(std::vector<OutboxEntry>{entry}, now);
  }
  void hold(StoreVersion fence = 7) { machine.leased(Outcome::held, {fence, now + 15s, now + 5s}, now); }
  Time now{1h};
  OutboxEntry::Time wall{1'000'000s};
  OutboxSending machine{no_luck()};
};

}  // namespace

TEST_CASE("OutboxSending: what an earlier process may have sent is sent after a pause, and only after a look") {
  Sending at(true);
  REQUIRE(at.machine.step() == Step::wait);
  CHECK(at.machine.at() == at.now + OutboxSending::settle_time);
  at.machine.waited();
  REQUIRE(at.machine.step() == Step::lease);
  at.hold();
  REQUIRE(at.machine.step() == Step::send);
  CHECK(at.machine.repeated());
}

TEST_CASE("OutboxSending: nothing is sent that the lease does not outlast") {
  Sending at;
  REQUIRE(at.machine.step() == Step::note);
  at.now += 12s;  // the store was slow: three seconds of the lease are left
  at.machine.noted(StoreVersion{2}, at.wall, at.now);
  CHECK(at.machine.step() == Step::lease);
  at.hold();
  REQUIRE(at.machine.step() == Step::send);
  CHECK(at.machine.at() == at.now + OutboxSending::attempt_limit);
}

TEST_CASE("OutboxSending: under another fence the lane is read anew, since somebody else may have sent") {
  Sending at;
  at.machine.noted(StoreVersion{2}, at.wall, at.now);
  at.machine.sent(Error(Errc::unreachable, "no"), at.wall, at.now);
  REQUIRE(at.machine.step() == Step::wait);
  at.machine.waited();
  at.hold(8);
  CHECK(at.machine.step() == Step::read);
}

TEST_CASE("OutboxSending: the homeserver's own wait counts, and the room is looked into before a repeat") {
  Sending at;
  at.machine.noted(StoreVersion{2}, at.wall, at.now);
  CHECK_FALSE(at.machine.repeated());
  at.machine.sent(Error(Errc::rate_limited, "slowly").with_retry_after(90s), at.wall, at.now);
  REQUIRE(at.machine.step() == Step::wait);
  CHECK(at.machine.at() == at.now + 90s);
  CHECK(at.machine.repeated());
}

TEST_CASE(
    "OutboxSending: after an attempt of unknown outcome the homeserver gets its pause, at the first failure too") {
  Sending at;
  at.machine.noted(StoreVersion{2}, at.wall, at.now);
  at.machine.sent(Error(Errc::outcome_unknown, "cut"), at.wall, at.now);
  REQUIRE(at.machine.step() == Step::wait);
  CHECK(at.machine.at() >= at.now + OutboxSending::settle_time);
}

TEST_CASE("OutboxSending: after a day a message is given up, with its last error as the reason") {
  Sending at;
  at.machine.noted(StoreVersion{2}, at.wall, at.now);
  const Error down(Errc::unavailable, "down");
  at.machine.sent(down, at.wall + 24h - 1s, at.now);
  CHECK(at.machine.step() == Step::wait);
  at.machine.waited();
  at.hold();
  at.machine.sent(down, at.wall + 24h, at.now);
  REQUIRE(at.machine.step() == Step::bury);
  CHECK(at.machine.entry().reason()->code() == Errc::unavailable);
}

TEST_CASE("OutboxSending: what is wrong with the store or this process is nothing against a message") {
  for (const Errc code : {Errc::store, Errc::cancelled, Errc::closed, Errc::no_memory, Errc::busy, Errc::protocol,
                          Errc::session_expired, Errc::admin_unavailable, Errc::config}) {
    CAPTURE(static_cast<int>(code));
    Sending at;
    at.machine.noted(StoreVersion{2}, at.wall, at.now);
    at.machine.sent(Error(code, "not now"), at.wall, at.now);
    CHECK(at.machine.step() == Step::wait);
  }
}

TEST_CASE(
    "OutboxSending: a refused admin and a wrong configuration, for which calls are not repeated, bury no message") {
  for (const Errc code : {Errc::admin_unavailable, Errc::config}) {
    CAPTURE(static_cast<int>(code));
    Sending at;
    at.machine.noted(StoreVersion{2}, at.wall, at.now);
    at.machine.sent(Error(code, "not now").with_retriable(false), at.wall, at.now);
    CHECK(at.machine.step() == Step::wait);
  }
}

TEST_CASE("OutboxSending: a lane that another process sends for is left alone, and looked at again") {
  OutboxSending machine(no_luck());
  const Time now{1h};
  machine.leased(Outcome::taken, {0, now, now}, now);
  REQUIRE(machine.step() == Step::wait);
  CHECK(machine.at() == now + OutboxSending::taken_pause);
  machine.stop();
  CHECK(machine.step() == Step::end);
}

TEST_CASE("OutboxSending: who stops writes down what it knows, then lets the lease go") {
  Sending at;
  at.machine.noted(StoreVersion{2}, at.wall, at.now);
  at.machine.sent(EventId("$e"), at.wall, at.now);
  at.machine.stop();
  REQUIRE(at.machine.step() == Step::settle);
  at.machine.settled(Result<void>(), at.now);
  at.machine.stop();
  CHECK(at.machine.step() == Step::let_go);
  at.machine.let_go();
  CHECK(at.machine.step() == Step::end);
}
