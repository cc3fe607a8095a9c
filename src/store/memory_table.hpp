// MemoryTable: the store's rules on an ordered map, without a thread or a clock.
#pragma once

#include <confab/store.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace confab::store {

class MemoryTable {
 public:
  explicit MemoryTable(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  [[nodiscard]] std::optional<StoreRecord> get(const std::string& key, StoreTime now) const;
  [[nodiscard]] StorePage list(const std::string& prefix, const std::string& cursor, std::size_t limit,
                               StoreTime now) const;
  [[nodiscard]] Result<std::vector<StoreVersion>> transact(const std::vector<StoreWrite>& writes, StoreTime now);

  /// What all records take, roughly: keys, values and an allowance for each.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    StoreVersion version;
    std::string value;
    std::optional<StoreTime> expires;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  [[nodiscard]] static std::size_t cost(const std::string& key, const std::string& value);
  [[nodiscard]] static std::size_t added_by(const std::vector<StoreWrite>& writes);
  void remove(Entries::iterator entry);
  void sweep(StoreTime now);

  Entries entries_;
  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::size_t writes_since_sweep_ = 0;
  StoreVersion last_version_ = 0;  // of all keys: so no key ever sees a version again
};

}  // namespace confab::store
