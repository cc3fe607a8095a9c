// The PostgreSQL store between processes: one that is killed while it writes, many times, and a server that crashes.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "contract/backends.hpp"
#include "contract/writer_process.hpp"

using namespace confab;
using namespace confab::test;

namespace {

std::string shared_schema() {
  ::setenv("CONFAB_STORE_DSN", database().dsn().c_str(), 1);  // not an argument: those are for everybody to see
  return fresh_schema();
}
StoreClient postgresql_client(const std::string& schema) {
  return StoreClient(open_postgresql(store::PostgresqlStoreOptions(database_dsn()).schema(schema).readers(1)));
}

}  // namespace

TEST_CASE("postgresql: a writer killed at any moment loses no promise and leaves no half") {
  const std::string schema = shared_schema();
  const StoreClient client = postgresql_client(schema);
  kill_writers("postgresql:" + schema + ":0", wanted_kills(15), 2, [&] { return client; });
}

TEST_CASE("postgresql: four processes raise one counter, and nothing is lost") {
  const std::string schema = shared_schema();
  const std::string where = "postgresql:" + schema + ":0";
  WriterProcess one(where, "count", "60");
  WriterProcess two(where, "count", "60");
  WriterProcess three(where, "count", "60");
  WriterProcess four(where, "count", "60");
  for (WriterProcess* each : {&one, &two, &three, &four}) CHECK(each->status() == 0);
  CHECK(postgresql_client(schema).value("shared/counter") == "240");
}

TEST_CASE("postgresql: a server that crashes and comes back is waited for, and loses no promise") {
  PostgresqlServer server(CONFAB_POSTGRESQL_SCRIPT);
  const auto opened = store::open_postgresql_store(
      store::PostgresqlStoreOptions(Secret(server.dsn())).patience(std::chrono::seconds(60)).readers(1));
  REQUIRE(opened);
  const StoreClient client(*opened);
  std::atomic<bool> over{false};
  std::vector<int> promised(4, -1);
  std::vector<std::string> failed(4);
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < promised.size(); ++i) {
    writers.emplace_back([&, i] {
      const std::string key = "t/" + std::to_string(i);
      StoreVersion version = 0;
      for (int number = 0; !over; ++number) {
        const auto put = client.put(key, version, std::to_string(number));
        if (!put) {
          failed[i] = outcome(put);
          return;
        }
        version = *put;
        promised[i] = number;
      }
    });
  }
  while (client.value("t/0") == "-") {
  }
  for (int i = 0; i < 2; ++i) {
    server.crash();
    const std::string before = client.value("t/0");
    while (client.value("t/0") == before && failed[0].empty()) {
    }
  }
  over = true;
  for (auto& writer : writers) writer.join();
  for (std::size_t i = 0; i < promised.size(); ++i) {
    CHECK(failed[i] == "");
    CHECK(client.value("t/" + std::to_string(i)) == std::to_string(promised[i]));
  }
}
