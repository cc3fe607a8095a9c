// SqliteConnection and SqliteStatement: SQLite's C API with owners, results and our errors. One thread at a time.
#pragma once

#include <confab/result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace confab::store {

/// A prepared statement. Texts are bound without a copy: they must live until reset().
class SqliteStatement {
 public:
  SqliteStatement(sqlite3_stmt* statement, std::string path);

  SqliteStatement& bind(int place, std::string_view text);
  SqliteStatement& bind(int place, std::int64_t number);
  SqliteStatement& bind_null(int place);

  /// Whether there is a row.
  [[nodiscard]] Result<bool> step();
  /// Run to the end, whatever rows there are, and reset.
  [[nodiscard]] Result<void> run();
  void reset() noexcept;

  /// Resets at its end, however that comes: a statement that is left in the middle keeps its connection's readers at
  /// what the file held then.
  class Use {
   public:
    explicit Use(SqliteStatement& statement) noexcept : statement_(&statement) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { statement_->reset(); }

   private:
    SqliteStatement* statement_;
  };

  [[nodiscard]] std::string_view text(int column) const;  // until the next step() or reset()
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string path_;
};

class SqliteConnection {
 public:
  /// The file must exist. Reads nothing of it yet.
  [[nodiscard]] static Result<SqliteConnection> open(const std::string& path, std::chrono::milliseconds patience);

  [[nodiscard]] Result<SqliteStatement> prepare(std::string_view sql);
  /// Run statements that give nothing.
  [[nodiscard]] Result<void> execute(const char* sql);
  /// The first column of the first row; nothing without rows.
  [[nodiscard]] Result<std::optional<std::int64_t>> read_integer(const char* sql);

  /// The first bytes of the file as they are on disk, without looking at logs and journals; may be fewer.
  [[nodiscard]] Result<std::string> first_bytes(int most);
  [[nodiscard]] bool read_only() const;
  [[nodiscard]] bool in_transaction() const;
  /// Leave the log where it is when this connection closes, so that looking at a file does not change it.
  void keep_log_on_close(bool keep);

  [[nodiscard]] sqlite3* raw() const { return connection_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  SqliteConnection(sqlite3* connection, std::string path);
  std::unique_ptr<sqlite3, Close> connection_;
  std::string path_;
};

/// What a code of SQLite means to who runs the program; `system_errno` as sqlite3_system_errno() gave it.
[[nodiscard]] Error sqlite_fault(int code, int system_errno, std::string_view path);
/// Errc::store about store.path with words of ours.
[[nodiscard]] Error store_fault(std::string_view path, std::string_view what);

}  // namespace confab::store
