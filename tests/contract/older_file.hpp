// A store's file as the first release made it (schema 1): one record, `t/a`, of version 41.
#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <string>

#include "store/sqlite_schema.hpp"

namespace confab::test {

inline void make_older_file(const std::string& path) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  const std::string sql =
      "CREATE TABLE record (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,"
      " expires INTEGER, value TEXT NOT NULL) STRICT;"
      "CREATE TABLE counter (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL) STRICT;"
      "INSERT INTO counter VALUES (1, 41); INSERT INTO record VALUES (1, 't/a', 41, NULL, '\"old\"');"
      "PRAGMA user_version = 1; PRAGMA application_id = " +
      std::to_string(store::sqlite_application_id);
  CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

}  // namespace confab::test
