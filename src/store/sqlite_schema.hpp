// Is this file a store of ours, and of which age? Makes new files, brings old ones up to date, refuses all others.
#pragma once

#include <confab/result.hpp>

#include <chrono>
#include <string>

#include "store/sqlite_connection.hpp"

namespace confab::store {

/// "Conf": tells our files from those of other programs that use SQLite.
inline constexpr int sqlite_application_id = 0x436f6e66;
/// The schema this build writes. Files with a larger number are refused and left as they are.
inline constexpr int sqlite_schema_version = 2;

/// Make the file, empty and for its owner only, unless it exists; refuse what can never be a store.
[[nodiscard]] Result<void> prepare_sqlite_file(const std::string& path);

/// Judge the file and migrate it, each step in a transaction of its own. Afterwards it is in WAL mode.
[[nodiscard]] Result<void> migrate_sqlite_file(SqliteConnection& connection, std::chrono::milliseconds patience);

/// Mode 0600 for the file and for what SQLite keeps beside it.
[[nodiscard]] Result<void> close_to_others(const std::string& path);

}  // namespace confab::store
