// SqliteWriter: writes what waits as one group, so that many promises cost one sync of the disk.
#pragma once

#include <confab/store.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/job_queue.hpp"
#include "store/sqlite_connection.hpp"
#include "store/store_clock.hpp"

namespace confab::store {

/// One thread's. Each job of a group still happens wholly or not at all, and sees those before it.
class SqliteWriter {
 public:
  static constexpr std::size_t most_jobs = 512;  // in a group
  static constexpr std::size_t most_bytes = std::size_t{4} << 20U;

  [[nodiscard]] static Result<SqliteWriter> open(SqliteConnection connection, std::size_t most_file_bytes,
                                                 std::shared_ptr<StoreClock> clock);

  /// Write the group and answer every job of it, after the commit.
  void run(JobQueue::Entries group);

 private:
  struct Step {  // a job of the group, and what it came to
    TransactJob* job;
    Result<std::vector<StoreVersion>> result;
  };
  struct Statements {
    SqliteStatement begin, commit, rollback, find, put, erase, read_counter, write_counter, sweep;
  };
  SqliteWriter(SqliteConnection connection, Statements statements, std::shared_ptr<StoreClock> clock)
      : connection_(std::move(connection)), statements_(std::move(statements)), clock_(std::move(clock)) {}

  void write(std::vector<Step>& steps);
  [[nodiscard]] Result<void> write_group(std::vector<Step>& steps);
  [[nodiscard]] Result<std::vector<StoreVersion>> apply(const TransactJob& job, StoreTime now);
  [[nodiscard]] Result<StoreVersion> version_of(const std::string& key, StoreTime now);
  [[nodiscard]] Result<void> put(const StoreWrite& write, StoreVersion version, StoreTime now);
  [[nodiscard]] Result<void> sweep(StoreTime now);
  [[nodiscard]] Result<void> promise(bool power_safe);

  SqliteConnection connection_;  // before the statements, which must be gone when it closes
  Statements statements_;
  std::shared_ptr<StoreClock> clock_;
  StoreVersion counter_ = 0;    // as in the running transaction
  bool medium_failed_ = false;  // the running transaction cannot be trusted any more
  bool power_safe_ = true;
  StoreTime next_sweep_{};
};

}  // namespace confab::store
