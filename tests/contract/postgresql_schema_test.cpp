// The PostgreSQL store's tables: made, brought up to date while others use them, refused when they are too new.
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "contract/backends.hpp"
#include "contract/schema_steps.hpp"
#include "contract/writer_process.hpp"

using namespace confab;
using namespace confab::test;

namespace {

store::PostgresqlStoreOptions release(const std::string& schema, int more) {
  return store::PostgresqlStoreOptions(database_dsn()).schema(schema).steps(later_steps(more)).readers(1);
}
std::string opens(const std::string& schema, int more) {
  return outcome(store::open_postgresql_store(release(schema, more)));
}

}  // namespace

TEST_CASE("postgresql: many who make the same tables at once agree on them") {
  const std::string schema = fresh_schema();
  (void)database();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      const auto opened = store::open_postgresql_store(release(schema, i % 2));
      if (!opened) return;
      const StoreClient client(*opened);
      if (client.put("t/" + std::to_string(i), 0, "1")) ++good;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(good == 6);
  CHECK(StoreClient(open_postgresql(release(schema, 0))).keys("t/").size() == 6);
}

TEST_CASE("postgresql: what a newer release has expanded is used, what it has contracted is refused and left alone") {
  const std::string schema = fresh_schema();
  CHECK(opens(schema, 1) == "ok");
  CHECK(opens(schema, 0) == "ok");
  CHECK(opens(schema, 2) == "ok");
  CHECK(opens(schema, 1) == "ok");
  const auto refused = store::open_postgresql_store(release(schema, 0));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::store);
  CHECK(refused.error().subject() == "store.dsn");
  CHECK_FALSE(refused.error().retriable());
  CHECK(refused.error().message().find("newer release") != std::string_view::npos);
  CHECK(opens(schema, 2) == "ok");
}

TEST_CASE(
    "postgresql: a process of the release before goes on while a newer one expands, and says so once it contracts") {
  const std::string schema = fresh_schema();
  const StoreClient before(open_postgresql(release(schema, 0)));
  REQUIRE(before.put("t/a", 0, "1"));
  const StoreClient after(open_postgresql(release(schema, 1)));
  for (int i = 0; i < 5; ++i) {
    CHECK(outcome(before.put("t/a", after.version("t/a"), "1")) == "ok");
    CHECK(outcome(after.put("t/a", before.version("t/a"), "2")) == "ok");
  }
  const StoreClient last(open_postgresql(release(schema, 2)));
  const auto refused = before.put("t/a", before.version("t/a"), "3");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::store);
  CHECK_FALSE(refused.error().retriable());
  CHECK(outcome(after.put("t/a", after.version("t/a"), "4")) == "ok");
  CHECK(last.value("t/a") == "4");
}

TEST_CASE(
    "postgresql: processes of this release and of a newer one share a database under load, from the first step on") {
  const std::string schema = fresh_schema();
  ::setenv("CONFAB_STORE_DSN", database().dsn().c_str(), 1);
  const std::string where = "postgresql:" + schema + ":";
  const StoreClient client(open_postgresql(release(schema, 0)));
  {
    WriterProcess pairs(where + "0", "pairs");
    WriterProcess one(where + "0", "count", "120");
    while (pairs.lines() < 20) REQUIRE(pairs.read());
    // Expands while the two write.
    WriterProcess two(where + "1", "count", "120");
    CHECK(one.status() == 0);
    CHECK(two.status() == 0);
    const int told = pairs.lines();
    while (pairs.lines() < told + 20) REQUIRE(pairs.read());
    pairs.kill();
    while (pairs.read()) {
    }
    auto promised = pairs.promised();
    check_pairs(client, promised, 1);
  }
  CHECK(client.value("shared/counter") == "240");
  CHECK(opens(schema, 2) == "ok");
  CHECK(opens(schema, 0) == "store");
}

TEST_CASE("postgresql: a schema of another program is left alone") {
  const std::string schema = fresh_schema();
  // A release before the first: its only step makes tables that are none of ours.
  static constexpr std::array<store::PostgresqlStep, 1> foreign = {
      store::PostgresqlStep{"CREATE TABLE {schema}.record (mine text)", 1, "none"}};
  REQUIRE(store::open_postgresql_store(
      store::PostgresqlStoreOptions(database_dsn()).schema(schema).steps(store::PostgresqlSteps(foreign))));
  const StoreClient client(open_postgresql(release(schema, 0)));
  CHECK(outcome(client.put("t/a", 0, "1")) == "store");
  CHECK(outcome(client.get("t/a")) == "store");
}
