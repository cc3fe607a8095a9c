// The PostgreSQL store when its connections break at any step: nothing promised is lost, nothing is done twice.
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "contract/backends.hpp"
#include "support/postgresql_proxy.hpp"

using namespace confab;
using namespace confab::test;
using namespace std::chrono_literals;
using Break = PostgresqlProxy::Fault;

namespace {

class Broken {
 public:
  explicit Broken(std::chrono::milliseconds patience = 10s, std::chrono::milliseconds answer_within = 10s)
      : proxy(database().port()), client(open_postgresql(options(patience, answer_within))) {}

  store::PostgresqlStoreOptions options(std::chrono::milliseconds patience, std::chrono::milliseconds answer_within) {
    return store::PostgresqlStoreOptions(Secret(database().dsn_at(proxy.port()) + "&gssencmode=disable"))
        .patience(patience)
        .answer_within(answer_within)
        .readers(1)
        .schema(schema);
  }

  std::string schema = fresh_schema();
  PostgresqlProxy proxy;
  StoreClient client;
};

// Each kind of operation once. Whoever repeats a write whose answer was lost must not notice it: a conflict here would
// be one with ourselves.
void work(const StoreClient& c, int round) {
  const std::string value = std::to_string(round);
  const auto pair =
      c.transact({StoreWrite::put("pair/a", c.version("pair/a"), value), StoreWrite::put("pair/b", 0, value)});
  REQUIRE_MESSAGE(outcome(pair) == "ok", round);
  CHECK(c.version("pair/a") == (*pair)[0]);
  CHECK(c.version("pair/b") == (*pair)[1]);
  REQUIRE_MESSAGE(outcome(c.erase("pair/b", (*pair)[1])) == "ok", round);
  CHECK(outcome(c.put("pair/a", (*pair)[0] + 1, "0")) == "conflict");
  CHECK(c.keys("pair/") == std::vector<std::string>{"pair/a"});
  CHECK(c.value("pair/a") == value);
}

// Breaks one message after the other, until the work gets by without reaching the one that breaks.
void fail_each_step(Broken& broken, Break fault, int stride) {
  work(broken.client, -1);
  int runs = 0;
  for (int step = 0;; step += stride, ++runs) {
    CAPTURE(step);
    REQUIRE(step < 1000);
    broken.proxy.fail_at(step, fault);
    work(broken.client, step);
    if (!broken.proxy.failed()) break;
  }
  MESSAGE("broken at ", runs, " steps, ", broken.proxy.connections(), " connections");
  CHECK(runs > 20 / stride);
}

bool is_answer_to_write(const PostgresqlProxy::Message& message) { return message.from_server && message.type == 'D'; }

}  // namespace

TEST_CASE("postgresql: a connection cut at any message is made again, and nothing is lost or done twice") {
  Broken broken;
  fail_each_step(broken, Break::cut, 1);
}
TEST_CASE(
    "postgresql: a connection cut in the middle of any message is made again, and nothing is lost or done twice") {
  Broken broken;
  fail_each_step(broken, Break::half, 3);
}
TEST_CASE("postgresql: a connection that stays open and silent from any message on is given up and made again") {
  Broken broken(10s, 150ms);
  fail_each_step(broken, Break::hold, 9);
}

TEST_CASE("postgresql: a write whose commit was answered into a dead connection happened, once") {
  Broken broken;
  const StoreClient direct(open_postgresql(store::PostgresqlStoreOptions(database_dsn()).schema(broken.schema)));
  StoreVersion version = 0;
  for (int i = 0; i < 10; ++i) {
    broken.proxy.fail_when(is_answer_to_write, Break::cut);
    const auto put = broken.client.put("t/a", version, std::to_string(i));
    REQUIRE(outcome(put) == "ok");
    CHECK(broken.proxy.failed());
    CHECK(*put > version);
    version = *put;
    CHECK(direct.version("t/a") == version);
    CHECK(direct.value("t/a") == std::to_string(i));
  }
}

TEST_CASE("postgresql: what was overtaken while the answer to its commit was lost still counts as done") {
  Broken broken;
  const StoreClient direct(open_postgresql(store::PostgresqlStoreOptions(database_dsn()).schema(broken.schema)));
  // Between the lost answer and the repetition somebody else changes the record: to be told from a conflict.
  std::promise<void> lost;
  broken.proxy.fail_when(
      [&](const PostgresqlProxy::Message& message) {
        if (!is_answer_to_write(message)) return false;
        const auto done = direct.get("t/a");
        if (done && *done) (void)direct.put("t/a", (**done).version(), "\"overtaken\"");
        lost.set_value();
        return true;
      },
      Break::cut);
  const auto put = broken.client.put("t/a", 0, "\"mine\"");
  CHECK(lost.get_future().wait_for(10s) == std::future_status::ready);
  CHECK(outcome(put) == "ok");
  CHECK(direct.value("t/a") == "\"overtaken\"");
  CHECK(direct.version("t/a") > *put);
}

TEST_CASE("postgresql: a conflict whose answer was lost stays a conflict") {
  Broken broken;
  REQUIRE(broken.client.put("t/a", 0, "1"));
  broken.proxy.fail_when(is_answer_to_write, Break::cut);
  const auto put = broken.client.put("t/a", 0, "2");
  CHECK(broken.proxy.failed());
  CHECK(outcome(put) == "conflict");
  CHECK(broken.client.value("t/a") == "1");
}

TEST_CASE(
    "postgresql: while the database is gone operations fail, and say that they may be repeated; then all goes on") {
  for (const int step : {0, 3, 7, 9}) {
    CAPTURE(step);
    Broken broken(150ms);
    const auto first = broken.client.put("t/a", 0, "1");
    REQUIRE(first);
    broken.proxy.fail_at(step, Break::for_good);
    const auto second = broken.client.put("t/a", *first, "2");
    REQUIRE_FALSE(second);
    CHECK(second.error().code() == Errc::store);
    CHECK(second.error().subject() == "store.dsn");
    CHECK(second.error().retriable());
    CHECK(outcome(broken.client.get("t/a")) == "store");
    // Once it was away for longer than the patience, nobody waits for it any more.
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) CHECK(outcome(broken.client.get("t/a")) == "store");
    CHECK(std::chrono::steady_clock::now() - begun < 2s);
    broken.proxy.heal();
    const auto until = std::chrono::steady_clock::now() + 20s;
    const auto back = [&](const std::string& how) {
      std::this_thread::sleep_for(2ms);
      return how == "ok" || std::chrono::steady_clock::now() > until;
    };
    while (!back(outcome(broken.client.get("t/a")))) {
    }
    // It happened or it did not: both are allowed, half is not.
    const std::string value = broken.client.value("t/a");
    CHECK((value == "1" || value == "2"));
    while (!back(outcome(broken.client.put("t/a", broken.client.version("t/a"), "3")))) {
    }
    CHECK(broken.client.value("t/a") == "3");
  }
}

TEST_CASE("postgresql: a store that ends while its database is gone does not wait for it") {
  const auto begun = std::chrono::steady_clock::now();
  {
    Broken broken(1h);
    broken.proxy.fail_at(0, Break::for_good);
    std::atomic<int> ends{0};
    for (int i = 0; i < 5; ++i) {
      broken.client.store().put_if(StoreWrite::put("t/a", 0, "1"), Durability::promised,
                                   [&](const Result<StoreVersion>&) { ++ends; });
    }
    // Until the writer has taken it up and lost its connection.
    while (!broken.proxy.failed()) std::this_thread::yield();
    broken.client = StoreClient(nullptr);
    CHECK(ends == 5);
  }
  CHECK(std::chrono::steady_clock::now() - begun < 20s);
}
