// The memory store: everything is forgotten with the process. For tests, trials, and hosts that need no memory.
#pragma once

#include <confab/store.hpp>

#include <cstddef>
#include <memory>
#include <utility>

#include "store/store_clock.hpp"

namespace confab::store {

class MemoryStoreOptions {
 public:
  MemoryStoreOptions() = default;
  /// Of all keys and values with an allowance for each record. At the bound: Errc::store, "store.most_bytes".
  MemoryStoreOptions& most_bytes(std::size_t bytes) { return most_bytes_ = bytes, *this; }
  MemoryStoreOptions& clock(ClockSource source) { return clock_ = std::move(source), *this; }
  [[nodiscard]] std::size_t most_bytes() const { return most_bytes_; }
  [[nodiscard]] const ClockSource& clock() const { return clock_; }

 private:
  std::size_t most_bytes_ = std::size_t{256} << 20U;
  ClockSource clock_;
};

/// One thread of its own runs all operations in their order. Arguments are checked.
[[nodiscard]] std::shared_ptr<Store> make_memory_store(const MemoryStoreOptions& options = {});

}  // namespace confab::store
