// What is sealed in a record: its members of the form {"sealed":"...","key":"..."}, and the record sealed anew.
#pragma once

#include <confab/store.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "store/sealing_keys.hpp"
#include "util/json.hpp"

namespace confab::store {

[[nodiscard]] bool is_sealed(const json::Value& member);

/// The ids of the keys that sealed its members.
[[nodiscard]] std::vector<std::string> sealing_ids(const json::Value& record);

/// Whether all of them open where they lie: Errc::store, store.key_file.
[[nodiscard]] Result<void> open_sealed(const SealingKeys& keys, std::string_view record_key, const json::Value& record);

/// The record as it shall be written, with every member sealed under the key that seals now.
[[nodiscard]] Result<std::string> seal_anew(const SealingKeys& keys, std::string_view record_key,
                                            const json::Value& record);

}  // namespace confab::store
