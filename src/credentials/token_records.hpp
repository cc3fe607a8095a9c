// TokenRecords: accounts' tokens as they lie in the store, sealed, one record for each account, with the generation by
// which all processes tell a dead token from its successor.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>
#include <confab/store.hpp>

#include "net/call_context.hpp"
#include "net/record_store.hpp"
#include "store/sealing_keys.hpp"
#include "util/task.hpp"

namespace confab::credentials {

class TokenRecord {
 public:
  TokenRecord(Secret token, std::uint64_t generation, StoreVersion version)
      : token_(std::move(token)), generation_(generation), version_(version) {}
  TokenRecord& ends(std::optional<std::chrono::system_clock::time_point> at) { return ends_ = at, *this; }
  TokenRecord& device(DeviceId id) { return device_ = std::move(id), *this; }

  // Empty when there is none at present: it was dropped by a reset, or could not be opened.
  [[nodiscard]] const Secret& token() const noexcept { return token_; }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  [[nodiscard]] StoreVersion version() const noexcept { return version_; }
  // On the system's clock; none: until it is revoked.
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> ends() const noexcept { return ends_; }
  // Empty for a token without a device.
  [[nodiscard]] const DeviceId& device() const noexcept { return device_; }

 private:
  Secret token_;
  std::uint64_t generation_;
  StoreVersion version_;
  std::optional<std::chrono::system_clock::time_point> ends_;
  DeviceId device_;
};

class TokenRecords {
 public:
  TokenRecords(net::RecordStore store, std::shared_ptr<const store::SealingKeys> keys, const std::string& server_name)
      : store_(std::move(store)), keys_(std::move(keys)), folder_("credentials/" + server_name + "/") {}

  // Generation 0 where there is none yet. A record that nobody can read is worth a new token, under the generation
  // after its own.
  [[nodiscard]] static Task<Result<TokenRecord>> load(std::shared_ptr<TokenRecords> self, MatrixUserId account,
                                                      net::CallContext context);
  // Puts `record` in the place of the one of its version. Errc::conflict: somebody else was first, load again.
  [[nodiscard]] static Task<Result<void>> save(std::shared_ptr<TokenRecords> self, MatrixUserId account,
                                               TokenRecord record, net::CallContext context);

  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

 private:
  [[nodiscard]] TokenRecord read(const StoreRecord& found) const;
  [[nodiscard]] Result<std::string> written(const std::string& key, const TokenRecord& record) const;

  net::RecordStore store_;
  std::shared_ptr<const store::SealingKeys> keys_;
  std::string folder_;
};

}  // namespace confab::credentials
