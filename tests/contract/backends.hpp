// The backends that the contract is read to, and the macro that reads each of its cases to all of them.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "../../examples/map_store.hpp"
#include "contract/faulty_store.hpp"
#include "contract/store_client.hpp"
#include "store/checked_store.hpp"
#include "store/memory_store.hpp"
#include "store/postgresql_store.hpp"
#include "store/sqlite_store.hpp"
#include "support/temporary_directory.hpp"
#if CONFAB_HAS_POSTGRESQL
#include "contract/postgresql_database.hpp"
#endif

#if CONFAB_HAS_C_ABI
#include "../../examples/c/list_store.h"
#include "capi/host_store.hpp"
#endif

namespace confab::test {

/// A store's clock that stands still until the test moves it.
class StoreTimeByHand {
 public:
  void advance(std::chrono::milliseconds step) { *time_ += step.count(); }
  [[nodiscard]] store::ClockSource source() const {
    return [time = time_] { return StoreTime(std::chrono::milliseconds(time->load())); };
  }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> time_ = std::make_shared<std::atomic<std::int64_t>>(1'700'000'000'000);
};

class Backend {
 public:
  StoreTimeByHand clock;
  std::shared_ptr<Store> store;
  int tries = 1;
  [[nodiscard]] StoreClient client() const { return StoreClient(store, tries); }
};

class MemoryBackend : public Backend {
 public:
  MemoryBackend() { store = store::make_memory_store(store::MemoryStoreOptions().clock(clock.source())); }
};

class SqliteBackend : public Backend {
 public:
  SqliteBackend() {
    auto opened = store::open_sqlite_store(store::SqliteStoreOptions(folder.file("store")).clock(clock.source()));
    if (!opened) throw std::runtime_error(std::string(opened.error().message()));
    store = *opened;
  }
  TemporaryDirectory folder;
};

#if CONFAB_HAS_POSTGRESQL
class PostgresqlBackend : public Backend {
 public:
  PostgresqlBackend() { store = open_postgresql(store::PostgresqlStoreOptions(database_dsn()).clock(clock.source())); }
};
#endif

/// The one that a host is shown how to write: the documented interface is all that it knows of the library.
class HostsOwnBackend : public Backend {
 public:
  HostsOwnBackend() { store = store::checked(std::make_shared<example::MapStore>(clock.source())); }
};

#if CONFAB_HAS_C_ABI
/// The one that hosts in C are shown how to write, through the functions of the C ABI.
class HostsOwnBackendInC : public Backend {
 public:
  HostsOwnBackendInC() { open(table()); }
  // Before the clock goes.
  ~HostsOwnBackendInC() { store.reset(); }

 protected:
  struct Unopened {};
  explicit HostsOwnBackendInC(Unopened) {}
  void open(const confab_store_vtable& table) { store = store::checked(capi::make_host_store(&table)); }
  confab_store_vtable table() {
    list_store* list = list_store_new(
        [](void* clock_source) {
          return std::int64_t{(*static_cast<store::ClockSource*>(clock_source))().time_since_epoch().count()};
        },
        &source_);
    if (list == nullptr) throw std::bad_alloc();
    return list_store_vtable(list);
  }

 private:
  store::ClockSource source_ = clock.source();
};

/// Two of three calls of its functions answer CONFAB_BUSY before anything is done.
class FlakyBackendInC : public HostsOwnBackendInC {
 public:
  FlakyBackendInC() : HostsOwnBackendInC(Unopened()) {
    auto* const flaky = new Flaky{table()};  // until its `end`, which may come later than ours
    confab_store_vtable table = flaky->inner;
    table.context = flaky;
    table.get = [](void* self, const char* key, confab_store_answer* answer) {
      return of(self).refuses() ? CONFAB_BUSY : of(self).inner.get(of(self).inner.context, key, answer);
    };
    table.list = [](void* self, const char* prefix, const char* cursor, std::uint32_t limit,
                    confab_store_answer* answer) {
      return of(self).refuses() ? CONFAB_BUSY
                                : of(self).inner.list(of(self).inner.context, prefix, cursor, limit, answer);
    };
    table.transact = [](void* self, const confab_store_write* const* writes, std::uint32_t count, std::int32_t promised,
                        confab_store_answer* answer) {
      return of(self).refuses() ? CONFAB_BUSY
                                : of(self).inner.transact(of(self).inner.context, writes, count, promised, answer);
    };
    table.now = [](void* self, confab_store_answer* answer) {
      return of(self).inner.now(of(self).inner.context, answer);
    };
    table.end = [](void* self) {
      of(self).inner.end(of(self).inner.context);
      delete &of(self);
    };
    open(table);
    tries = 20;
  }

 private:
  struct Flaky {
    confab_store_vtable inner;
    std::atomic<unsigned> calls{0};
    bool refuses() { return calls++ % 3 != 2; }
  };
  static Flaky& of(void* self) { return *static_cast<Flaky*>(self); }
};
#endif

/// Two of three operations fail before they are done; who repeats them must not see a difference.
class FlakyBackend : public Backend {
 public:
  FlakyBackend() {
    store = store::checked(
        std::make_shared<FaultyStore>(store::make_memory_store(store::MemoryStoreOptions().clock(clock.source())),
                                      Errc::busy, [](int n) { return n % 3 == 2 ? Fault::none : Fault::before; }));
    tries = 20;
  }
};

}  // namespace confab::test

// One function, read to each backend as a test case of its own.
#define CONTRACT(function, name)                        \
  static void function(confab::test::Backend& backend); \
  TEST_CASE("memory: " name) {                          \
    confab::test::MemoryBackend backend;                \
    function(backend);                                  \
  }                                                     \
  TEST_CASE("flaky: " name) {                           \
    confab::test::FlakyBackend backend;                 \
    function(backend);                                  \
  }                                                     \
  TEST_CASE("the host's own: " name) {                  \
    confab::test::HostsOwnBackend backend;              \
    function(backend);                                  \
  }                                                     \
  CONTRACT_C(function, name)                            \
  CONTRACT_SQLITE(function, name)                       \
  CONTRACT_POSTGRESQL(function, name)                   \
  static void function([[maybe_unused]] confab::test::Backend& backend)

#if CONFAB_HAS_SQLITE
#define CONTRACT_SQLITE(function, name)  \
  TEST_CASE("sqlite: " name) {           \
    confab::test::SqliteBackend backend; \
    function(backend);                   \
  }
#else
#define CONTRACT_SQLITE(function, name)
#endif

#if CONFAB_HAS_POSTGRESQL
#define CONTRACT_POSTGRESQL(function, name)  \
  TEST_CASE("postgresql: " name) {           \
    confab::test::PostgresqlBackend backend; \
    function(backend);                       \
  }
#else
#define CONTRACT_POSTGRESQL(function, name)
#endif

#if CONFAB_HAS_C_ABI
#define CONTRACT_C(function, name)                 \
  TEST_CASE("the host's own in C: " name) {        \
    confab::test::HostsOwnBackendInC backend;      \
    function(backend);                             \
  }                                                \
  TEST_CASE("flaky, the host's own in C: " name) { \
    confab::test::FlakyBackendInC backend;         \
    function(backend);                             \
  }
#else
#define CONTRACT_C(function, name)
#endif
