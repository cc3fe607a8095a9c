// How does a secret lie in a store? As {"sealed":"...","key":"..."}: AES-256-GCM, bound to the place where it lies.
#pragma once

#include <confab/secret.hpp>

#include <string>
#include <string_view>

#include "store/sealing_keys.hpp"
#include "util/json.hpp"

namespace confab::store {

/// Where a secret lies: it opens only there, so that nobody who can write to the store can move it to another record.
class SealedPlace {
 public:
  SealedPlace(std::string_view record_key, std::string_view member) : record_key_(record_key), member_(member) {}
  /// Keys hold no control characters, so two places never look the same.
  [[nodiscard]] std::string text() const { return "confab 1\n" + record_key_ + '\n' + member_; }

 private:
  std::string record_key_;
  std::string member_;
};

/// JSON text of the sealed secret, for Writer::raw(). Each call gives another.
[[nodiscard]] Result<std::string> seal(const SealingKeys& keys, const SealedPlace& place, const Secret& secret);

/// Errc::store, store.key_file, when its key is missing or another, or the value was moved or changed.
[[nodiscard]] Result<Secret> unseal(const SealingKeys& keys, const SealedPlace& place, const json::Value& sealed);

/// Whether it was sealed under an older key than the one that seals now: seal it again when the record is next written.
[[nodiscard]] bool wants_resealing(const SealingKeys& keys, const json::Value& sealed);

}  // namespace confab::store
