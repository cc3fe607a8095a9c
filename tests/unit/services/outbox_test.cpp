#include "services/outbox.hpp"

#include <doctest/doctest.h>

#include <confab/open_store.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "contract/faulty_store.hpp"
#include "unit/net/on_runtime.hpp"

using namespace confab;
using namespace confab::services;
using namespace confab::test;
using namespace std::chrono_literals;

namespace {

// A homeserver that remembers no transaction ids: the room as everybody sees it.
class FakeRoom {
 public:
  Result<EventId> post(const OutboxEntry& entry, bool repeated) {
    const std::lock_guard lock(mutex_);
    ++attempts_;
    if (refuses_) return *refuses_;
    const std::string& id = entry.id().str();
    if (repeated) looked_for_.push_back(id);
    const bool there = std::find(posted_.begin(), posted_.end(), id) != posted_.end();
    if (!repeated || !there) posted_.push_back(id);
    changed_.notify_all();
    if (lose_ > 0) {
      --lose_;
      return Error(Errc::outcome_unknown, "the answer was lost");
    }
    return EventId("$" + id);
  }
  [[nodiscard]] bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return posted_.size() >= count; });
  }
  [[nodiscard]] std::vector<std::string> posted() {
    const std::lock_guard lock(mutex_);
    return posted_;
  }
  [[nodiscard]] std::vector<std::string> looked_for() {
    const std::lock_guard lock(mutex_);
    return looked_for_;
  }
  void refuse(std::optional<Error> why) {
    const std::lock_guard lock(mutex_);
    refuses_ = std::move(why);
  }
  void lose_answers(int count) {
    const std::lock_guard lock(mutex_);
    lose_ = count;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> posted_;
  std::vector<std::string> looked_for_;
  std::optional<Error> refuses_;
  int attempts_ = 0;
  int lose_ = 0;
};

class FakeRoute final : public OutboxRoute {
 public:
  explicit FakeRoute(std::shared_ptr<FakeRoom> room) : room_(std::move(room)) {}
  [[nodiscard]] bool is_open() const override { return open_; }
  [[nodiscard]] std::string flow_of(const std::string& user) const override { return user; }
  [[nodiscard]] std::shared_ptr<const void> hold(const std::string&, net::CallContext) override {
    ++holds_;
    ++held_;
    return {this, [this](const void*) { --held_; }};
  }
  [[nodiscard]] Task<Result<EventId>> send(OutboxEntry entry, bool repeated, net::CallContext) override {
    if (held_ != 1) ++sent_unheld_;
    co_return room_->post(entry, repeated);
  }
  void ended(const OutboxEntry& entry, const EventId& event) override {
    const std::lock_guard lock(mutex_);
    ended_.push_back(entry.id().str() + (event.empty() ? " given up" : " sent"));
    changed_.notify_all();
  }
  [[nodiscard]] bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return ended_.size() >= count; });
  }
  void close() { open_ = false; }
  [[nodiscard]] int holds() const { return holds_; }
  [[nodiscard]] int held() const { return held_; }
  [[nodiscard]] int sent_unheld() const { return sent_unheld_; }
  [[nodiscard]] std::vector<std::string> outcomes() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  std::shared_ptr<FakeRoom> room_;
  std::atomic<bool> open_ = true;
  std::atomic<int> holds_ = 0;  // so often
  std::atomic<int> held_ = 0;   // now
  std::atomic<int> sent_unheld_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> ended_;
};

// A store whose first transaction waits until it is let in.
class GateStore final : public Store {
 public:
  explicit GateStore(std::shared_ptr<Store> inner) : inner_(std::move(inner)) {}
  void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) override {
    inner_->get(std::move(key), std::move(done));
  }
  void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) override {
    inner_->list(std::move(prefix), std::move(cursor), limit, std::move(done));
  }
  void transact(std::vector<StoreWrite> writes, Durability durability,
                StoreHandler<std::vector<StoreVersion>> done) override {
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(came_, true)) {
        first_ = [this, writes = std::move(writes), durability, done = std::move(done)]() mutable {
          inner_->transact(std::move(writes), durability, std::move(done));
        };
        changed_.notify_all();
        return;
      }
    }
    inner_->transact(std::move(writes), durability, std::move(done));
  }
  void now(StoreHandler<StoreTime> done) override { inner_->now(std::move(done)); }
  void wait_for_first() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return came_; });
  }
  void let_in() {
    const std::lock_guard lock(mutex_);
    first_();
  }

 private:
  std::shared_ptr<Store> inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool came_ = false;
  UniqueFunction<void()> first_;
};

OutboxLane lane(const std::string& user = "ana") { return OutboxLane("park", user, "event:picnic"); }
OutboxEntry entry(const std::string& id, const OutboxLane& of = lane()) {
  return OutboxEntry(of, TransactionId(id), R"({"body":"hi"})", std::chrono::system_clock::now());
}

// A process on a store, with a short lease.
struct OutboxProcess {
  OutboxProcess(std::shared_ptr<Store> store, std::shared_ptr<FakeRoom> room)
      : route(std::make_shared<FakeRoute>(std::move(room))),
        outbox(std::make_shared<Outbox>(runtime->core(), net::RecordStore(std::move(store)), 15s)) {}
  void serve() { outbox->serve("park", route); }
  Result<void> accept(const OutboxEntry& accepted, CallOptions options = CallOptions()) {
    return run<void>(
        *runtime, [this, accepted](net::CallContext context) { return Outbox::accept(outbox, accepted, context); },
        std::move(options), accepted.lane().user());
  }
  Result<OutboxRecords::Found> find(const std::string& id) {
    return run<OutboxRecords::Found>(*runtime, [this, id](net::CallContext context) {
      return OutboxRecords::find(outbox->records(), "park", TransactionId(id), context);
    });
  }
  std::vector<std::string> list(bool dead) {
    const auto page = run<OutboxRecords::Page>(*runtime, [this, dead](net::CallContext context) {
      return OutboxRecords::list(outbox->records(), "park", dead, "", 100, context);
    });
    std::vector<std::string> ids;
    for (const OutboxEntry& each : page.value().entries()) ids.push_back(each.id().str());
    return ids;
  }
  Result<void> retry(const std::string& id) {
    return run<void>(*runtime, [this, id](net::CallContext context) {
      return Outbox::retry(outbox, "park", TransactionId(id), context);
    });
  }
  Result<void> drop(const std::string& id) {
    return run<void>(*runtime, [this, id](net::CallContext context) {
      return OutboxRecords::drop(outbox->records(), "park", TransactionId(id), context);
    });
  }
  std::vector<OutboxEntry> entries() {
    const auto page = run<OutboxRecords::Page>(*runtime, [this](net::CallContext context) {
      return OutboxRecords::list(outbox->records(), "park", false, "", 100, context);
    });
    return page ? page->entries() : std::vector<OutboxEntry>();
  }
  // The store was put back from a backup.
  Result<std::size_t> restored() {
    return run<std::size_t>(*runtime, [this](net::CallContext context) {
      return OutboxRecords::restored(outbox->records(), "park", std::chrono::system_clock::now(), context);
    });
  }
  std::unique_ptr<Runtime> runtime = std::make_unique<Runtime>();
  std::shared_ptr<FakeRoute> route;
  std::shared_ptr<Outbox> outbox;
};

struct OnStore {
  std::shared_ptr<Store> store = make_memory_store().value();
  std::shared_ptr<FakeRoom> room = std::make_shared<FakeRoom>();
  // Records that are about lanes and what waits in them.
  std::size_t left(const std::string& prefix = "outbox/lanes/") {
    Runtime runtime;
    const net::RecordStore records(store);
    return run<StorePage>(runtime,
                          [&records, prefix](net::CallContext context) -> Task<Result<StorePage>> {
                            co_return co_await records.list(context, prefix, "", 1000);
                          })
        .value()
        .records()
        .size();
  }
};

}  // namespace

TEST_CASE_FIXTURE(OnStore,
                  "Outbox: what was accepted is sent, in its order, and leaves nothing but what became of it") {
  OutboxProcess process(store, room);
  process.serve();
  for (int i = 1; i <= 20; ++i) REQUIRE(process.accept(entry("m" + std::to_string(i))));
  REQUIRE(process.route->wait_for(20));
  const std::vector<std::string> posted = room->posted();
  REQUIRE(posted.size() == 20);
  for (int i = 1; i <= 20; ++i) CHECK(posted[static_cast<std::size_t>(i - 1)] == "m" + std::to_string(i));
  CHECK(process.find("m7").value().event().str() == "$m7");
  CHECK(process.list(false).empty());
  process.runtime.reset();
  CHECK(left() == 0);
  CHECK(left("lease/") == 0);
}

TEST_CASE_FIXTURE(OnStore,
                  "Outbox: the same transaction id is accepted once, also by another process after the first") {
  {
    OutboxProcess process(store, room);
    process.serve();
    REQUIRE(process.accept(entry("m1")));
    REQUIRE(process.accept(entry("m1")));
    REQUIRE(process.route->wait_for(1));
  }
  OutboxProcess next(store, room);
  next.serve();
  REQUIRE(next.accept(entry("m1")));
  REQUIRE(next.accept(entry("m2")));
  REQUIRE(next.route->wait_for(1));
  CHECK(room->posted() == std::vector<std::string>{"m1", "m2"});
}

TEST_CASE_FIXTURE(OnStore, "Outbox: what a process accepted and did not send, the next one sends without being asked") {
  {
    OutboxProcess process(store, room);  // serves nobody
    for (int i = 1; i <= 5; ++i) REQUIRE(process.accept(entry("m" + std::to_string(i))));
    CHECK(process.list(false).size() == 5);
  }
  CHECK(room->posted().empty());
  OutboxProcess next(store, room);
  next.serve();
  REQUIRE(next.route->wait_for(5));
  CHECK(room->posted() == std::vector<std::string>{"m1", "m2", "m3", "m4", "m5"});
}

TEST_CASE_FIXTURE(OnStore, "Outbox: two processes on one store send each message once, and a lane's in order") {
  OutboxProcess one(store, room);
  OutboxProcess two(store, room);
  one.serve();
  two.serve();
  for (int i = 1; i <= 10; ++i) {
    REQUIRE((i % 2 == 0 ? one : two).accept(entry("a" + std::to_string(i))));
    REQUIRE((i % 2 == 0 ? two : one).accept(entry("b" + std::to_string(i), lane("ben"))));
  }
  REQUIRE(room->wait_for(20));
  std::vector<std::string> posted = room->posted();
  CHECK(posted.size() == 20);
  for (const char who : {'a', 'b'}) {
    std::vector<std::string> own;
    std::copy_if(posted.begin(), posted.end(), std::back_inserter(own),
                 [&](const std::string& id) { return id.front() == who; });
    REQUIRE(own.size() == 10);
    for (int i = 1; i <= 10; ++i) CHECK(own[static_cast<std::size_t>(i - 1)] == who + std::to_string(i));
  }
}

TEST_CASE_FIXTURE(OnStore, "Outbox: the user's token is held from the first attempt until a message is decided") {
  OutboxProcess process(store, room);
  room->lose_answers(1);
  process.serve();
  REQUIRE(process.accept(entry("m1")));
  REQUIRE(process.route->wait_for(1));
  room->refuse(Error(Errc::forbidden, "made up"));
  REQUIRE(process.accept(entry("m2")));
  REQUIRE(process.route->wait_for(2));
  CHECK(process.route->outcomes() == std::vector<std::string>{"m1 sent", "m2 given up"});
  CHECK(process.route->holds() == 2);
  CHECK(process.route->held() == 0);
  CHECK(process.route->sent_unheld() == 0);
}

TEST_CASE_FIXTURE(OnStore, "Outbox: who gives up before their turn lets nobody past those who came before") {
  const auto gate = std::make_shared<GateStore>(store);
  OutboxProcess process(gate, room);
  std::thread first([&] { CHECK(process.accept(entry("m1"))); });
  gate->wait_for_first();
  for (const char* id : {"m2", "m3"}) {
    const Result<void> late = process.accept(entry(id), CallOptions().within(20ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().code() == Errc::timed_out);
  }
  gate->let_in();
  REQUIRE(process.accept(entry("m4")));
  first.join();
  CHECK(process.list(false) == std::vector<std::string>{"m1", "m4"});
}

TEST_CASE_FIXTURE(OnStore, "Outbox: a tenant's open routes are all told, and one that was closed leaves the other") {
  OutboxProcess process(store, room);
  process.serve();
  const auto later = std::make_shared<FakeRoute>(room);
  process.outbox->serve("park", later);
  REQUIRE(process.accept(entry("m1")));
  REQUIRE(process.route->wait_for(1));
  REQUIRE(later->wait_for(1));
  later->close();
  REQUIRE(process.accept(entry("m2")));
  REQUIRE(process.route->wait_for(2));
  CHECK(room->posted() == std::vector<std::string>{"m1", "m2"});
}

TEST_CASE_FIXTURE(OnStore, "Outbox: a transaction id never shows the message that has taken its place in the lane") {
  OutboxProcess process(store, room);  // serves nobody
  for (const char* id : {"m1", "m2"}) REQUIRE(process.accept(entry(id)));
  const std::string place = process.find("m2").value().entry()->key();
  const std::string name = outbox_key::name("park", TransactionId("m1"));
  const net::RecordStore records(store);
  REQUIRE(run<void>(*process.runtime, [&](net::CallContext context) -> Task<Result<void>> {
    const auto there = co_await records.get(context, name);
    std::vector<StoreWrite> writes;
    writes.push_back(StoreWrite::put(name, there.value()->version(), OutboxName::at(place).write(lane())));
    const auto written = co_await records.transact(context, std::move(writes), Durability::promised);
    co_return written ? Result<void>() : written.error();
  }));
  CHECK(process.find("m1").error().code() == Errc::not_found);
  CHECK(process.find("m2").value().entry()->id().str() == "m2");
}

TEST_CASE_FIXTURE(OnStore, "Outbox: an answer that was lost is looked for before the message is sent again") {
  OutboxProcess process(store, room);
  process.serve();
  room->lose_answers(1);
  REQUIRE(process.accept(entry("m1")));
  REQUIRE(process.route->wait_for(1));
  CHECK(room->posted() == std::vector<std::string>{"m1"});
  CHECK(process.route->outcomes() == std::vector<std::string>{"m1 sent"});
}

TEST_CASE_FIXTURE(OnStore,
                  "Outbox: what was given up is kept with its reason, goes out when it is retried, or is dropped") {
  OutboxProcess process(store, room);
  process.serve();
  room->refuse(Error(Errc::forbidden, "not listed").with_errcode("M_FORBIDDEN").with_http_status(403));
  for (const char* id : {"m1", "m2", "m3"}) REQUIRE(process.accept(entry(id)));
  REQUIRE(process.route->wait_for(3));
  CHECK(process.list(true) == std::vector<std::string>{"m1", "m2", "m3"});
  const auto dead = process.find("m2").value().entry();
  REQUIRE(dead);
  REQUIRE(dead->reason());
  CHECK(dead->reason()->code() == Errc::forbidden);
  CHECK(dead->reason()->errcode() == "M_FORBIDDEN");
  CHECK(dead->reason()->http_status() == 403);
  CHECK(dead->content() == R"({"body":"hi"})");

  room->refuse(std::nullopt);
  REQUIRE(process.retry("m2"));
  REQUIRE(process.route->wait_for(4));
  CHECK(room->posted() == std::vector<std::string>{"m2"});
  CHECK(process.retry("m2").error().code() == Errc::conflict);
  CHECK(process.drop("m2").error().code() == Errc::conflict);
  REQUIRE(process.drop("m1"));
  CHECK(process.find("m1").error().code() == Errc::not_found);
  CHECK(process.drop("m1").error().code() == Errc::not_found);
  CHECK(process.retry("nobody").error().code() == Errc::not_found);
  CHECK(process.list(true) == std::vector<std::string>{"m3"});
  REQUIRE(process.drop("m3"));
  // Of new messages there may be as many as ever.
  REQUIRE(process.accept(entry("m4")));
  REQUIRE(process.route->wait_for(5));
  CHECK(process.list(true).empty());
}

TEST_CASE_FIXTURE(OnStore, "Outbox: a lane takes so many messages, dead ones included, and sheds what is more") {
  OutboxProcess process(store, room);
  for (std::size_t i = 0; i < OutboxRecords::most_waiting; ++i) {
    const Result<void> accepted = process.accept(entry("m" + std::to_string(i)));
    REQUIRE(accepted);
  }
  const Error full = process.accept(entry("one more")).error();
  CHECK(full.code() == Errc::busy);
  CHECK(full.subject() == "outbox");
  CHECK(process.accept(entry("m5")).has_value());  // it is there already
  CHECK(process.accept(entry("elsewhere", lane("ben"))).has_value());
  REQUIRE(process.drop("m0"));
  CHECK(process.accept(entry("one more")).has_value());
}

TEST_CASE_FIXTURE(OnStore, "Outbox: a store whose operations fail costs time, and neither loses nor doubles") {
  for (const Fault fault : {Fault::before, Fault::after}) {
    struct Faulty {
      Faulty(Fault fault, int which)
          : process(std::make_shared<FaultyStore>(make_memory_store().value(), Errc::store,
                                                  [fault, which](int n) { return n == which ? fault : Fault::none; }),
                    room) {}
      std::shared_ptr<FakeRoom> room = std::make_shared<FakeRoom>();
      OutboxProcess process;
    };
    std::vector<std::unique_ptr<Faulty>> all;  // at once, because what failed is waited for
    for (int which = 0; which < 24; ++which) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(which);
      OutboxProcess& process = all.emplace_back(std::make_unique<Faulty>(fault, which))->process;
      process.serve();
      // What was refused was not accepted, and may be said again under the same id.
      for (const char* id : {"m1", "m2"}) {
        const Result<void> accepted = process.accept(entry(id));
        if (!accepted) REQUIRE(process.accept(entry(id)));
      }
    }
    for (const auto& each : all) {
      CHECK(each->process.route->wait_for(2));
      CHECK(each->room->posted() == std::vector<std::string>{"m1", "m2"});
    }
  }
}

TEST_CASE_FIXTURE(OnStore, "Outbox: in a store that was put back, what seems untried is looked for before it is sent") {
  OutboxProcess process(store, room);  // serves nobody yet: the store is as the backup was
  for (const char* id : {"m1", "m2"}) REQUIRE(process.accept(entry(id)));
  REQUIRE(room->post(entry("m1"), false));  // what happened after the backup
  CHECK_FALSE(process.entries().front().tried().has_value());
  CHECK(process.restored().value() == 2);
  CHECK(process.restored().value() == 2);
  // Whoever looks at them is told so, one by one too.
  for (const OutboxEntry& each : process.entries()) CHECK(each.tried().has_value());
  CHECK(process.find("m1").value().entry()->tried().has_value());
  const auto after = OutboxEntry(lane(), TransactionId("m3"), "{}", std::chrono::system_clock::now() + 1min);
  REQUIRE(process.accept(after));
  process.serve();
  REQUIRE(process.route->wait_for(3));
  CHECK(room->posted() == std::vector<std::string>{"m1", "m2", "m3"});
  CHECK(room->looked_for() == std::vector<std::string>{"m1", "m2"});
  // Nobody else's.
  OutboxProcess other(store, room);
  other.outbox->serve("zoo", other.route);
  REQUIRE(other.accept(entry("z1", OutboxLane("zoo", "ana", "event:picnic"))));
  REQUIRE(other.route->wait_for(1));
  CHECK(room->looked_for().size() == 2);
}

TEST_CASE_FIXTURE(OnStore, "Outbox: who read a lane before the store was put back notes no first attempt in it") {
  OutboxProcess process(store, room);
  REQUIRE(process.accept(entry("m1")));
  const auto view = run<OutboxRecords::View>(*process.runtime, [&](net::CallContext context) {
    return OutboxRecords::view(process.outbox->records(), lane(), context);
  });
  REQUIRE(view);
  CHECK_FALSE(view->entries().front().tried());
  const auto note = [&](const OutboxRecords::View& seen) {
    return run<StoreVersion>(*process.runtime, [&](net::CallContext context) {
      OutboxEntry noted = seen.entries().front();
      noted.tried(std::chrono::system_clock::now());
      return OutboxRecords::note(process.outbox->records(), std::move(noted), {seen.not_restored()}, context);
    });
  };
  REQUIRE(process.restored());
  CHECK(note(*view).error().code() == Errc::conflict);
  const auto again = run<OutboxRecords::View>(*process.runtime, [&](net::CallContext context) {
    return OutboxRecords::view(process.outbox->records(), lane(), context);
  });
  REQUIRE(again);
  CHECK(again->entries().front().tried() == again->entries().front().accepted());
  CHECK(note(*again));
}

TEST_CASE_FIXTURE(OnStore, "Outbox: what lay dead in a store that was put back is looked for when it is retried") {
  {
    OutboxProcess process(store, room);
    process.serve();
    room->refuse(Error(Errc::forbidden, "not listed"));
    REQUIRE(process.accept(entry("m1")));
    REQUIRE(process.route->wait_for(1));
    room->refuse(std::nullopt);
  }
  REQUIRE(room->post(entry("m1"), false));  // retried after the backup
  OutboxProcess process(store, room);
  REQUIRE(process.restored());
  process.serve();
  REQUIRE(process.retry("m1"));
  REQUIRE(process.route->wait_for(1));
  CHECK(room->posted() == std::vector<std::string>{"m1"});
}

TEST_CASE("OutboxRestored: reads what it wrote, and nothing damaged") {
  const auto at = OutboxEntry::Time(std::chrono::milliseconds(1767225600123));
  const auto read = [](std::string text) { return OutboxRestored::read(StoreRecord("outbox/restored/park", 1, text)); };
  const auto back = read(OutboxRestored(at).write());
  REQUIRE(back);
  OutboxEntry before(lane(), TransactionId("a"), "{}", at);
  OutboxEntry later(lane(), TransactionId("b"), "{}", at + 1ms);
  OutboxEntry tried(lane(), TransactionId("c"), "{}", at);
  tried.tried(at + 5ms);
  for (OutboxEntry* each : {&before, &later, &tried}) back->doubt(*each);
  CHECK(before.tried() == at);
  CHECK_FALSE(later.tried());
  CHECK(tried.tried() == at + 5ms);
  for (const char* wrong : {"{}", "{", R"({"version":2,"at":1})", R"({"version":1,"at":"1"})"}) {
    CHECK(read(wrong).error().code() == Errc::store);
  }
}

TEST_CASE("OutboxLane: no two messages of different users or rooms share an id, whatever the host calls them") {
  const TransactionId given("42");
  const TransactionId ana = lane("ana").id_of(given);
  CHECK(ana != lane("ben").id_of(given));
  CHECK(ana != OutboxLane("park", "ana", "event:other").id_of(given));
  CHECK(ana != OutboxLane("zoo", "ana", "event:picnic").id_of(given));
  CHECK(ana == lane("ana").id_of(given));
  CHECK(ana == lane("ana").id_of(ana));
  CHECK(ana.str().starts_with("42."));
  CHECK(lane().id_of(TransactionId()) != lane().id_of(TransactionId()));
  CHECK(lane().id_of(TransactionId(std::string(255, 'x'))).str().size() <= 255);
}

TEST_CASE("OutboxEntry: what cannot be read is an error, never half an entry") {
  const std::string good = entry("m1").tried(std::chrono::system_clock::now()).write();
  CHECK(OutboxEntry::read(StoreRecord("outbox/waiting/park/x/000000000012", 3, good)).value().number() == 12);
  for (std::string bad : {std::string("{}"), std::string("[]"), std::string("not JSON"), good.substr(1)})
    CHECK(OutboxEntry::read(StoreRecord("k", 1, bad)).error().code() == Errc::store);
  std::string later = good;
  for (const char* accepted : {"-1", "9223372036854775807"}) {
    const std::string bad = OutboxEntry(lane(), TransactionId("m"), "{}", {}).write();
    std::string changed = bad;
    changed.replace(changed.find("\"accepted\":0"), 12, std::string("\"accepted\":") + accepted);
    CHECK(OutboxEntry::read(StoreRecord("k", 1, bad)));
    CHECK(OutboxEntry::read(StoreRecord("k", 1, changed)).error().code() == Errc::store);
  }
  later.replace(later.find("\"version\":1"), 11, "\"version\":2");
  CHECK(OutboxEntry::read(StoreRecord("k", 1, later)).error().code() == Errc::store);
}
