/// @file
/// Looking after a store: is it whole, a copy of it as text, and the change of the keys that seal its secrets.
///
///     auto store = open_configured_store(*configuration);
///     auto rotated = rotate_store_keys(*store, *StoreKeys::from_file(key_file));
///
/// All of it works while others use the store, page by page; docs/store.md says what that means for each. These calls
/// block until they are done: they are for programs and for threads of the host's own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/export.hpp>
#include <confab/open_store.hpp>
#include <confab/result.hpp>
#include <confab/store.hpp>

namespace confab {

/// A record that cannot be used as it is.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
class StoreFault {
 public:
  /// Made by the library, and by hosts' tests.
  StoreFault(std::string key, std::string what) : key_(std::move(key)), what_(std::move(what)) {}
  /// Which record.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  /// What is wrong with it; never what is in it.
  [[nodiscard]] const std::string& what() const noexcept { return what_; }

 private:
  std::string key_;
  std::string what_;
};

/// What was found in a store, or done to it.
///
/// @par Errors     Copying may throw std::bad_alloc; reading does not fail.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
class StoreReport {
 public:
  /// At most so many faults are kept; fault_count() counts all.
  static constexpr std::size_t most_faults = 100;

  /// Records that were looked at.
  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
  /// Records that were written.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// How many sealed values there are under each key's id, as they were left.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& sealed() const noexcept { return sealed_; }
  /// Records that cannot be used, the first ones of them.
  [[nodiscard]] const std::vector<StoreFault>& faults() const noexcept { return faults_; }
  /// How many such records there are.
  [[nodiscard]] std::uint64_t fault_count() const noexcept { return fault_count_; }

  /// For the library.
  void add_records(std::uint64_t count) { records_ += count; }
  /// For the library.
  void add_written(std::uint64_t count) { written_ += count; }
  /// For the library.
  void add_sealed(const std::string& id, std::uint64_t count = 1) { sealed_[id] += count; }
  /// For the library.
  void add_fault(StoreFault fault) {
    ++fault_count_;
    if (faults_.size() < most_faults) faults_.push_back(std::move(fault));
  }

 private:
  std::uint64_t records_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t fault_count_ = 0;
  std::map<std::string, std::uint64_t> sealed_;
  std::vector<StoreFault> faults_;
};

/// Told how far it is, after each page of records, on the calling thread. Returning false ends the work there:
/// Errc::cancelled. What was done stays done, and is not done again by the next call.
using StoreProgress = std::function<bool(const StoreReport&)>;

/// Read every record: is it JSON, and does what is sealed in it open with these keys where it lies?
///
/// @param keys     Without: what is sealed is counted, not opened.
/// @returns        What was found; faults are no error.
/// @par Errors     As Store::list(); Errc::cancelled by `progress`; Errc::no_memory.
/// @par Threads    Any but the store's own.
/// @par Cancel     By `progress`.
[[nodiscard]] CONFAB_EXPORT Result<StoreReport> check_store(const std::shared_ptr<Store>& store,
                                                            const std::optional<StoreKeys>& keys = {},
                                                            const StoreProgress& progress = {});

/// Seal everything anew that is sealed under another key than the first of `keys`, while others use the store.
///
/// A record that somebody changes meanwhile is read again. Processes that still seal under an old key are found by the
/// passes that follow, until one finds nothing; so give all processes the new key, first in its file, before.
///
/// @param keys     The one that shall seal first, and all that sealed before.
/// @param retire   Forget the other keys, once nothing is sealed under them: after that the store opens without them.
/// @returns        How many records were written, and what is sealed under which key now. Records that do not open are
///                 faults, and are left alone; the key that they name is not retired then.
/// @par Errors     As Store::list() and Store::transact(); Errc::store about store.key_file when a key of the store is
///                 missing; Errc::cancelled by `progress`; Errc::busy while processes go on sealing under an old key;
///                 Errc::no_memory. Repeated, it goes on.
/// @par Threads    Any but the store's own.
/// @par Cancel     By `progress`.
[[nodiscard]] CONFAB_EXPORT Result<StoreReport> rotate_store_keys(const std::shared_ptr<Store>& store,
                                                                  const StoreKeys& keys, bool retire = false,
                                                                  const StoreProgress& progress = {});

/// Where an export goes: one JSON object each, without a newline. An error ends the export with it.
using StoreLineWriter = std::function<Result<void>(std::string_view line)>;
/// Where an import comes from: the next line, or nothing at the end.
using StoreLineReader = std::function<Result<std::optional<std::string>>()>;

/// Write every record as a line: {"key":"...","value":...}, with "expires" in milliseconds where it ends. What is
/// sealed stays sealed, so the copy is worth as much as the keys allow. Versions are not part of it.
///
/// @returns        What was found; a record that is no JSON is a fault, and not in the copy.
/// @par Errors     As Store::list(); what `write` answers; Errc::no_memory.
/// @par Threads    Any but the store's own.
[[nodiscard]] CONFAB_EXPORT Result<StoreReport> export_store(const std::shared_ptr<Store>& store,
                                                             const StoreLineWriter& write);

/// Put the lines of an export into a store that nobody uses. Records that have ended by the store's clock are left out.
///
/// @param replace  Also where the store holds something: records of the same keys are overwritten, others stay.
/// @returns        How many were written.
/// @par Errors     Errc::conflict, store: it is not empty, nothing was written. Errc::invalid_argument, "line N": what
///                 stands there is no record; those before it were written, and importing again with `replace` goes on.
///                 What `read` answers; as Store::transact(); Errc::no_memory.
/// @par Threads    Any but the store's own.
[[nodiscard]] CONFAB_EXPORT Result<StoreReport> import_store(const std::shared_ptr<Store>& store,
                                                             const StoreLineReader& read, bool replace = false);

}  // namespace confab
