// PostgresqlConnection and PostgresqlRows: libpq with owners, deadlines, results and our errors. One thread at a time.
#pragma once

#include <confab/result.hpp>
#include <confab/secret.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct pg_conn;
struct pg_result;

namespace confab::store {

/// A statement with its parameters. Sent without a name each time: behind a proxy that shares connections among
/// transactions, the next statement may meet another server process, which would not know a name.
class PostgresqlQuery {
 public:
  explicit PostgresqlQuery(std::string sql) : sql_(std::move(sql)) {}

  PostgresqlQuery& bind(std::string text) { return values_.emplace_back(std::move(text)), *this; }
  PostgresqlQuery& bind(std::int64_t number) { return bind(std::to_string(number)); }
  PostgresqlQuery& bind(std::optional<std::int64_t> number) {
    if (number) return bind(*number);
    return values_.emplace_back(), *this;
  }

  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
  std::string sql_;
  std::vector<std::optional<std::string>> values_;
};

/// PostgreSQL's text of an array, element by element.
class PostgresqlArray {
 public:
  PostgresqlArray& add(std::string_view text);
  PostgresqlArray& add(std::int64_t number);
  PostgresqlArray& add_null();
  [[nodiscard]] std::string finish() && { return text_ += '}', std::move(text_); }

 private:
  void separate();
  std::string text_ = "{";
};

class PostgresqlRows {
 public:
  explicit PostgresqlRows(pg_result* result) : result_(result) {}

  [[nodiscard]] int count() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  [[nodiscard]] std::string_view text(int row, int column) const;
  /// Nothing when the field is no number.
  [[nodiscard]] std::optional<std::int64_t> integer(int row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

class PostgresqlConnection {
 public:
  /// Errc::config, store.dsn, for what libpq cannot read. Connects to nothing.
  [[nodiscard]] static Result<void> check_dsn(const Secret& dsn);
  /// Connect, and find out that this is a database for us. Blocks: a few seconds for each host that does not answer.
  [[nodiscard]] static Result<PostgresqlConnection> open(const Secret& dsn);

  /// One statement, in a transaction of its own. Errors name PostgreSQL's code, never the statement or a parameter.
  [[nodiscard]] Result<PostgresqlRows> run(const PostgresqlQuery& query, std::chrono::milliseconds answer_within);
  /// Several statements without parameters, as one transaction.
  [[nodiscard]] Result<void> run_script(const std::string& sql, std::chrono::milliseconds answer_within);

  /// False: this connection is of no use any more, and what it was asked last may have been done or not.
  [[nodiscard]] bool usable() const { return usable_; }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  explicit PostgresqlConnection(pg_conn* connection) : connection_(connection) {}
  [[nodiscard]] Result<PostgresqlRows> answer(std::chrono::milliseconds answer_within);
  [[nodiscard]] bool wait(short awaited, std::chrono::steady_clock::time_point until) const;
  [[nodiscard]] Error lost();

  std::unique_ptr<pg_conn, Finish> connection_;
  bool usable_ = true;
};

/// Errc::store about store.dsn with words of ours.
[[nodiscard]] Error database_fault(std::string message);

}  // namespace confab::store
