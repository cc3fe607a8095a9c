#include <confab/stored_directory.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/memory_store.hpp"
#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Together;

namespace {

// A store that counts its writes, and from a chosen one on fails before or after doing them, or keeps silent.
class WatchedStore final : public Store {
 public:
  enum class Fault { none, before, after, silent };

  void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) override {
    below_->get(std::move(key), std::move(done));
  }
  void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) override {
    below_->list(std::move(prefix), std::move(cursor), limit, std::move(done));
  }
  void transact(std::vector<StoreWrite> writes, Durability durability,
                StoreHandler<std::vector<StoreVersion>> done) override {
    const int number = ++transactions_;
    const Fault fault = number == fail_at_ ? fault_.load() : Fault::none;
    if (fault == Fault::silent) {
      const std::lock_guard lock(mutex_);
      kept_.push_back(std::move(done));
      return;
    }
    if (fault == Fault::before) {
      below_->now([done = std::move(done)](const Result<StoreTime>&) { done(Error(Errc::store, "the disk is full")); });
      return;
    }
    below_->transact(std::move(writes), durability,
                     [fault, done = std::move(done)](Result<std::vector<StoreVersion>> result) {
                       if (fault == Fault::after) return done(Error(Errc::store, "the answer is lost"));
                       done(std::move(result));
                     });
  }
  void now(StoreHandler<StoreTime> done) override { below_->now(std::move(done)); }

  void fail(int number, Fault fault) {
    fault_ = fault;
    fail_at_ = transactions_ + number;
  }
  void answer_silent() {
    std::vector<StoreHandler<std::vector<StoreVersion>>> kept;
    {
      const std::lock_guard lock(mutex_);
      kept.swap(kept_);
    }
    for (auto& done : kept) done(Error(Errc::store, "too late"));
  }
  [[nodiscard]] int transactions() const { return transactions_; }
  [[nodiscard]] std::vector<StoreRecord> records() {
    std::vector<StoreRecord> all;
    std::string cursor;
    do {
      auto slot = std::make_shared<confab::detail::WaitSlot<StorePage>>();
      below_->list("", cursor, 1000, [slot](Result<StorePage> page) { slot->put(std::move(page)); });
      auto page = slot->take();
      REQUIRE(page.has_value());
      all.insert(all.end(), page->records().begin(), page->records().end());
      cursor = page->cursor();
    } while (!cursor.empty());
    return all;
  }
  void put(const std::string& key, const std::string& value) {
    auto slot = std::make_shared<confab::detail::WaitSlot<StoreVersion>>();
    StoreVersion version = 0;
    for (const StoreRecord& record : records()) {
      if (record.key() == key) version = record.version();
    }
    below_->put_if(StoreWrite::put(key, version, value), Durability::promised,
                   [slot](Result<StoreVersion> put) { slot->put(std::move(put)); });
    REQUIRE(slot->take().has_value());
  }

 private:
  std::shared_ptr<Store> below_ = store::make_memory_store();
  std::atomic<int> transactions_{0};
  std::atomic<int> fail_at_{0};
  std::atomic<Fault> fault_{Fault::none};
  std::mutex mutex_;
  std::vector<StoreHandler<std::vector<StoreVersion>>> kept_;
};

using Directory = std::shared_ptr<StoredDirectory>;

RoomRef event(const std::string& slug) { return RoomRef::event(RoomSlug(slug)); }
RoomRef group(const std::string& slug) { return RoomRef::group(RoomSlug(slug)); }
DirectoryUser user(const std::string& id, const std::string& slug) { return {id, UserSlug(slug), "Name of " + slug}; }
DirectoryMember member(const std::string& slug, const std::string& role = "guest") {
  return {UserSlug(slug), role, role == "host" ? std::vector<std::string>{"ManageEvent"} : std::vector<std::string>()};
}

std::string members(const HostDirectory& directory, const RoomRef& ref) {
  const auto room = directory.room(ref);
  if (!room) return "no room";
  std::string text = room->creator().str() + ":";
  for (const DirectoryMember& each : room->members()) text += " " + each.user().str() + "=" + each.role();
  return text;
}

struct StoredFixture {
  [[nodiscard]] Directory open(const std::string& tenant = "acme") {
    auto opened = StoredDirectory::open(runtime, store, TenantId(tenant)).wait();
    REQUIRE(opened.has_value());
    return *opened;
  }
  static DirectoryRevision apply(const Directory& directory, DirectoryBatch batch) {
    auto done = directory->apply(std::move(batch), directory->revision()).wait();
    REQUIRE_MESSAGE(done.has_value(), std::string(done ? "" : done.error().message()));
    return *done;
  }
  static Error refused(const Directory& directory, DirectoryBatch batch) {
    const DirectoryRevision before = directory->revision();
    auto done = directory->apply(std::move(batch), before).wait();
    REQUIRE_FALSE(done.has_value());
    CHECK(directory->revision() == before);
    return done.error();
  }
  // Ana and Ben; Ana made the event, where Ben is.
  Directory furnished() {
    Directory directory = open();
    apply(directory, DirectoryBatch()
                         .put_member(event("picnic"), member("ben", "host"))
                         .put_room(event("picnic"), "Picnic", true, UserSlug("ana"))
                         .put_user(user("1", "ana"))
                         .put_user(user("2", "ben")));
    return directory;
  }
  static DirectoryBatch many(int users) {
    DirectoryBatch batch;
    batch.put_room(group("all"), "Everybody", false, UserSlug("user-0"));
    for (int i = 0; i < users; ++i) {
      batch.put_user(user("m" + std::to_string(i), "user-" + std::to_string(i)));
      batch.put_member(group("all"), member("user-" + std::to_string(i)));
    }
    return batch;
  }

  std::shared_ptr<WatchedStore> store = std::make_shared<WatchedStore>();
  Runtime runtime;
};

}  // namespace

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: what was applied is found, also when it is opened anew") {
  const Directory first = furnished();
  CHECK(first->revision() == 1);
  const Directory again = open();
  for (const Directory& directory : {first, again}) {
    CHECK(directory->revision() == 1);
    CHECK(directory->user(UserSlug("ana"))->id() == "1");
    CHECK(directory->user_by_id("2")->name() == "Name of ben");
    CHECK(directory->room(event("picnic"))->is_public());
    CHECK(directory->room(event("picnic"))->name() == "Picnic");
    CHECK(members(*directory, event("picnic")) == "ana: ben=host");
    CHECK(directory->room(event("picnic"))->members()[0].permissions() == std::vector<std::string>{"ManageEvent"});
    CHECK_FALSE(directory->room(group("picnic")).has_value());
    CHECK_FALSE(directory->user(UserSlug("cem")).has_value());
  }
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: single entries change, and nothing beside them") {
  const Directory directory = furnished();
  apply(directory, DirectoryBatch().put_user(user("3", "cem")).put_member(event("picnic"), member("cem")));
  CHECK(members(*directory, event("picnic")) == "ana: ben=host cem=guest");
  apply(directory, DirectoryBatch().put_member(event("picnic"), member("ben")));
  CHECK(members(*directory, event("picnic")) == "ana: ben=guest cem=guest");
  apply(directory, DirectoryBatch().put_room(event("picnic"), "Feast", false, UserSlug("cem")));
  CHECK(members(*directory, event("picnic")) == "cem: ben=guest cem=guest");
  CHECK(directory->room(event("picnic"))->name() == "Feast");
  apply(directory, DirectoryBatch().erase_member(event("picnic"), UserSlug("ben")));
  CHECK(members(*directory, event("picnic")) == "cem: cem=guest");
  apply(directory, DirectoryBatch().erase_room(event("picnic")));
  CHECK(members(*directory, event("picnic")) == "no room");
  CHECK(directory->revision() == 6);
  CHECK(members(*open(), event("picnic")) == "no room");
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: of several steps for one entry the last one counts") {
  const Directory directory = furnished();
  apply(directory, DirectoryBatch()
                       .put_member(event("picnic"), member("ana", "host"))
                       .erase_member(event("picnic"), UserSlug("ana"))
                       .erase_member(event("picnic"), UserSlug("ben"))
                       .put_member(event("picnic"), member("ben", "moderator")));
  CHECK(members(*directory, event("picnic")) == "ana: ben=moderator");
  apply(directory,
        DirectoryBatch().erase_room(event("picnic")).put_room(event("picnic"), "New", true, UserSlug("ben")));
  CHECK(members(*directory, event("picnic")) == "ben:");
  apply(directory, DirectoryBatch().erase_user(UserSlug("ana")).put_user(user("1", "ana")));
  CHECK(directory->revision() == 3);  // nothing changed
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: a new slug takes part in everything that the old one did") {
  const Directory directory = furnished();
  apply(directory, DirectoryBatch().put_user(user("1", "ben")).put_user(user("2", "ana")));
  CHECK(members(*directory, event("picnic")) == "ben: ana=host");
  CHECK(directory->user(UserSlug("ben"))->id() == "1");
  apply(directory, DirectoryBatch().put_user(user("2", "benjamin")));
  CHECK(members(*directory, event("picnic")) == "ben: benjamin=host");
  CHECK_FALSE(directory->user(UserSlug("ana")).has_value());
  CHECK(members(*open(), event("picnic")) == "ben: benjamin=host");
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: a user who is removed leaves everything, but what they made") {
  const Directory directory = furnished();
  const Error error = refused(directory, DirectoryBatch().erase_user(UserSlug("ana")));
  CHECK(error.code() == Errc::invalid_argument);
  CHECK(error.message().find("\"ana\"") != std::string_view::npos);
  CHECK(error.message().find("\"picnic\"") != std::string_view::npos);
  apply(directory, DirectoryBatch().erase_user(UserSlug("ben")));
  CHECK(members(*directory, event("picnic")) == "ana:");
  // A slug that is used again is somebody else, who inherits nothing.
  apply(directory, DirectoryBatch().put_user(user("9", "ben")));
  CHECK(members(*directory, event("picnic")) == "ana:");
  apply(directory, DirectoryBatch().erase_user(UserSlug("ana")).erase_room(event("picnic")));
  CHECK_FALSE(directory->user_by_id("1").has_value());
}

TEST_CASE_FIXTURE(StoredFixture,
                  "StoredDirectory: what can never be is refused with its name, and nothing is changed") {
  const Directory directory = furnished();
  const std::string long_text(300, 'x');
  struct Wrong {
    DirectoryBatch batch;
    const char* subject;
    const char* named;
  };
  const std::vector<Wrong> wrongs = {
      {DirectoryBatch().put_user(user("3", "not a slug")), "user", "not a slug"},
      {DirectoryBatch().put_user(user("", "cem")), "user", "cem"},
      {DirectoryBatch().put_user(user(long_text, "cem")), "user", "cem"},
      {DirectoryBatch().put_user(DirectoryUser("3", UserSlug("cem"), "\xFF")), "user", "cem"},
      {DirectoryBatch().put_user(user("3", "ana")), "user", "ana"},
      {DirectoryBatch().put_user(user("3", "cem")).put_user(user("4", "cem")), "user", "cem"},
      {DirectoryBatch().put_room(event("a b"), "x", true, UserSlug("ana")), "event", "a b"},
      {DirectoryBatch().put_room(group("club"), "x", true, UserSlug("cem")), "group", "club"},
      {DirectoryBatch().put_room(group("club"), long_text, true, UserSlug("ana")), "group", "club"},
      {DirectoryBatch().put_member(event("picnic"), member("cem")), "member", "cem"},
      {DirectoryBatch().put_member(event("nowhere"), member("ben")), "member", "nowhere"},
      {DirectoryBatch().put_member(event("picnic"), member("ana", "")), "member", "ana"},
      {DirectoryBatch().put_member(event("picnic"), DirectoryMember(UserSlug("ana"), "x", {""})), "member", "ana"},
      {DirectoryBatch()
           .put_member(event("picnic"), member("ben", "x"))
           .erase_room(event("picnic"))
           .put_member(event("picnic"), member("ben")),
       "member", "picnic"},
  };
  for (const Wrong& wrong : wrongs) {
    // Beside something right, which does not happen either.
    DirectoryBatch batch = wrong.batch;
    batch.put_user(user("7", "good"));
    const Error error = refused(directory, batch);
    CAPTURE(std::string(error.message()));
    CHECK(error.code() == Errc::invalid_argument);
    CHECK(error.subject() == wrong.subject);
    CHECK(error.message().find(wrong.named) != std::string_view::npos);
    CHECK_FALSE(directory->user(UserSlug("good")).has_value());
  }
}

TEST_CASE_FIXTURE(StoredFixture,
                  "StoredDirectory: another revision than the expected one is a conflict, a repetition is none") {
  const Directory ours = furnished();
  const Directory theirs = open();
  const DirectoryBatch batch = DirectoryBatch().put_user(user("3", "cem"));
  CHECK(theirs->apply(batch, 1).wait().value() == 2);
  CHECK(theirs->apply(batch, 1).wait().value() == 2);
  CHECK(ours->apply(batch, 1).wait().value() == 2);  // the same change, whoever asks
  const auto conflict = ours->apply(DirectoryBatch().put_user(user("4", "dea")), 1).wait();
  CHECK(conflict.error().code() == Errc::conflict);
  CHECK(ours->revision() == 2);
  CHECK(ours->user(UserSlug("cem")).has_value());
  CHECK(ours->apply(DirectoryBatch(), 7).wait().error().code() == Errc::conflict);
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: of two who change the same revision at once exactly one does") {
  const Directory ours = furnished();
  const Directory theirs = open();
  for (int round = 0; round < 20; ++round) {
    const DirectoryRevision revision = ours->revision();
    REQUIRE(theirs->refresh().wait().value() == revision);
    Together<DirectoryRevision> both;
    both.start(ours->apply(DirectoryBatch().put_user(user("a" + std::to_string(round), "x")), revision));
    both.start(theirs->apply(DirectoryBatch().put_user(user("b" + std::to_string(round), "x")), revision));
    int won = 0;
    for (const auto& result : both.all()) {
      won += result ? 1 : 0;
      if (!result) CHECK(result.error().code() == Errc::conflict);
    }
    CHECK(won == 1);
    REQUIRE(ours->refresh().wait().value() == revision + 1);
    apply(ours, DirectoryBatch().erase_user(UserSlug("x")));
  }
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: nothing new writes nothing") {
  const Directory directory = furnished();
  const int before = store->transactions();
  CHECK(apply(directory, DirectoryBatch()
                             .put_user(user("1", "ana"))
                             .put_room(event("picnic"), "Picnic", true, UserSlug("ana"))
                             .put_member(event("picnic"), member("ben", "host"))
                             .erase_user(UserSlug("nobody"))
                             .erase_room(group("nothing"))
                             .erase_member(event("picnic"), UserSlug("ana"))
                             .erase_member(event("nowhere"), UserSlug("ana"))) == 1);
  CHECK(store->transactions() == before);
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: what others apply is seen by refreshing, and by itself soon") {
  const Directory ours = furnished();
  const Directory theirs = open();
  apply(ours, DirectoryBatch().put_user(user("3", "cem")));
  CHECK(theirs->refresh().wait().value() == 2);
  CHECK(theirs->user(UserSlug("cem")).has_value());
  apply(ours, DirectoryBatch().erase_user(UserSlug("cem")));
  apply(ours, DirectoryBatch().put_user(user("4", "dea")));
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  while (theirs->revision() < 4 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  CHECK(theirs->user(UserSlug("dea")).has_value());
  CHECK_FALSE(theirs->user(UserSlug("cem")).has_value());
}

TEST_CASE_FIXTURE(StoredFixture,
                  "StoredDirectory: a change larger than a transaction is whole or not at all, wherever it fails") {
  constexpr int users = 6000;
  furnished();
  int needed = 0;
  {
    auto other = std::make_shared<WatchedStore>();
    auto directory = StoredDirectory::open(runtime, other, TenantId("acme")).wait().value();
    apply(directory, DirectoryBatch().put_user(user("x", "x")));
    const int before = other->transactions();
    apply(directory, many(users));
    needed = other->transactions() - before;
  }
  REQUIRE(needed > 3);
  for (const auto fault : {WatchedStore::Fault::before, WatchedStore::Fault::after}) {
    for (const int at : {1, 2, 3}) {
      store = std::make_shared<WatchedStore>();
      const Directory directory = furnished();
      const Directory reader = open();
      store->fail(at, fault);
      auto failed = directory->apply(many(users), 1).wait();
      CHECK(failed.error().code() == Errc::store);
      CHECK(reader->refresh().wait().value() == 1);
      CHECK_FALSE(open()->user(UserSlug("user-5")).has_value());
      CHECK(directory->apply(many(users), 1).wait().value() == 2);
      CHECK(reader->refresh().wait().value() == 2);
      CHECK(reader->room(group("all"))->members().size() == users);
      CHECK(open()->room(group("all"))->members().size() == users);
    }
  }
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: a write whose answer is lost is looked up") {
  const Directory directory = furnished();
  store->fail(1, WatchedStore::Fault::after);
  CHECK(directory->apply(DirectoryBatch().put_user(user("3", "cem")), 1).wait().value() == 2);
  store->fail(1, WatchedStore::Fault::before);
  CHECK(directory->apply(DirectoryBatch().put_user(user("4", "dea")), 2).wait().error().code() == Errc::store);
  CHECK(directory->apply(DirectoryBatch().put_user(user("4", "dea")), 2).wait().value() == 3);
}

TEST_CASE_FIXTURE(StoredFixture,
                  "StoredDirectory: changes are folded into a new base, and readers that are behind find it") {
  const Directory directory = furnished();
  const Directory behind = open();
  apply(directory, many(1000));
  std::size_t most = 0;
  for (int i = 0; i < 1500; ++i) {
    apply(directory, DirectoryBatch().put_member(group("all"), member("user-7", "role" + std::to_string(i))));
    if (i % 100 == 0) most = std::max(most, store->records().size());
  }
  CHECK(most < 1200);  // of some 1,500 changes
  CHECK(store->records().size() < 1200);
  for (const Directory& each : {behind, open()}) {
    REQUIRE(each->refresh().wait().value() == directory->revision());
    CHECK(each->room(group("all"))->members()[7].role() == "role1499");
    CHECK(each->room(group("all"))->members().size() == 1000);
    CHECK(members(*each, event("picnic")) == "ana: ben=host");
  }
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: load makes it what the text says, and writes only what differs") {
  const std::string text = R"({"users":[{"id":"1","slug":"ana","name":"Ana"},{"id":"2","slug":"ben","name":"Ben"}],
    "events":[{"slug":"picnic","name":"Picnic","visibility":"public","creator":"ana",
               "attendees":[{"user":"ben","role":"host","permissions":["ManageEvent"]}]}],
    "groups":[{"slug":"club","name":"Club","visibility":"private","creator":"ben","members":[]}]})";
  const Directory directory = open();
  CHECK(directory->load(text).wait().value() == 1);
  CHECK(members(*directory, event("picnic")) == "ana: ben=host");
  const int before = store->transactions();
  CHECK(directory->load(text).wait().value() == 1);
  CHECK(open()->load(text).wait().value() == 1);
  CHECK(store->transactions() == before);
  CHECK(directory
            ->load(R"({"users":[{"id":"1","slug":"ben","name":"Ana"}],
    "events":[{"slug":"picnic","name":"Picnic","visibility":"public","creator":"ben"}]})")
            .wait()
            .value() == 2);
  CHECK(store->transactions() == before + 1);
  CHECK(members(*directory, event("picnic")) == "ben:");
  CHECK(members(*directory, group("club")) == "no room");
  const auto wrong = directory->load(R"({"users":[{"id":"1","slug":"ben"}]})").wait();
  CHECK(wrong.error().code() == Errc::config);
  CHECK(wrong.error().subject() == "users[0].name");
  CHECK(directory->revision() == 2);
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: one tenant's directory is never another's") {
  const Directory acme = furnished();
  // A tenant's id that begins like another one's, and one that looks like a folder of it.
  for (const char* other : {"acm", "acme2", "acme.directory"}) {
    const Directory directory = open(other);
    CHECK(directory->revision() == 0);
    CHECK_FALSE(directory->user(UserSlug("ana")).has_value());
    apply(directory, DirectoryBatch().put_user(user("1", "zoe")));
  }
  CHECK(acme->refresh().wait().value() == 1);
  CHECK_FALSE(acme->user(UserSlug("zoe")).has_value());
  CHECK(StoredDirectory::open(runtime, store, TenantId("a/b")).wait().error().code() == Errc::config);
  CHECK(StoredDirectory::open(runtime, nullptr, TenantId("acme")).wait().error().code() == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(StoredFixture,
                  "StoredDirectory: records that are no directory, or a newer one, are refused by name") {
  furnished();
  for (const char* value : {"[]", R"({"format":1})", R"({"format":2,"revision":1})"}) {
    store->put("acme/directory/head", value);
    const auto opened = StoredDirectory::open(runtime, store, TenantId("acme")).wait();
    CHECK(opened.error().code() == Errc::store);
    CHECK(opened.error().subject() == "acme/directory/head");
  }
}

TEST_CASE_FIXTURE(StoredFixture,
                  "StoredDirectory: whoever does not want to wait is answered while the store keeps silent") {
  const Directory directory = furnished();
  store->fail(1, WatchedStore::Fault::silent);
  Together<DirectoryRevision> changes;
  const Operation running = changes.start(directory->apply(DirectoryBatch().put_user(user("3", "cem")), 1));
  // Behind the one that waits for the store.
  const auto late = directory->apply(DirectoryBatch().put_user(user("4", "dea")), 1, CallOptions().within(50ms)).wait();
  CHECK(late.error().code() == Errc::timed_out);
  while (store->transactions() < 2) std::this_thread::yield();
  running.cancel();
  CHECK(changes.all().at(0).error().code() == Errc::outcome_unknown);
  CHECK(directory->user(UserSlug("ana")).has_value());  // look-ups never wait
  store->answer_silent();
}

TEST_CASE_FIXTURE(StoredFixture,
                  "StoredDirectory: random changes come to the same by batches, by texts and by opening anew") {
  std::mt19937 random(20261125);
  const auto pick = [&random](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
  const auto slug = [&] { return "s" + std::to_string(pick(8)); };
  // What a text says of a directory, for load() of another one.
  const auto text_of = [](const StoredDirectory& directory) {
    std::string users;
    std::string events;
    for (int i = 0; i < 8; ++i) {
      if (const auto each = directory.user(UserSlug("s" + std::to_string(i)))) {
        users += (users.empty() ? "" : ",") + std::string(R"({"id":")") + each->id() + R"(","slug":")" +
                 each->slug().str() + R"(","name":")" + each->name() + "\"}";
      }
      if (const auto each = directory.room(event("s" + std::to_string(i)))) {
        std::string list;
        for (const DirectoryMember& one : each->members()) {
          list += (list.empty() ? "" : ",") + std::string(R"({"user":")") + one.user().str() + R"(","role":")" +
                  one.role() + "\"}";
        }
        events += (events.empty() ? "" : ",") + std::string(R"({"slug":")") + each->ref().slug().str() +
                  R"(","name":")" + each->name() + R"(","visibility":"private","creator":")" + each->creator().str() +
                  R"(","attendees":[)" + list + "]}";
      }
    }
    return R"({"users":[)" + users + R"(],"events":[)" + events + "]}";
  };
  const auto state_of = [](const StoredDirectory& directory) {
    std::map<std::string, std::string> state;
    for (int i = 0; i < 8; ++i) {
      const std::string name = "s" + std::to_string(i);
      if (const auto each = directory.user(UserSlug(name))) state["user " + name] = each->id() + each->name();
      const auto room = directory.room(event(name));
      if (!room) continue;
      std::vector<std::string> list;
      for (const DirectoryMember& one : room->members()) list.push_back(one.user().str() + one.role());
      std::sort(list.begin(), list.end());
      std::string text = room->name() + room->creator().str();
      for (const std::string& one : list) text += " " + one;
      state["event " + name] = text;
    }
    return state;
  };
  const Directory directory = open();
  const Directory follower = open();
  const Directory loaded = open("loaded");
  int taken = 0;
  for (int round = 0; round < 400; ++round) {
    DirectoryBatch batch;
    for (int steps = 1 + pick(6); steps > 0; --steps) {
      switch (pick(6)) {
        case 0:
        case 1:
          batch.put_user(DirectoryUser("i" + std::to_string(pick(8)), UserSlug(slug()), "n" + std::to_string(pick(2))));
          break;
        case 2:
          batch.erase_user(UserSlug(slug()));
          break;
        case 3:
          batch.put_room(event(slug()), "r" + std::to_string(pick(2)), false, UserSlug(slug()));
          break;
        case 4:
          pick(3) == 0 ? batch.erase_room(event(slug())) : batch.erase_member(event(slug()), UserSlug(slug()));
          break;
        default:
          batch.put_member(event(slug()), DirectoryMember(UserSlug(slug()), "m" + std::to_string(pick(2)), {}));
      }
    }
    auto done = directory->apply(batch, directory->revision()).wait();
    taken += done ? 1 : 0;
    if (!done) continue;
    // Everything that is referred to is there, and every name is one user's.
    for (int i = 0; i < 8; ++i) {
      const auto room = directory->room(event("s" + std::to_string(i)));
      if (!room) continue;
      CHECK(directory->user(room->creator()).has_value());
      for (const DirectoryMember& one : room->members()) CHECK(directory->user(one.user()).has_value());
    }
    REQUIRE(follower->refresh().wait().has_value());
    CHECK(state_of(*follower) == state_of(*directory));
    if (round % 5 != 0) continue;
    const auto load = loaded->load(text_of(*directory)).wait();
    REQUIRE_MESSAGE(load.has_value(), std::string(load ? "" : load.error().message()));
    CHECK(state_of(*loaded) == state_of(*directory));
  }
  CHECK(taken > 60);
  CHECK(state_of(*open()) == state_of(*directory));
  CHECK(state_of(*open("loaded")) == state_of(*loaded));
}

TEST_CASE_FIXTURE(StoredFixture, "StoredDirectory: look-ups go on while changes large and small are made") {
  const Directory directory = furnished();
  std::atomic<bool> stop{false};
  std::atomic<int> missing{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto room = directory->room(event("picnic"));
        if (!room || !room->admits(UserSlug("ben")) || !directory->user(UserSlug("ana"))) ++missing;
      }
    });
  }
  for (int round = 0; round < 10; ++round) {
    apply(directory, many(round % 2 == 0 ? 300 : 10));
    apply(directory, DirectoryBatch().erase_room(group("all")));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(missing == 0);
}
