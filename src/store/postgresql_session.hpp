// PostgresqlSession: one thread's way to the database, which outlives its connections: lost ones are made again.
#pragma once

#include <confab/result.hpp>
#include <confab/secret.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

#include "store/postgresql_connection.hpp"

namespace confab::store {

/// Tells the threads of a store that it ends, also while they wait.
class PostgresqlStop {
 public:
  void raise();
  /// Whether it was raised, at once or before the time has passed.
  [[nodiscard]] bool within(std::chrono::milliseconds time);

 private:
  std::mutex mutex_;
  std::condition_variable raised_now_;
  bool raised_ = false;
};

class PostgresqlSession {
 public:
  PostgresqlSession(Secret dsn, std::chrono::milliseconds patience, std::chrono::milliseconds answer_within,
                    std::shared_ptr<PostgresqlStop> stop);

  /// Run it until it was answered: on a new connection when one was lost, with growing pauses, until patience ends. So
  /// what is run must come to the same when it is done twice. Errc::store, retriable: it may have been done, or not.
  [[nodiscard]] Result<PostgresqlRows> run(const PostgresqlQuery& query);
  [[nodiscard]] Result<void> run_script(const std::string& sql);

 private:
  template <class T, class F>
  [[nodiscard]] Result<T> repeat(F attempt);
  [[nodiscard]] std::optional<Error> connect();
  [[nodiscard]] std::chrono::milliseconds pause();

  Secret dsn_;
  std::chrono::milliseconds patience_;
  std::chrono::milliseconds answer_within_;
  std::shared_ptr<PostgresqlStop> stop_;
  std::optional<PostgresqlConnection> connection_;
  std::optional<std::chrono::steady_clock::time_point> down_since_;
  std::chrono::steady_clock::time_point next_attempt_{};
  std::optional<Error> last_;  // why there is no connection
  int failures_ = 0;
  std::minstd_rand random_;
};

}  // namespace confab::store
