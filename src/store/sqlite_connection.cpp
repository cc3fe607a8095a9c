#include "store/sqlite_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace confab::store {
namespace {

Error fault_of(sqlite3* connection, int code, std::string_view path) {
  return sqlite_fault(code, connection == nullptr ? 0 : sqlite3_system_errno(connection), path);
}

}  // namespace

Error store_fault(std::string_view path, std::string_view what) {
  return Error(Errc::store, fmt::format("the store file {} {}", path, what)).with_subject("store.path");
}

Error sqlite_fault(int code, int system_errno, std::string_view path) {
  const bool io = (code & 0xff) == SQLITE_IOERR;
  if (code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) {
    return {Errc::no_memory, "an allocation failed in the store"};
  }
  // Some operations on the log's index report a full disk as an input/output error only.
  if ((code & 0xff) == SQLITE_FULL || (io && (system_errno == ENOSPC || system_errno == EDQUOT))) {
    return store_fault(path, "cannot grow: its disk is full, or its bound is reached; make room").with_retriable(true);
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return store_fault(path, "is held by another process: nothing was done; repeat later").with_code(Errc::busy);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return store_fault(path, "cannot be written: check its owner, its permissions and its file system");
    case SQLITE_CANTOPEN:
      return store_fault(path, "cannot be opened: check that its folder exists and may be written");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return store_fault(path, "is damaged, or no store: restore it from a copy, or name another file");
    default:
      break;
  }
  return store_fault(path, io ? fmt::format("could not be read or written (SQLite {}): check its disk", code)
                              : fmt::format("failed (SQLite {})", code));
}

SqliteStatement::SqliteStatement(sqlite3_stmt* statement, std::string path)
    : statement_(statement), path_(std::move(path)) {}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

// Binding can fail only for a place that does not exist or for lack of memory; the step after it then fails too.
SqliteStatement& SqliteStatement::bind(int place, std::string_view text) {
  const char* bytes = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(statement_.get(), place, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}
SqliteStatement& SqliteStatement::bind(int place, std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), place, number);
  return *this;
}
SqliteStatement& SqliteStatement::bind_null(int place) {
  sqlite3_bind_null(statement_.get(), place);
  return *this;
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const Use failed(*this);
  return fault_of(sqlite3_db_handle(statement_.get()), code, path_);
}

Result<void> SqliteStatement::run() {
  const Use use(*this);
  for (;;) {
    auto row = step();
    if (!row) return std::move(row).error();
    if (!*row) return {};
  }
}

void SqliteStatement::reset() noexcept {
  sqlite3_reset(statement_.get());  // repeats the error of the step, which was reported
  sqlite3_clear_bindings(statement_.get());
}

std::string_view SqliteStatement::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
std::int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
bool SqliteStatement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

SqliteConnection::SqliteConnection(sqlite3* connection, std::string path)
    : connection_(connection), path_(std::move(path)) {}

void SqliteConnection::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

Result<SqliteConnection> SqliteConnection::open(const std::string& path, std::chrono::milliseconds patience) {
  sqlite3* raw = nullptr;
  // Each connection is used by one thread at a time, so SQLite's own lock around it would be waste.
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  SqliteConnection connection(raw, path);
  if (code != SQLITE_OK) return fault_of(raw, code, path);
  const auto wait = std::clamp<std::chrono::milliseconds::rep>(patience.count(), 0, 600'000);
  sqlite3_busy_timeout(raw, static_cast<int>(wait));
  // A file from elsewhere may hold views and triggers; none of them is to run.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  return connection;
}

Result<SqliteStatement> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code == SQLITE_ERROR) return store_fault(path_, "lacks a table of the store: it was changed by another program");
  if (code != SQLITE_OK) return fault_of(connection_.get(), code, path_);
  return SqliteStatement(statement, path_);
}

Result<void> SqliteConnection::execute(const char* sql) {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fault_of(connection_.get(), code, path_);
  return {};
}

Result<std::optional<std::int64_t>> SqliteConnection::read_integer(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return std::move(statement).error();
  auto row = statement->step();
  if (!row) return std::move(row).error();
  if (!*row) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(statement->integer(0));
}

// Through SQLite's own descriptor: closing one of ours would drop the locks that this process holds on the file.
Result<std::string> SqliteConnection::first_bytes(int most) {
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) {
    return fault_of(connection_.get(), code == SQLITE_OK ? SQLITE_CANTOPEN : code, path_);
  }
  sqlite3_int64 size = 0;
  code = file->pMethods->xFileSize(file, &size);
  if (code != SQLITE_OK) return fault_of(connection_.get(), code, path_);
  std::string bytes(static_cast<std::size_t>(std::min<sqlite3_int64>(size, most)), '\0');
  if (bytes.empty()) return bytes;
  code = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), 0);
  if (code != SQLITE_OK) return fault_of(connection_.get(), code, path_);
  return bytes;
}

bool SqliteConnection::read_only() const { return sqlite3_db_readonly(connection_.get(), "main") != 0; }
bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }
void SqliteConnection::keep_log_on_close(bool keep) {
  sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

}  // namespace confab::store
