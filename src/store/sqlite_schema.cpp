#include "store/sqlite_schema.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <thread>

namespace confab::store {
namespace {

// Step i leads from schema i to schema i + 1. Never change a step that was released: add one.
constexpr std::array<const char*, sqlite_schema_version> sqlite_steps = {
    // `counter` numbers all writes, so that no key sees a version twice, not even after it was deleted.
    "CREATE TABLE record (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,"
    " expires INTEGER, value TEXT NOT NULL) STRICT;"
    "CREATE TABLE counter (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL) STRICT;"
    "INSERT INTO counter VALUES (1, 0);",
    "CREATE INDEX record_expires ON record (expires) WHERE expires IS NOT NULL;",
};

constexpr std::string_view magic("SQLite format 3\0", 16);

Error newer(const std::string& path, std::int64_t version) {
  return store_fault(
      path, fmt::format("was written by a newer release (schema {}, this one knows {}): use that release", version,
                        sqlite_schema_version));
}
Error foreign(const std::string& path) { return store_fault(path, "belongs to another program: name another file"); }

Error system_fault(const std::string& path, int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return store_fault(path, "cannot be made: its folder does not exist");
    case EACCES:
    case EPERM:
    case EROFS:
      return store_fault(path, "cannot be written: check its owner, its permissions and its file system");
    case ENOSPC:
    case EDQUOT:
      return store_fault(path, "cannot be made: the disk is full").with_retriable(true);
    default:
      return store_fault(path, fmt::format("cannot be opened (error {} of the system)", code));
  }
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8U | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

// First by the bytes alone: for what is refused here, SQLite has not even looked for a log to play back.
Result<void> judge_header(SqliteConnection& connection) {
  auto header = connection.first_bytes(100);
  if (!header) return std::move(header).error();
  if (header->empty()) return {};
  if (header->size() < 100 || !header->starts_with(magic)) {
    return store_fault(connection.path(), "is damaged, or no store: restore it from a copy, or name another file");
  }
  const std::uint32_t version = big_endian(*header, 60);
  const std::uint32_t application = big_endian(*header, 68);
  if (application != 0 && application != sqlite_application_id) return foreign(connection.path());
  if (application == sqlite_application_id && version > sqlite_schema_version) return newer(connection.path(), version);
  return {};
}

// Then with the log: what the header does not say yet. Gives the schema's number, 0 for a new file.
Result<int> judge_content(SqliteConnection& connection) {
  // One look at all three: another process may be making the file at this moment.
  const bool own = !connection.in_transaction();
  if (own) {
    if (auto begun = connection.execute("BEGIN"); !begun) return std::move(begun).error();
  }
  auto application = connection.read_integer("PRAGMA application_id");
  auto version = connection.read_integer("PRAGMA user_version");
  auto tables = connection.read_integer("SELECT count(*) FROM sqlite_schema");
  if (own) (void)connection.execute("ROLLBACK");
  for (const auto* read : {&application, &version, &tables}) {
    if (!*read) return read->error();
  }
  const std::int64_t number = version->value_or(0);
  if (application->value_or(0) == sqlite_application_id) {
    if (number > sqlite_schema_version) return newer(connection.path(), number);
    if (number < 1) return foreign(connection.path());
    return static_cast<int>(number);
  }
  // Ended between its making and its first step: as good as new.
  if (application->value_or(0) == 0 && number == 0 && tables->value_or(0) == 0) return 0;
  return foreign(connection.path());
}

Result<void> use_log(SqliteConnection& connection, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto set = connection.prepare("PRAGMA journal_mode = WAL");
    if (!set) return std::move(set).error();
    auto row = set->step();
    if (row) {
      if (*row && set->text(0) == "wal") return {};
      return store_fault(connection.path(), "cannot have a log beside it: its file system lacks shared memory");
    }
    // SQLite does not wait by itself here, when several processes make the same file.
    if (row.error().code() != Errc::busy || std::chrono::steady_clock::now() >= until) return std::move(row).error();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Result<void> run_step(SqliteConnection& connection, int from) {
  const std::string sql = fmt::format("{} PRAGMA application_id = {}; PRAGMA user_version = {};",
                                      sqlite_steps.at(static_cast<std::size_t>(from)), sqlite_application_id, from + 1);
  return connection.execute(sql.c_str());
}

}  // namespace

Result<void> prepare_sqlite_file(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Error(Errc::config, "the path of the store must not be empty").with_subject("store.path");
  }
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    if (errno != ENOENT) return system_fault(path, errno);
    const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0 && errno != EEXIST) return system_fault(path, errno);
    if (file >= 0) ::close(file);
  } else {
    if (!S_ISREG(about.st_mode)) return store_fault(path, "is no regular file: name another");
    if (::access(path.c_str(), R_OK | W_OK) != 0) return system_fault(path, errno);
  }
  struct statfs system {};
  if (::statfs(path.c_str(), &system) == 0) {
    const auto type = static_cast<std::uint32_t>(system.f_type);
    if (type == 0x6969U || type == 0x517bU || type == 0xff534d42U || type == 0xfe534d42U) {
      return store_fault(path, "is on a network's file system, where locks cannot be relied on: use a local disk");
    }
  }
  return {};
}

Result<void> migrate_sqlite_file(SqliteConnection& connection, std::chrono::milliseconds patience) {
  connection.keep_log_on_close(true);
  if (auto judged = judge_header(connection); !judged) return judged;
  auto version = judge_content(connection);
  if (!version) return std::move(version).error();
  if (connection.read_only()) {
    return store_fault(connection.path(), "cannot be written: check its owner, its permissions and its file system");
  }
  if (auto logged = use_log(connection, patience); !logged) return logged;
  // What is about to be promised must not be undone by a loss of power.
  if (auto set = connection.execute("PRAGMA synchronous = FULL"); !set) return set;
  while (*version < sqlite_schema_version) {
    if (auto begun = connection.execute("BEGIN EXCLUSIVE"); !begun) return begun;
    version = judge_content(connection);  // another process may have been first
    Result<void> done;
    if (version && *version < sqlite_schema_version) done = run_step(connection, *version);
    if (version && done) done = connection.execute("COMMIT");
    if (connection.in_transaction()) (void)connection.execute("ROLLBACK");
    if (!version) return std::move(version).error();
    if (!done) return done;
    version = judge_content(connection);
    if (!version) return std::move(version).error();
  }
  connection.keep_log_on_close(false);
  return {};
}

Result<void> close_to_others(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string file = path + suffix;
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0) continue;  // SQLite gives new ones the mode of the first
    if ((about.st_mode & 0777U) == 0600) continue;
    if (::chmod(file.c_str(), 0600) != 0) {
      return store_fault(path, "can be read by others, and this program may not change that: give it mode 0600");
    }
  }
  return {};
}

}  // namespace confab::store
