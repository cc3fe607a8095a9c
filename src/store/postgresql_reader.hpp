// PostgresqlReader: one thread's way of reading, beside the writer and other readers.
#pragma once

#include <confab/store.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/job_queue.hpp"
#include "store/postgresql_session.hpp"
#include "store/store_clock.hpp"

namespace confab::store {

class PostgresqlReader {
 public:
  static constexpr std::size_t most_jobs = 32;  // in a group

  /// `latest` is shared by the readers of one store: what the clock showed last.
  PostgresqlReader(PostgresqlSession session, const std::string& schema, ClockSource clock,
                   std::shared_ptr<LatestTime> latest);

  /// Read for the group and answer every job of it. Single records are read together.
  void run(JobQueue::Entries group);

 private:
  void get(const std::vector<GetJob*>& jobs);
  [[nodiscard]] Result<StorePage> list(const ListJob& job);
  [[nodiscard]] Result<StoreTime> now();
  [[nodiscard]] std::optional<std::int64_t> time() const;

  PostgresqlSession session_;
  std::string get_;
  std::string list_;
  ClockSource clock_;
  std::shared_ptr<LatestTime> latest_;
};

}  // namespace confab::store
