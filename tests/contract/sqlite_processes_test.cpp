// The SQLite store between processes: several on one file, and one that is killed while it writes, many times.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "contract/backends.hpp"
#include "contract/writer_process.hpp"

using namespace confab;
using namespace confab::test;

namespace {

StoreClient sqlite_client(const std::string& path) {
  auto opened = store::open_sqlite_store(store::SqliteStoreOptions(path).readers(1));
  if (!opened) throw std::runtime_error(std::string(opened.error().message()));
  return StoreClient(*opened);
}

}  // namespace

TEST_CASE("sqlite: a writer killed at any moment loses no promise and leaves no half") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("store");
  kill_writers(path, wanted_kills(200), 1, [&] { return sqlite_client(path); });
}

TEST_CASE("sqlite: two processes raise one counter, and nothing is lost") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("store");
  const StoreClient client = sqlite_client(path);
  WriterProcess one(path, "count", "150");
  WriterProcess two(path, "count", "150");
  int versions = 0;
  StoreVersion last = 0;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(100);
  while (client.value("shared/counter") != "300") {
    REQUIRE(std::chrono::steady_clock::now() < limit);
    const auto record = client.get("shared/counter");
    REQUIRE(record);
    if (!*record) continue;
    CHECK((**record).version() >= last);
    if ((**record).version() > last) ++versions;
    last = (**record).version();
    REQUIRE(versions <= 300);
  }
  CHECK(one.status() == 0);
  CHECK(two.status() == 0);
  CHECK(client.version("shared/counter") == 300);
}

TEST_CASE("sqlite: processes that make the same file at once agree on it") {
  for (int round = 0; round < 5; ++round) {
    const TemporaryDirectory folder;
    const std::string path = folder.file("store");
    WriterProcess one(path, "count", "5");
    WriterProcess two(path, "count", "5");
    WriterProcess three(path, "count", "5");
    CHECK(one.status() == 0);
    CHECK(two.status() == 0);
    CHECK(three.status() == 0);
    CHECK(sqlite_client(path).value("shared/counter") == "15");
  }
}
