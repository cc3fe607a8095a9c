// OpenedStore: the store of a homeserver's options, opened, with the keys that seal secrets in it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <confab/homeserver.hpp>
#include <confab/open_store.hpp>
#include <confab/result.hpp>

#include "net/call_context.hpp"
#include "net/record_store.hpp"
#include "store/sealing_keys.hpp"
#include "util/task.hpp"

namespace confab::chat {

class OpenedStore {
 public:
  OpenedStore(std::shared_ptr<Store> store, StoreKeys keys, std::string kind)
      : records_(std::move(store)), keys_(std::move(keys)), kind_(std::move(kind)) {}
  [[nodiscard]] const net::RecordStore& records() const noexcept { return records_; }
  [[nodiscard]] const std::shared_ptr<const store::SealingKeys>& keys() const noexcept { return keys_.keys(); }
  // In words: which one it is.
  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  // False: it was made here, and nobody else ever sees what is in it.
  [[nodiscard]] bool outlives_process() const noexcept { return kind_ != in_memory; }
  static constexpr const char* in_memory = "memory";

 private:
  net::RecordStore records_;
  StoreKeys keys_;
  std::string kind_;
};

// The host's store, the file's, or one in memory. Blocks; a file's keys are tried at once, a host's store is left
// alone until it is used.
[[nodiscard]] Result<OpenedStore> open_store(const HomeserverOptions& options);

// Whether it can be read and written and opens with these keys.
[[nodiscard]] Task<Finding> examine_store(OpenedStore store, net::CallContext context);

}  // namespace confab::chat
