// The SQLite store: one file, for one or several processes of one machine.
#pragma once

#include <confab/store.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "store/store_clock.hpp"

namespace confab::store {

class SqliteStoreOptions {
 public:
  explicit SqliteStoreOptions(std::string path) : path_(std::move(path)) {}
  /// How long to wait for another process that writes; then Errc::busy.
  SqliteStoreOptions& patience(std::chrono::milliseconds wait) { return patience_ = wait, *this; }
  /// Threads that read, from 1 to 16.
  SqliteStoreOptions& readers(std::size_t threads) { return readers_ = threads, *this; }
  /// Of the file, without its log; 0: as much as the disk gives. At the bound: Errc::store.
  SqliteStoreOptions& most_bytes(std::size_t bytes) { return most_bytes_ = bytes, *this; }
  SqliteStoreOptions& clock(ClockSource source) { return clock_ = std::move(source), *this; }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::chrono::milliseconds patience() const { return patience_; }
  [[nodiscard]] std::size_t readers() const { return readers_; }
  [[nodiscard]] std::size_t most_bytes() const { return most_bytes_; }
  [[nodiscard]] const ClockSource& clock() const { return clock_; }

 private:
  std::string path_;
  std::chrono::milliseconds patience_{5000};
  std::size_t readers_ = 2;
  std::size_t most_bytes_ = 0;
  ClockSource clock_;
};

/// Open, or make, the file. Blocks while it looks, and while another process upgrades the file.
///
/// Errc::store with subject store.path, the file untouched, when it is damaged, no store, newer than this build, not
/// writable, on a network's file system or on a full disk; Errc::unsupported where SQLite was left out of the build.
[[nodiscard]] Result<std::shared_ptr<Store>> open_sqlite_store(const SqliteStoreOptions& options);

}  // namespace confab::store
