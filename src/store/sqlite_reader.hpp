// SqliteReader: one thread's way of reading the file, beside the writer and other readers.
#pragma once

#include <confab/store.hpp>

#include <cstddef>
#include <string>
#include <utility>

#include "store/sqlite_connection.hpp"

namespace confab::store {

class SqliteReader {
 public:
  [[nodiscard]] static Result<SqliteReader> open(SqliteConnection connection);

  [[nodiscard]] Result<std::optional<StoreRecord>> get(const std::string& key, StoreTime now);
  [[nodiscard]] Result<StorePage> list(const std::string& prefix, const std::string& cursor, std::size_t limit,
                                       StoreTime now);

 private:
  SqliteReader(SqliteConnection connection, SqliteStatement get, SqliteStatement list)
      : connection_(std::move(connection)), get_(std::move(get)), list_(std::move(list)) {}
  SqliteConnection connection_;
  SqliteStatement get_;
  SqliteStatement list_;
};

}  // namespace confab::store
