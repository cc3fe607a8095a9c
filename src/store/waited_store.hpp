// WaitedStore: a store for a thread that may wait.
#pragma once

#include <confab/store.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/checked_store.hpp"
#include "util/no_memory.hpp"

namespace confab::store {

class WaitedStore {
 public:
  explicit WaitedStore(std::shared_ptr<Store> store) : store_(checked(std::move(store))) {}

  [[nodiscard]] Result<std::optional<StoreRecord>> get(const std::string& key) const {
    return ask<std::optional<StoreRecord>>([&](auto done) { store_->get(key, std::move(done)); });
  }
  [[nodiscard]] Result<StorePage> list(const std::string& prefix, const std::string& cursor, std::size_t limit) const {
    return ask<StorePage>([&](auto done) { store_->list(prefix, cursor, limit, std::move(done)); });
  }
  [[nodiscard]] Result<std::vector<StoreVersion>> transact(std::vector<StoreWrite> writes) const {
    return ask<std::vector<StoreVersion>>(
        [&](auto done) { store_->transact(std::move(writes), Durability::promised, std::move(done)); });
  }
  [[nodiscard]] Result<StoreTime> now() const {
    return ask<StoreTime>([&](auto done) { store_->now(std::move(done)); });
  }
  [[nodiscard]] const std::shared_ptr<Store>& store() const { return store_; }

  /// Begin something that ends with a handler, and wait for it.
  template <class T, class F>
  [[nodiscard]] static Result<T> ask(F begin) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto answer = promise->get_future();
    begin(StoreHandler<T>([promise](Result<T> result) { promise->set_value(std::move(result)); }));
    try {
      return answer.get();
    } catch (const std::future_error&) {  // the handler was lost on its way, for want of memory
      return no_memory();
    }
  }

 private:
  std::shared_ptr<Store> store_;
};

}  // namespace confab::store
