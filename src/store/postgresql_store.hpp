// The PostgreSQL store: one database, for the processes of many machines.
#pragma once

#include <confab/secret.hpp>
#include <confab/store.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "store/postgresql_steps.hpp"
#include "store/store_clock.hpp"

namespace confab::store {

class PostgresqlStoreOptions {
 public:
  /// `dsn` as libpq reads it: "postgresql://user:password@host/database?sslrootcert=/etc/authority.pem", or key=value
  /// pairs.
  explicit PostgresqlStoreOptions(Secret dsn) : dsn_(std::move(dsn)) {}
  /// How long operations wait for a database that cannot be reached; then Errc::store, retriable.
  PostgresqlStoreOptions& patience(std::chrono::milliseconds wait) { return patience_ = wait, *this; }
  /// How long the answer to one statement may take; then the connection counts as lost.
  PostgresqlStoreOptions& answer_within(std::chrono::milliseconds wait) { return answer_within_ = wait, *this; }
  /// Threads that read, from 1 to 16, each with a connection of its own.
  PostgresqlStoreOptions& readers(std::size_t threads) { return readers_ = threads, *this; }
  /// Where the tables lie: a-z, 0-9 and _, at most 40 of them.
  PostgresqlStoreOptions& schema(std::string name) { return schema_ = std::move(name), *this; }
  /// Instead of the database's clock.
  PostgresqlStoreOptions& clock(ClockSource source) { return clock_ = std::move(source), *this; }
  /// As if this were the release that knows these steps.
  PostgresqlStoreOptions& steps(PostgresqlSteps steps) { return steps_ = steps, *this; }

  [[nodiscard]] const Secret& dsn() const { return dsn_; }
  [[nodiscard]] std::chrono::milliseconds patience() const { return patience_; }
  [[nodiscard]] std::chrono::milliseconds answer_within() const { return answer_within_; }
  [[nodiscard]] std::size_t readers() const { return readers_; }
  [[nodiscard]] const std::string& schema() const { return schema_; }
  [[nodiscard]] const ClockSource& clock() const { return clock_; }
  [[nodiscard]] PostgresqlSteps steps() const { return steps_; }

 private:
  Secret dsn_;
  std::chrono::milliseconds patience_{5000};
  std::chrono::milliseconds answer_within_{10'000};
  std::size_t readers_ = 2;
  std::string schema_ = "confab";
  ClockSource clock_;
  PostgresqlSteps steps_ = postgresql_steps();
};

/// Connect, and make or upgrade the tables. Blocks, at most until patience ends.
///
/// Errc::config, store.dsn, for what is no connection string; Errc::store, store.dsn, when the database cannot be
/// reached, refuses us, is no UTF-8, or holds a schema of a newer release; Errc::unsupported where libpq was left out.
[[nodiscard]] Result<std::shared_ptr<Store>> open_postgresql_store(const PostgresqlStoreOptions& options);

}  // namespace confab::store
