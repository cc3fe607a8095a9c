// A host's own store is not trusted: what it answers is checked, and that it answers once.
#include "store/checked_store.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <thread>

#include "contract/store_client.hpp"

using namespace confab;
using namespace confab::test;

namespace {

// Does what it is told, on a thread per call.
class OddStore final : public Store {
 public:
  std::function<void(StoreHandler<std::optional<StoreRecord>>)> on_get;
  std::function<void(StoreHandler<StorePage>)> on_list;
  std::function<void(StoreHandler<std::vector<StoreVersion>>)> on_transact;
  ~OddStore() override { join(); }
  void join() {
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  void get(std::string, StoreHandler<std::optional<StoreRecord>> done) override { run(on_get, std::move(done)); }
  void list(std::string, std::string, std::size_t, StoreHandler<StorePage> done) override {
    run(on_list, std::move(done));
  }
  void transact(std::vector<StoreWrite>, Durability, StoreHandler<std::vector<StoreVersion>> done) override {
    run(on_transact, std::move(done));
  }
  void now(StoreHandler<StoreTime> done) override {
    threads_.emplace_back([done = std::move(done)] { done(StoreTime()); });
  }

 private:
  template <class F, class Done>
  void run(const F& what, Done done) {
    threads_.emplace_back([what, done = std::move(done)]() mutable { what(std::move(done)); });
  }
  std::vector<std::thread> threads_;
};

struct Fixture {
  std::shared_ptr<OddStore> odd = std::make_shared<OddStore>();
  StoreClient client{store::checked(odd)};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a record of another key, without a version, or too large is an error of the store") {
  for (const auto& record :
       {StoreRecord("t/b", 1, "1"), StoreRecord("t/a", 0, "1"), StoreRecord("t/a", 1, std::string(300'000, ' '))}) {
    odd->on_get = [record](auto done) { done(std::optional<StoreRecord>(record)); };
    CHECK(outcome(client.get("t/a")) == "store");
  }
  odd->on_get = [](auto done) { done(std::optional<StoreRecord>(StoreRecord("t/a", 1, "1"))); };
  CHECK(client.value("t/a") == "1");
}
TEST_CASE_FIXTURE(Fixture, "a page out of order, of other keys, too long, or whose cursor stands still is an error") {
  const auto record = [](const char* key) { return StoreRecord(key, 1, "1"); };
  const std::vector<StorePage> pages = {
      StorePage({record("t/c"), record("t/b")}),
      StorePage({record("t/b"), record("t/b")}),
      StorePage({record("t/a")}),
      StorePage({record("u/a")}),
      StorePage({record("t/b"), record("t/c"), record("t/d"), record("t/e")}),
      StorePage({record("t/b")}, "t/a"),
      StorePage({record("t/b")}, "u/a"),
  };
  for (const StorePage& page : pages) {
    odd->on_list = [&page](auto done) { done(page); };
    CHECK(outcome(client.list("t/", "t/a", 3)) == "store");
  }
  odd->on_list = [&](auto done) { done(StorePage({record("t/b"), record("t/c")}, "t/c")); };
  CHECK(outcome(client.list("t/", "t/a", 3)) == "ok");
}
TEST_CASE_FIXTURE(Fixture, "versions that do not fit the writes are an error of the store") {
  for (const auto& versions :
       {std::vector<StoreVersion>{}, std::vector<StoreVersion>{0}, std::vector<StoreVersion>{1, 2}}) {
    odd->on_transact = [versions](auto done) { done(versions); };
    CHECK(outcome(client.put("t/a", 0, "1")) == "store");
  }
}
TEST_CASE_FIXTURE(Fixture, "an answer that never comes is an error as soon as that is certain") {
  odd->on_get = [](auto done) { (void)done; };
  CHECK(outcome(client.get("t/a")) == "store");
}
TEST_CASE_FIXTURE(Fixture, "an answer that comes twice counts once") {
  odd->on_transact = [](auto done) {
    done(std::vector<StoreVersion>{7});
    done(std::vector<StoreVersion>{8});
    done(Error(Errc::store, "no"));
  };
  int ends = 0;
  client.store().put_if(StoreWrite::put("t/a", 0, "1"), Durability::promised, [&](const Result<StoreVersion>& put) {
    ++ends;
    CHECK(put.value() == 7);
  });
  odd->join();
  CHECK(ends == 1);
}
TEST_CASE_FIXTURE(Fixture, "a store that throws is a store that failed") {
  struct Throwing final : Store {
    void get(std::string, StoreHandler<std::optional<StoreRecord>>) override { throw 1; }
    void list(std::string, std::string, std::size_t, StoreHandler<StorePage>) override { throw 1; }
    void transact(std::vector<StoreWrite>, Durability, StoreHandler<std::vector<StoreVersion>>) override { throw 1; }
    void now(StoreHandler<StoreTime>) override { throw 1; }
  };
  const StoreClient thrown(store::checked(std::make_shared<Throwing>()));
  CHECK(outcome(thrown.get("t/a")) == "store");
  CHECK(outcome(thrown.list("t/")) == "store");
  CHECK(outcome(thrown.put("t/a", 0, "1")) == "store");
  CHECK(outcome(thrown.now()) == "store");
  CHECK(outcome(thrown.get("")) == "store");
}
