/// @file
/// Opening the library's own stores, and the keys under which secrets are sealed before they reach any store.
///
///     auto store = open_sqlite_store("/var/lib/host/confab.db");
///     auto keys = StoreKeys::from_file("/etc/host/confab.keys");
///     options.store(*store, *keys);
///
/// A host that keeps records itself implements Store and needs the keys alone.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <confab/export.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>
#include <confab/store.hpp>

namespace confab {

namespace store {
/// The keys themselves.
class SealingKeys;
}  // namespace store

/// Keys for the secrets in a store: tokens and passwords lie in it sealed (AES-256-GCM), and whoever has the store
/// alone cannot use them. Several open; the first one seals. docs/store.md says how to make and to change them.
///
/// @par Errors     Copying does not fail.
/// @par Lifetime   A value; copies share the keys, which are wiped with the last one.
/// @par Threads    As for a plain value.
class CONFAB_EXPORT StoreKeys {
 public:
  /// Read them from a file of mode 0600 (or 0400), a line each: "<id> <base64 of 32 bytes>", the one that seals first.
  ///
  /// @par Errors     Errc::store; subject() is store.key_file, the message names the line, never what is in it.
  ///                 std::bad_alloc does not escape: Errc::no_memory.
  /// @par Threads    Any. It reads a file, so it must not be called where blocking does harm.
  [[nodiscard]] static Result<StoreKeys> from_file(const std::string& path);
  /// Read them from text in the form of such a file.
  ///
  /// @param text     Neither kept nor changed.
  /// @par Errors     As from_file().
  /// @par Threads    Any.
  [[nodiscard]] static Result<StoreKeys> from_text(const Secret& text);
  /// Take them from the host, for example from its key service.
  ///
  /// @param keys     1 to 16 pairs of an id (1 to 64 letters, digits or . _ -) and 32 random bytes; the one that seals
  ///                 first.
  /// @par Errors     Errc::config; subject() is store.key_file. Errc::no_memory.
  [[nodiscard]] static Result<StoreKeys> of(std::vector<std::pair<std::string, Secret>> keys);
  /// Make one at random, known to this process alone: for a store that is forgotten with the process, too.
  ///
  /// @par Errors     Errc::store, when the system gives no random bytes; Errc::no_memory.
  [[nodiscard]] static Result<StoreKeys> make();

  /// For the library. Never null.
  [[nodiscard]] const std::shared_ptr<const store::SealingKeys>& keys() const noexcept { return keys_; }

 private:
  /// Made by the functions above.
  explicit StoreKeys(std::shared_ptr<const store::SealingKeys> keys) noexcept : keys_(std::move(keys)) {}
  std::shared_ptr<const store::SealingKeys> keys_;
};

/// Open the SQLite store in a file, or make it: for one or several processes of one machine.
///
/// @param path     The file; its folder must exist. It gets mode 0600.
/// @returns        A store that may be shared among threads and Homeservers.
/// @par Errors     Errc::store; subject() is store.path: the file is left untouched when it is damaged, no store, newer
///                 than this library, not writable, on a network's file system or on a full disk. Errc::busy when
///                 another process holds it for longer than 5 seconds; Errc::unsupported where SQLite was left out of
///                 the build; Errc::no_memory.
/// @par Threads    Any. It reads and writes, so it must not be called where blocking does harm.
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<Store>> open_sqlite_store(const std::string& path);

/// Open the PostgreSQL store in a database, or make its tables there: for the processes of many machines.
///
/// @param dsn      As libpq reads it: "postgresql://user:password@host/database?sslrootcert=/etc/authority.pem", or
///                 key=value pairs. Unless it or PGSSLMODE says otherwise sslmode is verify-full: over a network the
///                 server's certificate and name are checked.
/// @returns        A store that may be shared among threads and Homeservers. It connects again by itself.
/// @par Errors     Errc::config for what is no connection string; Errc::store when the database cannot be reached
///                 (retriable), refuses the user, lacks rights or UTF-8, or was taken over by a newer release;
///                 subject() is store.dsn, and nothing of the dsn is told. Errc::busy while other processes hold it for
///                 longer than 5 seconds; Errc::unsupported where libpq was left out of the build; Errc::no_memory.
/// @par Threads    Any. It connects, so it must not be called where blocking does harm.
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<Store>> open_postgresql_store(const Secret& dsn);

/// Make a store in memory, forgotten with its last owner: for tests and trials. It holds 256 MiB.
///
/// @returns        A store that may be shared among threads and Homeservers.
/// @par Errors     Errc::no_memory; Errc::busy when no thread can be made for it.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<Store>> make_memory_store();

}  // namespace confab
