#include "store/postgresql_store.hpp"

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "store/checked_store.hpp"
#include "store/job_queue.hpp"
#include "store/own_threads.hpp"
#include "store/postgresql_connection.hpp"
#include "store/postgresql_reader.hpp"
#include "store/postgresql_schema.hpp"
#include "store/postgresql_session.hpp"
#include "store/postgresql_writer.hpp"
#include "store/random_secret.hpp"

namespace confab::store {
namespace {

// What the threads share and keep alive: the store itself may be gone while their last jobs run.
struct PostgresqlQueues {
  JobQueue reads;
  JobQueue writes;
};

class PostgresqlStore final : public Store {
 public:
  PostgresqlStore(PostgresqlWriter writer, std::vector<PostgresqlReader> readers, std::shared_ptr<PostgresqlStop> stop)
      : queues_(std::make_shared<PostgresqlQueues>()), stop_(std::move(stop)) {
    for (PostgresqlReader& reader : readers) {
      threads_.start([queues = queues_, reader = std::move(reader)]() mutable {
        serve(queues->reads, reader, PostgresqlReader::most_jobs, JobQueue::most_bytes);
      });
    }
    threads_.start([queues = queues_, writer = std::move(writer)]() mutable {
      serve(queues->writes, writer, PostgresqlWriter::most_jobs, PostgresqlWriter::most_bytes);
    });
  }
  ~PostgresqlStore() override {
    queues_->writes.close();
    queues_->reads.close();
    stop_->raise();
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
  template <class Server>
  static void serve(JobQueue& queue, Server& server, std::size_t jobs, std::size_t bytes) {
    for (;;) {
      JobQueue::Entries group = queue.take(jobs, bytes);
      if (group.empty()) return;
      server.run(std::move(group));
    }
  }

  std::shared_ptr<PostgresqlQueues> queues_;
  std::shared_ptr<PostgresqlStop> stop_;
  OwnThreads threads_;
};

Result<std::shared_ptr<Store>> open(const PostgresqlStoreOptions& options) {
  if (auto legal = PostgresqlConnection::check_dsn(options.dsn()); !legal) return std::move(legal).error();
  if (auto legal = check_schema_name(options.schema()); !legal) return std::move(legal).error();
  const auto stop = std::make_shared<PostgresqlStop>();
  const auto session = [&] {
    return PostgresqlSession(options.dsn(), options.patience(), options.answer_within(), stop);
  };
  PostgresqlSession first = session();
  if (auto migrated = migrate_postgresql(first, options.schema(), options.steps()); !migrated) {
    return std::move(migrated).error();
  }
  const auto name = random_secret();
  if (!name) return name.error();
  PostgresqlWriter writer(std::move(first), transact_statement(options.schema(), options.steps().back().transact),
                          std::string(name->reveal()), options.clock());
  const auto latest = std::make_shared<LatestTime>();
  std::vector<PostgresqlReader> readers;
  for (std::size_t i = 0; i < std::clamp<std::size_t>(options.readers(), 1, 16); ++i) {
    readers.emplace_back(session(), options.schema(), options.clock(), latest);
  }
  return checked(std::make_shared<PostgresqlStore>(std::move(writer), std::move(readers), stop));
}

}  // namespace

Result<std::shared_ptr<Store>> open_postgresql_store(const PostgresqlStoreOptions& options) {
  try {
    return open(options);
  } catch (const std::bad_alloc&) {
    return Error(Errc::no_memory, "an allocation failed while the store was opened");
  } catch (const std::system_error&) {
    return Error(Errc::busy, "no thread could be made for the store").with_subject("store.dsn");
  }
}

}  // namespace confab::store
