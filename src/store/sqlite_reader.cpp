#include "store/sqlite_reader.hpp"

#include <cstdint>
#include <optional>
#include <vector>

#include "store/record_rules.hpp"

namespace confab::store {
namespace {

StoreRecord record_at(const SqliteStatement& row) {
  std::optional<StoreTime> expires;
  if (!row.is_null(2)) expires = StoreTime(std::chrono::milliseconds(row.integer(2)));
  return {std::string(row.text(0)), static_cast<StoreVersion>(row.integer(1)), std::string(row.text(3)), expires};
}

}  // namespace

Result<SqliteReader> SqliteReader::open(SqliteConnection connection) {
  auto read_only = connection.execute("PRAGMA query_only = 1");
  if (!read_only) return std::move(read_only).error();
  auto get = connection.prepare(
      "SELECT key, version, expires, value FROM record WHERE key = ?1 AND (expires IS NULL OR expires > ?2)");
  if (!get) return std::move(get).error();
  // The first page begins at the prefix itself, which may be a key; the others behind their cursor.
  auto list = connection.prepare(
      "SELECT key, version, expires, value FROM record WHERE key >= ?1 AND key <> ?2"
      " AND (expires IS NULL OR expires > ?3) ORDER BY key");
  if (!list) return std::move(list).error();
  return SqliteReader(std::move(connection), std::move(*get), std::move(*list));
}

Result<std::optional<StoreRecord>> SqliteReader::get(const std::string& key, StoreTime now) {
  const SqliteStatement::Use use(get_);
  auto row = get_.bind(1, key).bind(2, now.time_since_epoch().count()).step();
  if (!row) return std::move(row).error();
  std::optional<StoreRecord> record;
  if (*row) record = record_at(get_);
  return record;
}

Result<StorePage> SqliteReader::list(const std::string& prefix, const std::string& cursor, std::size_t limit,
                                     StoreTime now) {
  std::vector<StoreRecord> records;
  std::size_t bytes = 0;
  std::string next;
  const SqliteStatement::Use use(list_);
  list_.bind(1, cursor.empty() ? prefix : cursor).bind(2, cursor).bind(3, now.time_since_epoch().count());
  for (;;) {
    auto row = list_.step();
    if (!row) return std::move(row).error();
    if (!*row || !list_.text(0).starts_with(prefix)) break;
    const std::size_t size = list_.text(0).size() + list_.text(3).size();
    if (records.size() == limit || (!records.empty() && bytes + size > most_page_bytes)) {
      next = records.back().key();
      break;
    }
    bytes += size;
    records.push_back(record_at(list_));
  }
  return StorePage(std::move(records), std::move(next));
}

}  // namespace confab::store
