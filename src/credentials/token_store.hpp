// TokenStore: the tokens of all accounts as they lie in the store, sealed, each written before its first use. Processes
// that share a store share the tokens: whoever writes first wins, and the others use theirs.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "credentials/stored_token.hpp"
#include "credentials/token_slot.hpp"
#include "net/record_store.hpp"
#include "store/sealing_keys.hpp"

namespace confab::credentials {

class TokenStore {
 public:
  TokenStore(net::RecordStore records, std::shared_ptr<const store::SealingKeys> keys)
      : records_(std::move(records)), keys_(std::move(keys)) {}

  // A living token of the account, other than that of the generation `dead`: the stored one, or a new one that is in
  // the store when this ends. The generation of a token is the version of its record.
  [[nodiscard]] static Task<Result<MintedToken>> obtain(std::shared_ptr<TokenStore> self, std::shared_ptr<Mint> mint,
                                                        MatrixUserId account, std::uint64_t dead,
                                                        net::CallContext context);

  [[nodiscard]] static Task<Result<std::optional<StoredToken>>> load(std::shared_ptr<TokenStore> self,
                                                                     MatrixUserId account, net::CallContext context);
  // Over the version that it carries; gives it back with its new one. Errc::conflict: somebody else wrote first.
  [[nodiscard]] static Task<Result<StoredToken>> save(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                      StoredToken token, net::CallContext context);

  // What became of a record whose token was to be forgotten.
  class Forgotten {
   public:
    Forgotten(bool had_token, StoreVersion version) : had_token_(had_token), version_(version) {}
    [[nodiscard]] bool had_token() const noexcept { return had_token_; }
    // Up to here no token is kept any more; 0: there is no record.
    [[nodiscard]] StoreVersion version() const noexcept { return version_; }

   private:
    bool had_token_;
    StoreVersion version_;
  };
  // The token only: a password that the library made stays. A record that does not open goes as a whole.
  [[nodiscard]] static Task<Result<Forgotten>> forget(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                      net::CallContext context);
  // Whose records there are, page by page: a page may be empty although more follow.
  class Accounts {
   public:
    Accounts(std::vector<MatrixUserId> accounts, std::string cursor)
        : accounts_(std::move(accounts)), cursor_(std::move(cursor)) {}
    [[nodiscard]] const std::vector<MatrixUserId>& accounts() const noexcept { return accounts_; }
    // Empty: nothing follows.
    [[nodiscard]] const std::string& cursor() const noexcept { return cursor_; }

   private:
    std::vector<MatrixUserId> accounts_;
    std::string cursor_;
  };
  [[nodiscard]] static Task<Result<Accounts>> accounts(std::shared_ptr<TokenStore> self, std::string cursor,
                                                       net::CallContext context);
  [[nodiscard]] static std::string record_key(const MatrixUserId& account) {
    return std::string(prefix) + account.str();
  }

 private:
  static constexpr std::string_view prefix = "token/";
  [[nodiscard]] static Task<Result<void>> check_keys(std::shared_ptr<TokenStore> self, net::CallContext context);
  [[nodiscard]] static Task<StoredToken> settled(std::shared_ptr<TokenStore> self, std::shared_ptr<Mint> mint,
                                                 MatrixUserId account, StoredToken token, net::CallContext context);

  net::RecordStore records_;
  std::shared_ptr<const store::SealingKeys> keys_;
  std::atomic<bool> keys_fit_{false};
};

}  // namespace confab::credentials
