// How does a StoredToken lie in the store? As JSON with its secrets sealed.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <confab/result.hpp>
#include <confab/store.hpp>
#include <confab/token_metrics.hpp>

#include "credentials/stored_token.hpp"
#include "store/sealing_keys.hpp"

namespace confab::credentials {

[[nodiscard]] Result<std::string> token_record(const StoredToken& token, const std::string& record_key,
                                               const store::SealingKeys& keys);

// Errc::store about store.key_file when it does not open, with the key as subject when it is no token record.
[[nodiscard]] Result<StoredToken> read_token_record(const StoreRecord& record, const store::SealingKeys& keys);

// How often a token was made for each reason. Opens nothing; zeros where it is no token record.
[[nodiscard]] std::array<std::uint64_t, token_reasons.size()> times_made(const StoreRecord& record);

}  // namespace confab::credentials
