// The public ways to a store and to its keys.
#include <confab/open_store.hpp>

#include <openssl/rand.h>

#include <new>
#include <system_error>

#include "store/memory_store.hpp"
#include "store/postgresql_store.hpp"
#include "store/sealing_keys.hpp"
#include "store/sqlite_store.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

Result<std::shared_ptr<const store::SealingKeys>> shared(Result<store::SealingKeys> keys) {
  if (!keys) return std::move(keys).error();
  return std::shared_ptr<const store::SealingKeys>(std::make_shared<store::SealingKeys>(std::move(*keys)));
}

}  // namespace

Result<StoreKeys> StoreKeys::from_file(const std::string& path) try {
  auto keys = shared(store::SealingKeys::from_file(path));
  if (!keys) return std::move(keys).error();
  return StoreKeys(std::move(*keys));
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<StoreKeys> StoreKeys::from_text(const Secret& text) try {
  auto keys = shared(store::SealingKeys::from_text(text));
  if (!keys) return std::move(keys).error();
  return StoreKeys(std::move(*keys));
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<StoreKeys> StoreKeys::of(std::vector<std::pair<std::string, Secret>> keys) try {
  std::vector<store::SealingKey> list;
  for (auto& [id, bytes] : keys) list.emplace_back(std::move(id), std::move(bytes));
  auto made = shared(store::SealingKeys::of(std::move(list)));
  if (!made) return std::move(made).error();
  return StoreKeys(std::move(*made));
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<StoreKeys> StoreKeys::make() try {
  std::string bytes(store::sealing_key_bytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1) {
    return store::key_fault("the system gives no random bytes for a key");
  }
  std::vector<std::pair<std::string, Secret>> keys;
  keys.emplace_back("this-process", Secret(std::move(bytes)));
  return of(std::move(keys));
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<std::shared_ptr<Store>> open_sqlite_store(const std::string& path) {
  return store::open_sqlite_store(store::SqliteStoreOptions(path));
}

Result<std::shared_ptr<Store>> open_postgresql_store(const Secret& dsn) {
  return store::open_postgresql_store(store::PostgresqlStoreOptions(dsn));
}

Result<std::shared_ptr<Store>> make_memory_store() try {
  return store::make_memory_store(store::MemoryStoreOptions());
} catch (const std::bad_alloc&) {
  return no_memory();
} catch (const std::system_error&) {
  return Error(Errc::busy, "no thread could be made for the store");
}

}  // namespace confab
