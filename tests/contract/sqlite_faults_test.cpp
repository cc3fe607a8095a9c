// The SQLite store when its disk fails at any step, and when the power is cut.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <string>

#include "contract/backends.hpp"
#include "contract/fault_vfs.hpp"
#include "contract/older_file.hpp"

using namespace confab;
using namespace confab::test;

namespace {

std::shared_ptr<Store> open_opened(const std::string& path) {
  auto opened = store::open_sqlite_store(store::SqliteStoreOptions(path).readers(1));
  if (!opened) throw std::runtime_error(std::string(opened.error().message()));
  return *opened;
}

std::vector<StoreWrite> pair(int number, StoreVersion a, StoreVersion b) {
  // Large enough for several pages, so that a write has many steps that can fail.
  const std::string value = "[" + std::to_string(number) + ",\"" + std::string(9000, 'x') + "\"]";
  return {StoreWrite::put("pair/a", a, value), StoreWrite::put("pair/b", b, value)};
}
int number_in(const std::string& value) { return value == "-" ? -1 : std::stoi(value.substr(1)); }

int sql_number(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK);
  CHECK(sqlite3_step(statement) == SQLITE_ROW);
  const int number = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return number;
}

// Whether the disk was made to fail, from this step on, while a store was opened; it is well again afterwards.
bool fails_while_it_is_opened(FaultVfs& disk, const std::string& path, int step) {
  disk.fail_at(step, SQLITE_IOERR_WRITE, true);
  bool failed = false;
  {
    const auto opened = store::open_sqlite_store(store::SqliteStoreOptions(path));
    if (!opened) {
      CHECK(opened.error().code() == Errc::store);
      CHECK(opened.error().subject() == "store.path");
    }
    failed = disk.failed();
  }
  disk.heal();
  return failed;
}

// Fails one step after the other, each in a fresh store, until the work gets by without reaching the failing step.
void fail_each_step(int code, bool for_good) {
  int steps = 0;
  for (bool failed = true; failed; ++steps) {
    REQUIRE(steps < 200);
    const TemporaryDirectory folder;
    FaultVfs disk;
    int promised = -1;
    int attempted = -1;
    {
      const StoreClient c(open_opened(folder.file("store")));
      StoreVersion a = 0;
      StoreVersion b = 0;
      for (int i = 0; i < 4; ++i) {
        if (i == 2) disk.fail_at(steps, code, for_good);
        attempted = i;
        const auto done = c.transact(pair(i, a, b));
        if (!done) {
          CAPTURE(done.error().message());
          CHECK(done.error().code() == Errc::store);
          CHECK(done.error().subject() == "store.path");
          break;
        }
        promised = i;
        a = (*done)[0];
        b = (*done)[1];
      }
      failed = disk.failed();
      if (!for_good) disk.heal();
      // Also while it is up: the old pair or the new, never a mixture.
      if (!for_good) {
        const int now = number_in(c.value("pair/a"));
        CHECK(now == number_in(c.value("pair/b")));
        CHECK(now >= promised);
        CHECK(outcome(c.put("after", 0, "1")) == "ok");
      }
    }
    disk.heal();
    const StoreClient c(open_opened(folder.file("store")));
    const int found = number_in(c.value("pair/a"));
    CHECK(found == number_in(c.value("pair/b")));
    CHECK(found >= promised);
    CHECK(found <= attempted);
    CHECK(outcome(c.put("later", 0, "1")) == "ok");
  }
  MESSAGE("code ", code, for_good ? ", for good: " : ", once: ", steps, " runs");
  CHECK(steps > 5);
}

}  // namespace

TEST_CASE("sqlite: a full disk at any step loses no promise and writes no half, and is got over") {
  fail_each_step(SQLITE_FULL, false);
}
TEST_CASE("sqlite: a disk that stays full from any step on loses no promise and writes no half") {
  fail_each_step(SQLITE_FULL, true);
}
TEST_CASE("sqlite: a write that fails at any step loses no promise and writes no half, and is got over") {
  fail_each_step(SQLITE_IOERR_WRITE, false);
}
TEST_CASE("sqlite: a disk that fails from any step on loses no promise and writes no half") {
  fail_each_step(SQLITE_IOERR_FSYNC, true);
}

TEST_CASE("sqlite: a file that can no more be read from any step on is an error, and loses nothing") {
  int steps = 0;
  for (bool failed = true; failed; ++steps) {
    REQUIRE(steps < 200);
    const TemporaryDirectory folder;
    std::vector<StoreVersion> at;
    {
      const auto done = StoreClient(open_opened(folder.file("store"))).transact(pair(0, 0, 0));
      REQUIRE(done);
      at = *done;
    }
    FaultVfs disk;
    disk.fail_reads_too();
    disk.fail_at(steps, SQLITE_IOERR_READ, true);
    bool promised = false;
    {
      const auto opened = store::open_sqlite_store(store::SqliteStoreOptions(folder.file("store")).readers(1));
      if (opened) {
        const auto done = StoreClient(*opened).transact(pair(1, at[0], at[1]));
        if (!done) CHECK(done.error().code() == Errc::store);
        promised = done.has_value();
      } else {
        CHECK(opened.error().code() == Errc::store);
        CHECK(opened.error().subject() == "store.path");
      }
      failed = disk.failed();
      CHECK(promised != failed);
    }
    disk.heal();
    const StoreClient c(open_opened(folder.file("store")));
    const int found = number_in(c.value("pair/a"));
    CHECK(found == number_in(c.value("pair/b")));
    CHECK(found >= (promised ? 1 : 0));
    CHECK(outcome(c.put("later", 0, "1")) == "ok");
  }
  MESSAGE(steps, " runs");
  CHECK(steps > 5);
}

TEST_CASE(
    "sqlite: a file of an older release on a disk that fails at any step loses nothing, and is brought up to date "
    "later") {
  int steps = 0;
  for (bool failed = true; failed; ++steps) {
    REQUIRE(steps < 200);
    const TemporaryDirectory folder;
    make_older_file(folder.file("store"));
    FaultVfs disk;
    disk.fail_reads_too();
    failed = fails_while_it_is_opened(disk, folder.file("store"), steps);
    {
      const StoreClient c(open_opened(folder.file("store")));
      CHECK(c.value("t/a") == "\"old\"");
      CHECK(c.put("t/a", 41, "2").value_or(0) == 42);
    }
    CHECK(sql_number(folder.file("store"), "PRAGMA user_version") == 2);
  }
  MESSAGE(steps, " runs");
  CHECK(steps > 10);
}

TEST_CASE("sqlite: opening a new file on a disk that fails at any step is an error, and repeated it succeeds") {
  int steps = 0;
  for (bool failed = true; failed; ++steps) {
    REQUIRE(steps < 200);
    const TemporaryDirectory folder;
    FaultVfs disk;
    failed = fails_while_it_is_opened(disk, folder.file("store"), steps);
    const StoreClient c(open_opened(folder.file("store")));
    CHECK(outcome(c.put("t/a", 0, "1")) == "ok");
  }
  CHECK(steps > 3);
}

TEST_CASE("sqlite: what was promised outlives a loss of power, what was relaxed is lost whole or not at all") {
  const TemporaryDirectory folder;
  FaultVfs disk;
  const StoreClient c(open_opened(folder.file("store")));
  StoreVersion a = 0;
  StoreVersion b = 0;
  int promised = -1;
  for (int i = 0; i < 90; ++i) {  // beyond the thousand pages after which the log is brought into the file
    const bool power_safe = i % 3 != 1;
    const auto done = c.transact(pair(i, a, b), power_safe ? Durability::promised : Durability::relaxed);
    REQUIRE(done);
    a = (*done)[0];
    b = (*done)[1];
    if (power_safe) promised = i;
    const auto left = folder.path() / ("cut" + std::to_string(i));
    disk.after_power_cut(left);
    const StoreClient after(open_opened((left / "store").string()));
    const int found = number_in(after.value("pair/a"));
    CHECK(found == number_in(after.value("pair/b")));
    CHECK(found >= promised);
    CHECK(found <= i);
  }
}

TEST_CASE("sqlite: a promised write syncs the log, a relaxed one does not") {
  const TemporaryDirectory folder;
  const FaultVfs disk;
  const StoreClient c(open_opened(folder.file("store")));
  REQUIRE(c.put("t/a", 0, "1"));
  int before = disk.log_syncs();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(c.put_if(StoreWrite::put("r/" + std::to_string(i), 0, "1"), Durability::relaxed));
  }
  CHECK(disk.log_syncs() == before);
  before = disk.log_syncs();
  for (int i = 0; i < 10; ++i) REQUIRE(c.put("p/" + std::to_string(i), 0, "1"));
  CHECK(disk.log_syncs() >= before + 10);
}

TEST_CASE("sqlite: promises asked for at once share the syncs of the log") {
  const TemporaryDirectory folder;
  const FaultVfs disk;
  const auto opened = open_opened(folder.file("store"));
  const int before = disk.log_syncs();
  constexpr int most = 640;
  std::atomic<int> ends{0};
  std::atomic<int> good{0};
  std::promise<void> last;
  for (int i = 0; i < most; ++i) {
    opened->put_if(StoreWrite::put("t/" + std::to_string(i), 0, "1"), Durability::promised,
                   [&](const Result<StoreVersion>& put) {
                     if (put) ++good;
                     if (++ends == most) last.set_value();
                   });
  }
  REQUIRE(last.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  CHECK(good == most);
  CHECK(disk.log_syncs() - before < most / 2);
}
