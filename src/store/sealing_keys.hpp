// SealingKeys: the keys under which secrets are sealed before they reach a store. Several open, the first one seals.
#pragma once

#include <confab/result.hpp>
#include <confab/secret.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confab::store {

inline constexpr std::size_t sealing_key_bytes = 32;  // AES-256
inline constexpr std::size_t most_sealing_keys = 16;

class SealingKey {
 public:
  SealingKey(std::string id, Secret bytes) : id_(std::move(id)), bytes_(std::move(bytes)) {}
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const Secret& bytes() const { return bytes_; }

 private:
  std::string id_;
  Secret bytes_;
};

class SealingKeys {
 public:
  /// From the host. Errc::config, store.key_file, unless there are 1 to 16 keys of 32 bytes under different ids.
  [[nodiscard]] static Result<SealingKeys> of(std::vector<SealingKey> keys);

  /// From a file that only its owner may read: a line for each key, "<id> <base64 of 32 bytes>", the one that seals
  /// first; empty lines and lines that begin with # say nothing. Errc::store, store.key_file. Blocks.
  [[nodiscard]] static Result<SealingKeys> from_file(const std::string& path);

  /// From what such a file holds.
  [[nodiscard]] static Result<SealingKeys> from_text(const Secret& text);

  [[nodiscard]] const SealingKey& sealing() const { return keys_.front(); }
  [[nodiscard]] const SealingKey* find(std::string_view id) const;
  [[nodiscard]] const std::vector<SealingKey>& all() const { return keys_; }

 private:
  /// `name`: of the text, in messages.
  [[nodiscard]] static Result<SealingKeys> read(const Secret& text, const std::string& name);
  explicit SealingKeys(std::vector<SealingKey> keys) : keys_(std::move(keys)) {}
  std::vector<SealingKey> keys_;
};

/// Errc::store about store.key_file with words of ours.
[[nodiscard]] Error key_fault(std::string message);

}  // namespace confab::store
