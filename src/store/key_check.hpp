// Do these keys fit this store? Asked once at the start, before a lost key is noticed by a user.
#pragma once

#include <confab/store.hpp>

#include <memory>

#include "store/sealing_keys.hpp"

namespace confab::store {

/// Each key that ever sealed has a record "confab/keys/<id>" with a known text, sealed. All of them must open; the one
/// that seals now gets its record. Errc::store, store.key_file, naming the key that is missing or another.
void check_sealing_keys(std::shared_ptr<Store> store, std::shared_ptr<const SealingKeys> keys, StoreHandler<void> done);

/// Forget a key, once nothing is sealed under it any more.
void retire_sealing_key(const std::shared_ptr<Store>& store, const std::string& id, StoreHandler<void> done);

}  // namespace confab::store
