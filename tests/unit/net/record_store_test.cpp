#include "net/record_store.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "contract/faulty_store.hpp"
#include "store/memory_store.hpp"
#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::run;

namespace {

// Keeps what it is asked and answers when the test says so.
class SilentStore final : public Store {
 public:
  void get(std::string /*key*/, StoreHandler<std::optional<StoreRecord>> done) override {
    const std::lock_guard lock(mutex);
    asked.push_back(std::move(done));
  }
  void list(std::string, std::string, std::size_t, StoreHandler<StorePage>) override {}
  void transact(std::vector<StoreWrite>, Durability, StoreHandler<std::vector<StoreVersion>>) override {}
  void now(StoreHandler<StoreTime>) override {}
  std::mutex mutex;
  std::vector<StoreHandler<std::optional<StoreRecord>>> asked;
};

using Found = std::optional<StoreRecord>;

Task<Result<Found>> get(net::RecordStore records, std::string key, net::CallContext context) {
  Result<Found> found = co_await records.get(context, std::move(key));
  if (net::EventLoop::current() != &context.loop()) co_return Error(Errc::internal, "came back elsewhere");
  co_return found;
}

Task<Result<int>> a_life(net::RecordStore records, net::CallContext context) {
  Result<StoreVersion> put = co_await records.put_if(context, StoreWrite::put("a/1", 0, "1"), Durability::promised);
  if (!put) co_return std::move(put).error();
  std::vector<StoreWrite> writes;
  writes.push_back(StoreWrite::put("a/2", 0, "2"));
  writes.push_back(StoreWrite::check("a/1", *put));
  Result<std::vector<StoreVersion>> both = co_await records.transact(context, std::move(writes), Durability::relaxed);
  if (!both) co_return std::move(both).error();
  Result<StorePage> page = co_await records.list(context, "a/", "", 10);
  if (!page) co_return std::move(page).error();
  Result<StoreTime> now = co_await records.now(context);
  if (!now) co_return std::move(now).error();
  co_return static_cast<int>(page->records().size());
}

}  // namespace

TEST_CASE("RecordStore: what is put is got, on the loop that asked") {
  Runtime runtime(RuntimeOptions().loop_threads(2));
  const net::RecordStore records(store::make_memory_store());
  CHECK(run<int>(runtime, [&](net::CallContext context) { return a_life(records, std::move(context)); }).value() == 2);
  for (const char* user : {"ana", "ben", "cleo"}) {
    const auto found = run<Found>(
        runtime, [&](net::CallContext context) { return get(records, "a/1", std::move(context)); }, CallOptions(),
        user);
    REQUIRE(found.has_value());
    CHECK((*found)->value() == "1");
  }
}

TEST_CASE("RecordStore: what the store says is what is told") {
  Runtime runtime;
  const net::RecordStore records(std::make_shared<test::FaultyStore>(store::make_memory_store(), Errc::store,
                                                                     [](int) { return test::Fault::before; }));
  const auto body = [&](net::CallContext context) { return get(records, "a", std::move(context)); };
  CHECK(run<Found>(runtime, body).error().code() == Errc::store);
}

TEST_CASE("RecordStore: a store that does not answer holds nobody past the deadline, or a stop") {
  const auto silent = std::make_shared<SilentStore>();
  Runtime runtime;
  const auto body = [&](net::CallContext context) { return get(net::RecordStore(silent), "a", std::move(context)); };
  CHECK(run<Found>(runtime, body, CallOptions().within(20ms)).error().code() == Errc::timed_out);
  std::stop_source stop;
  stop.request_stop();
  CHECK(run<Found>(runtime, body, CallOptions().stop(stop.get_token())).error().code() == Errc::cancelled);
  // Answers that come later find nobody.
  for (auto& done : silent->asked) done(Found());
}

TEST_CASE("RecordStore: a Runtime that goes away leaves a store's answer nobody to wake") {
  const auto silent = std::make_shared<SilentStore>();
  {
    Runtime runtime;
    test::Together<Found> calls;
    calls.start(runtime,
                [&](net::CallContext context) { return get(net::RecordStore(silent), "a", std::move(context)); });
    for (;;) {
      const std::lock_guard lock(silent->mutex);
      if (!silent->asked.empty()) break;
      std::this_thread::yield();
    }
  }
  for (auto& done : silent->asked) done(Found());
}
