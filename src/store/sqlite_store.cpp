#include "store/sqlite_store.hpp"

#include <algorithm>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "store/checked_store.hpp"
#include "store/job_queue.hpp"
#include "store/own_threads.hpp"
#include "store/sqlite_reader.hpp"
#include "store/sqlite_schema.hpp"
#include "store/sqlite_writer.hpp"
#include "util/no_memory.hpp"

namespace confab::store {
namespace {

// What the threads share and keep alive: the store itself may be gone while their last jobs run.
struct SqliteQueues {
  JobQueue reads;
  JobQueue writes;
};

class ReadLoop {
 public:
  ReadLoop(std::shared_ptr<SqliteQueues> queues, SqliteReader reader, std::shared_ptr<StoreClock> clock)
      : queues_(std::move(queues)), reader_(std::move(reader)), clock_(std::move(clock)) {}

  void run() {
    for (;;) {
      JobQueue::Entries taken = queues_->reads.take(1, 0);
      if (taken.empty()) return;
      try {
        if (taken.front().refused) {
          fail(taken.front().job, *taken.front().refused);
        } else {
          std::visit([this](auto& job) { job.done(answer(job)); }, taken.front().job);
        }
      } catch (const std::bad_alloc&) {
        fail(taken.front().job, no_memory());
      }
    }
  }

 private:
  Result<std::optional<StoreRecord>> answer(GetJob& job) { return reader_.get(job.key, clock_->now()); }
  Result<StorePage> answer(ListJob& job) { return reader_.list(job.prefix, job.cursor, job.limit, clock_->now()); }
  Result<StoreTime> answer(NowJob& /*job*/) { return clock_->now(); }
  Result<std::vector<StoreVersion>> answer(TransactJob& /*job*/) {
    return Error(Errc::internal, "a write was given to a reader");
  }

  std::shared_ptr<SqliteQueues> queues_;
  SqliteReader reader_;
  std::shared_ptr<StoreClock> clock_;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteWriter writer, std::vector<SqliteReader> readers, const std::shared_ptr<StoreClock>& clock)
      : queues_(std::make_shared<SqliteQueues>()) {
    for (SqliteReader& reader : readers) {
      threads_.start([loop = ReadLoop(queues_, std::move(reader), clock)]() mutable { loop.run(); });
    }
    threads_.start([queues = queues_, writer = std::move(writer)]() mutable {
      for (;;) {
        JobQueue::Entries group = queues->writes.take(SqliteWriter::most_jobs, SqliteWriter::most_bytes);
        if (group.empty()) return;
        writer.run(std::move(group));
      }
    });
  }
  ~SqliteStore() override {
    queues_->writes.close();
    queues_->reads.close();
  }

  void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) override {
    queues_->reads.push(GetJob{std::move(key), AnswerOnce(std::move(done))});
  }
  void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) override {
    queues_->reads.push(ListJob{std::move(prefix), std::move(cursor), limit, AnswerOnce(std::move(done))});
  }
  void transact(std::vector<StoreWrite> writes, Durability durability,
                StoreHandler<std::vector<StoreVersion>> done) override {
    queues_->writes.push(TransactJob{std::move(writes), durability, AnswerOnce(std::move(done))});
  }
  void now(StoreHandler<StoreTime> done) override { queues_->reads.push(NowJob{AnswerOnce(std::move(done))}); }

 private:
  std::shared_ptr<SqliteQueues> queues_;
  OwnThreads threads_;
};

Result<std::shared_ptr<Store>> open(const SqliteStoreOptions& options, const std::string& path) {
  if (auto prepared = prepare_sqlite_file(path); !prepared) return std::move(prepared).error();
  auto first = SqliteConnection::open(path, options.patience());
  if (!first) return std::move(first).error();
  if (auto migrated = migrate_sqlite_file(*first, options.patience()); !migrated) return std::move(migrated).error();
  if (auto hidden = close_to_others(path); !hidden) return std::move(hidden).error();

  const auto clock = std::make_shared<StoreClock>(options.clock());
  auto writer = SqliteWriter::open(std::move(*first), options.most_bytes(), clock);
  if (!writer) return std::move(writer).error();
  std::vector<SqliteReader> readers;
  for (std::size_t i = 0; i < std::clamp<std::size_t>(options.readers(), 1, 16); ++i) {
    auto connection = SqliteConnection::open(path, options.patience());
    if (!connection) return std::move(connection).error();
    auto reader = SqliteReader::open(std::move(*connection));
    if (!reader) return std::move(reader).error();
    readers.push_back(std::move(*reader));
  }
  return checked(std::make_shared<SqliteStore>(std::move(*writer), std::move(readers), clock));
}

}  // namespace

Result<std::shared_ptr<Store>> open_sqlite_store(const SqliteStoreOptions& options) {
  try {
    // Absolute: no name can mean one of SQLite's special files, and a later chdir() changes nothing.
    std::error_code failed;
    const std::string path =
        options.path().empty() ? std::string() : std::filesystem::absolute(options.path(), failed).string();
    if (failed) return store_fault(options.path(), "cannot be found from the current folder: give an absolute path");
    return open(options, path);
  } catch (const std::bad_alloc&) {
    return Error(Errc::no_memory, "an allocation failed while the store was opened");
  } catch (const std::system_error&) {
    return Error(Errc::busy, "no thread could be made for the store").with_subject("store.path");
  }
}

}  // namespace confab::store
