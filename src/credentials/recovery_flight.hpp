// How does an account come to a living token? One flight: TokenRecovery decides, the store and the mint are asked.
#pragma once

#include <cstdint>
#include <memory>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "credentials/stored_token.hpp"
#include "credentials/token_slot.hpp"
#include "credentials/token_store.hpp"
#include "net/backoff.hpp"
#include "net/call_context.hpp"
#include "util/task.hpp"

namespace confab::credentials {

// What a slot is told of a stored token: also when it is to be renewed, not at the same moment for many that end
// together. `fresh`: made just now. `may_log_in`: the user may come to a device of their own.
[[nodiscard]] MintedToken minted_of(const StoredToken& token, bool fresh, bool may_log_in,
                                    const net::RandomSource& random);

// A living token of the account, other than that of the generation `dead`: the stored one, or a new one that is in the
// store when this ends. Of all processes on the store one makes it, and the others find it.
[[nodiscard]] Task<Result<MintedToken>> recover_token(std::shared_ptr<TokenStore> tokens, std::shared_ptr<Mint> mint,
                                                      MatrixUserId account, std::uint64_t dead, Need need,
                                                      net::CallContext context);

}  // namespace confab::credentials
