#include "chat/opened_store.hpp"

#include <chrono>
#include <future>
#include <optional>

#include "store/checked_store.hpp"
#include "store/key_check.hpp"

namespace confab::chat {

namespace {

// Longer than a store waits for another process.
constexpr std::chrono::seconds key_check_patience{30};
// A record that only doctors write, to see that it can be done.
constexpr const char* examined_key = "confab/examined";
constexpr std::chrono::hours examined_life{1};

Result<void> check_keys_now(const std::shared_ptr<Store>& store, const StoreKeys& keys) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  std::future<Result<void>> checked = promise->get_future();
  store::check_sealing_keys(store, keys.keys(), [promise](Result<void> done) { promise->set_value(std::move(done)); });
  if (checked.wait_for(key_check_patience) == std::future_status::ready) return checked.get();
  return Error(Errc::busy, "the store did not answer in time").with_subject("store");
}

Finding unfit(const OpenedStore& store, const Error& error) {
  return Finding("store", false, store.kind() + ": " + std::string(error.message()));
}

}  // namespace

Result<OpenedStore> open_store(const HomeserverOptions& options) {
  if (options.store() && options.store_keys()) {
    return OpenedStore(store::checked(options.store()), *options.store_keys(), "the host's own");
  }
  const bool in_file = !options.store_path().empty();
  if (!in_file && options.store_dsn().empty()) {
    Result<std::shared_ptr<Store>> memory = make_memory_store();
    if (!memory) return std::move(memory).error();
    Result<StoreKeys> keys = StoreKeys::make();
    if (!keys) return std::move(keys).error();
    return OpenedStore(std::move(*memory), std::move(*keys), OpenedStore::in_memory);
  }
  // The keys first: without them no file is made.
  Result<StoreKeys> keys =
      options.store_keys() ? Result<StoreKeys>(*options.store_keys()) : StoreKeys::from_file(options.key_file());
  if (!keys) return std::move(keys).error();
  Result<std::shared_ptr<Store>> opened =
      in_file ? open_sqlite_store(options.store_path()) : open_postgresql_store(options.store_dsn());
  if (!opened) return std::move(opened).error();
  if (Result<void> fit = check_keys_now(*opened, *keys); !fit) return std::move(fit).error();
  return OpenedStore(std::move(*opened), std::move(*keys), in_file ? "sqlite" : "postgresql");
}

Task<Finding> examine_store(OpenedStore store, net::CallContext context) {
  const net::RecordStore& records = store.records();
  Result<std::optional<StoreRecord>> found = co_await records.get(context, examined_key);
  if (!found) co_return unfit(store, found.error());
  const StoreVersion expected = *found ? (*found)->version() : 0;
  StoreWrite write = StoreWrite::put(examined_key, expected, "{}");
  write.expires_after(examined_life);
  Result<StoreVersion> written = co_await records.put_if(context, std::move(write), Durability::promised);
  // Somebody else examines it at this moment, and can write.
  if (!written && written.error().code() != Errc::conflict) co_return unfit(store, written.error());
  net::StoreAnswer<void> asked(context, [&store](StoreHandler<void> done) {
    store::check_sealing_keys(store.records().store(), store.keys(), std::move(done));
  });
  Result<void> fit = co_await asked;
  if (!fit) co_return unfit(store, fit.error());
  co_return Finding("store", true, store.kind() + ": read and written, and the key is the store's");
}

}  // namespace confab::chat
