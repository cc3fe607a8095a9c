/// @file
/// Store: what the library remembers, behind one narrow interface that a host may implement itself.
///
/// A store is an ordered map from text paths to small JSON texts, with a version on every record and writes that apply
/// only where the version is the expected one. Leases, fencing, sealing and every kind of record are built above it, so
/// a host's own store inherits them all. The library's backends (memory, SQLite) and a host's pass the same suite,
/// tests/contract; the bounds are in docs/store.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/export.hpp>
#include <confab/result.hpp>
#include <confab/unique_function.hpp>

namespace confab {

/// Tells two states of a record apart. 0 means "no record"; those of one key only grow and are never used again, not
/// even after the record was deleted or expired. This is what makes a version a fencing number.
using StoreVersion = std::uint64_t;

/// A point on the store's own clock, by which records expire. Never compare it with this process's clocks.
using StoreTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// How an operation ends: called exactly once, on a thread of the store, never inside the call that began it.
template <class T>
using StoreHandler = UniqueFunction<void(Result<T>)>;

/// What a finished write is worth.
enum class Durability : std::uint8_t {
  promised,  ///< It outlives the process and a loss of power: everything that somebody was told is done.
  relaxed,   ///< It outlives the process; a loss of power may undo it, whole: positions, caches.
};

/// One record as it was read.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Threads    As for a std::string.
class StoreRecord {
 public:
  /// Describe a record, for an implementation of Store.
  StoreRecord(std::string key, StoreVersion version, std::string value, std::optional<StoreTime> expires = {})
      : key_(std::move(key)), version_(version), value_(std::move(value)), expires_(expires) {}

  /// Its path.
  [[nodiscard]] const std::string& key() const& noexcept { return key_; }
  /// The state that was read, for the expected version of the next write. Never 0.
  [[nodiscard]] StoreVersion version() const noexcept { return version_; }
  /// JSON text.
  [[nodiscard]] const std::string& value() const& noexcept { return value_; }
  /// JSON text, moved out.
  [[nodiscard]] std::string value() && noexcept { return std::move(value_); }
  /// From when on it reads as absent; nothing: never.
  [[nodiscard]] std::optional<StoreTime> expires() const noexcept { return expires_; }

 private:
  std::string key_;
  StoreVersion version_;
  std::string value_;
  std::optional<StoreTime> expires_;
};

/// One step of a transaction: what shall become of one key, provided that its version is the expected one.
///
/// @par Errors     Making one may throw std::bad_alloc. Store::transact() judges the arguments.
/// @par Threads    As for a std::string.
class StoreWrite {
 public:
  /// What a step does.
  enum class Kind : std::uint8_t {
    put,    ///< Writes the value.
    erase,  ///< Removes the record; expecting 0, it only states that there is none.
    check,  ///< Changes nothing: the transaction happens only if the version is the expected one.
  };

  /// Write `value`, if the version of `key` is `expected`; 0: if there is no record.
  [[nodiscard]] static StoreWrite put(std::string key, StoreVersion expected, std::string value) {
    return {Kind::put, std::move(key), expected, std::move(value)};
  }
  /// Remove the record, if its version is `expected`.
  [[nodiscard]] static StoreWrite erase(std::string key, StoreVersion expected) {
    return {Kind::erase, std::move(key), expected, {}};
  }
  /// Change nothing, but demand that the version is `expected`: the transaction is fenced by this record.
  [[nodiscard]] static StoreWrite check(std::string key, StoreVersion expected) {
    return {Kind::check, std::move(key), expected, {}};
  }

  /// Let what is put read as absent after this time on the store's clock. Without: never. Only for put().
  StoreWrite& expires_after(std::chrono::milliseconds lifetime) & { return lifetime_ = lifetime, *this; }
  /// The same, within one expression.
  StoreWrite&& expires_after(std::chrono::milliseconds lifetime) && { return lifetime_ = lifetime, std::move(*this); }

  /// What it does.
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// The path.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  /// The version that must be found.
  [[nodiscard]] StoreVersion expected() const noexcept { return expected_; }
  /// JSON text; empty unless put().
  [[nodiscard]] const std::string& value() const noexcept { return value_; }
  /// How long what is put lives; nothing: for ever.
  [[nodiscard]] std::optional<std::chrono::milliseconds> lifetime() const noexcept { return lifetime_; }

 private:
  StoreWrite(Kind kind, std::string key, StoreVersion expected, std::string value)
      : kind_(kind), key_(std::move(key)), expected_(expected), value_(std::move(value)) {}
  Kind kind_;
  std::string key_;
  StoreVersion expected_;
  std::string value_;
  std::optional<std::chrono::milliseconds> lifetime_;
};

/// Part of a listing: records in the order of their keys' bytes.
///
/// @par Threads    As for a std::vector.
class StorePage {
 public:
  /// Describe a page, for an implementation of Store.
  explicit StorePage(std::vector<StoreRecord> records, std::string cursor = {})
      : records_(std::move(records)), cursor_(std::move(cursor)) {}

  /// The records. There may be fewer than asked for although more follow: only cursor() tells.
  [[nodiscard]] const std::vector<StoreRecord>& records() const& noexcept { return records_; }
  /// The records, moved out.
  [[nodiscard]] std::vector<StoreRecord> records() && noexcept { return std::move(records_); }
  /// Pass it on to read what follows; empty: nothing follows.
  [[nodiscard]] const std::string& cursor() const noexcept { return cursor_; }

 private:
  std::vector<StoreRecord> records_;
  std::string cursor_;
};

/// The record store. Abstract: implement it to keep the library's memory where the host keeps its own.
///
/// What an implementation may rely on: the library checks every argument first (keys, values and counts within the
/// bounds of docs/store.md, values well-formed JSON, no key twice in one transaction) and never calls from one of the
/// store's own handlers' threads expecting them to wait. What it must give: the four operations as described here, each
/// handler called exactly once, on a thread of its own, with no lock held; blocking is its own affair, never the
/// caller's.
///
/// @par Errors     Of every operation: Errc::store with subject() naming what is at fault ("store.path",
///                 "store.key_file") when the medium failed; Errc::busy when the store's queue is full: nothing was
///                 done; Errc::closed when the store was destroyed first: nothing was done; Errc::no_memory. After
///                 Errc::store a write may have happened or not, but never in part: read back before repeating it.
/// @par Lifetime   Arguments are moved in. Destroying a store answers what is queued with Errc::closed and waits for
///                 what is running, except on one of its own threads, where it returns at once.
/// @par Threads    Any, at once. Two operations begun without waiting for each other may run in either order.
/// @par Cancel     None: an operation that began ends by itself, soon.
class CONFAB_EXPORT Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  /// Ends the store; see Lifetime above.
  virtual ~Store();

  /// Read one record.
  ///
  /// @param key      A path such as "tenant/user/ana".
  /// @param done     Gets the record, or nothing when there is none or it has expired.
  /// @par Errors     Errc::invalid_argument for what is no key; others as above.
  virtual void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) = 0;

  /// Read the records whose keys begin with a text, in the order of their bytes.
  ///
  /// Pages read one after the other are no snapshot: what is written between two of them may be seen or not.
  ///
  /// @param prefix   How the keys begin; empty for all.
  /// @param cursor   Empty for the first page, then StorePage::cursor() of the page before.
  /// @param limit    At most so many records, from 1 to 1,000. A page ends earlier where one record more would
  ///                 bring its keys and values over 1 MiB, but never before its first.
  /// @par Errors     Errc::invalid_argument for a prefix, cursor or limit that can never be right; others as above.
  virtual void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) = 0;

  /// Apply all steps, or none: none when one of them does not find its expected version.
  ///
  /// @param writes      From 1 to 128 steps, each with another key.
  /// @param durability  What the end of the operation promises.
  /// @param done        Gets the new version of each step in their order: of a check the expected one, of an erase 0.
  /// @par Errors        Errc::conflict, with the first key that was not as expected as subject(): nothing was written,
  ///                    read again. Errc::invalid_argument, Errc::too_large: nothing was written. Others as above.
  virtual void transact(std::vector<StoreWrite> writes, Durability durability,
                        StoreHandler<std::vector<StoreVersion>> done) = 0;

  /// Read the store's clock, by which records expire. Within one process it never goes back.
  ///
  /// @par Errors     As above.
  virtual void now(StoreHandler<StoreTime> done) = 0;

  /// Apply one step: transact() with a single write.
  ///
  /// @param done     Gets the new version.
  /// @par Errors     As transact().
  void put_if(StoreWrite write, Durability durability, StoreHandler<StoreVersion> done);
};

}  // namespace confab
