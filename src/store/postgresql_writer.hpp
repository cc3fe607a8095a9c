// PostgresqlWriter: writes what waits as one group, in one statement, so that many promises cost one commit.
#pragma once

#include <confab/store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/job_queue.hpp"
#include "store/postgresql_session.hpp"
#include "store/store_clock.hpp"

namespace confab::store {

/// One thread's. Each job of a group still happens wholly or not at all, and sees those before it.
class PostgresqlWriter {
 public:
  static constexpr std::size_t most_jobs = 256;  // in a group
  static constexpr std::size_t most_bytes = std::size_t{4} << 20U;

  /// `name` is this writer's own, unlike that of any other.
  PostgresqlWriter(PostgresqlSession session, std::string statement, std::string name, ClockSource clock);

  /// Write the group and answer every job of it, after the commit.
  void run(JobQueue::Entries group);

 private:
  [[nodiscard]] Result<std::vector<std::int64_t>> write(const std::vector<TransactJob*>& jobs);

  PostgresqlSession session_;
  std::string statement_;
  std::string name_;  // with a number it is the id of a group
  ClockSource clock_;
  std::uint64_t groups_ = 0;
  std::chrono::steady_clock::time_point next_sweep_{};
};

/// Calls the function of the schema that writes; see postgresql_steps.
[[nodiscard]] std::string transact_statement(const std::string& schema, const char* function);

}  // namespace confab::store
