// StoreClient: a store used as tests like it, one answer after the other.
#pragma once

#include <confab/store.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace confab::test {

/// Runs one operation and waits for its end; throws when that does not come.
template <class T, class F>
Result<T> finish(F begin) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  begin([promise](Result<T> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
    throw std::runtime_error("a store operation did not end");
  }
  return future.get();
}

/// A JSON text of so many bytes.
inline std::string json_of(std::size_t bytes) {
  std::string text(bytes, 'x');
  text.front() = text.back() = '"';
  return text;
}

class StoreClient {
 public:
  /// `tries`: how often an operation is repeated that the store is too busy for.
  explicit StoreClient(std::shared_ptr<Store> store, int tries = 1) : store_(std::move(store)), tries_(tries) {}

  Result<std::optional<StoreRecord>> get(const std::string& key) const {
    return repeat<std::optional<StoreRecord>>([&](auto done) { store_->get(key, std::move(done)); });
  }
  /// The value; "-" without a record, the name of the code after an error.
  std::string value(const std::string& key) const {
    const auto record = get(key);
    if (!record) return std::string(errc_name(record.error().code()));
    return *record ? (**record).value() : "-";
  }
  /// The version; 0 without a record.
  StoreVersion version(const std::string& key) const {
    const auto record = get(key);
    return record && *record ? (**record).version() : 0;
  }
  Result<StorePage> list(const std::string& prefix, const std::string& cursor = {}, std::size_t limit = 100) const {
    return repeat<StorePage>([&](auto done) { store_->list(prefix, cursor, limit, std::move(done)); });
  }
  /// All keys of a prefix, page by page.
  std::vector<std::string> keys(const std::string& prefix, std::size_t limit = 100) const {
    std::vector<std::string> keys;
    std::string cursor;
    do {
      auto page = list(prefix, cursor, limit);
      if (!page) return {std::string(errc_name(page.error().code()))};
      for (const StoreRecord& record : page->records()) keys.push_back(record.key());
      cursor = page->cursor();
    } while (!cursor.empty());
    return keys;
  }
  Result<std::vector<StoreVersion>> transact(const std::vector<StoreWrite>& writes,
                                             Durability durability = Durability::promised) const {
    return repeat<std::vector<StoreVersion>>([&](auto done) { store_->transact(writes, durability, std::move(done)); });
  }
  Result<StoreVersion> put_if(const StoreWrite& write, Durability durability = Durability::promised) const {
    return repeat<StoreVersion>([&](auto done) { store_->put_if(write, durability, std::move(done)); });
  }
  Result<StoreVersion> put(const std::string& key, StoreVersion expected, const std::string& value) const {
    return put_if(StoreWrite::put(key, expected, value));
  }
  Result<StoreVersion> put_for(const std::string& key, StoreVersion expected, const std::string& value,
                               std::chrono::milliseconds lifetime) const {
    return put_if(StoreWrite::put(key, expected, value).expires_after(lifetime));
  }
  Result<StoreVersion> erase(const std::string& key, StoreVersion expected) const {
    return put_if(StoreWrite::erase(key, expected));
  }
  Result<StoreTime> now() const {
    return repeat<StoreTime>([&](auto done) { store_->now(std::move(done)); });
  }
  [[nodiscard]] Store& store() const { return *store_; }

 private:
  template <class T, class F>
  Result<T> repeat(F begin) const {
    for (int i = 1;; ++i) {
      Result<T> result = finish<T>(begin);
      if (result || result.error().code() != Errc::busy || i >= tries_) return result;
    }
  }
  std::shared_ptr<Store> store_;
  int tries_;
};

/// The stable name of how it ended: "ok" or a code.
template <class T>
std::string outcome(const Result<T>& result) {
  return result ? "ok" : std::string(errc_name(result.error().code()));
}

}  // namespace confab::test
