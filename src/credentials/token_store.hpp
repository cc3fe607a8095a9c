// TokenStore: the tokens of all accounts as they lie in the store, sealed, each written before its first use. Processes
// that share a store share the tokens, and agree by leases on who makes the next one.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "credentials/login_allowance.hpp"
#include "credentials/stored_token.hpp"
#include "credentials/token_counts.hpp"
#include "net/backoff.hpp"
#include "net/record_store.hpp"
#include "store/lease.hpp"
#include "store/sealing_keys.hpp"
#include "util/task.hpp"

namespace confab::credentials {

class TokenStore {
 public:
  // How long a process that dies while it replaces a token keeps others from it. A rung of the ladder may take three
  // quarters of it.
  static constexpr std::chrono::milliseconds default_lease{20'000};

  TokenStore(net::RecordStore records, std::shared_ptr<const store::SealingKeys> keys,
             std::chrono::milliseconds lease_length = default_lease);

  [[nodiscard]] static Task<Result<std::optional<StoredToken>>> load(std::shared_ptr<TokenStore> self,
                                                                     MatrixUserId account, net::CallContext context);
  // Over the version that it carries, and `beside` in the same step; gives it back with its new one. Errc::conflict:
  // somebody else wrote first.
  [[nodiscard]] static Task<Result<StoredToken>> save(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                      StoredToken token, net::CallContext context,
                                                      std::vector<StoreWrite> beside = std::vector<StoreWrite>());

  // The same for one whose making came to nothing: a record that has nothing worth keeping goes.
  [[nodiscard]] static Task<Result<void>> tidy(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                               StoredToken token, net::CallContext context,
                                               std::vector<StoreWrite> beside);

  // The user's stays the user's. Not with a lease: whoever replaces the token meanwhile reads again.
  [[nodiscard]] static Task<Result<void>> note_password_owner(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                              PasswordOwner owner, net::CallContext context);

  // Of an account that was closed: nothing that was known of it serves any more, whoever's its password was.
  [[nodiscard]] static Task<Result<void>> forget_password(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                          net::CallContext context);

  // Of one flight: for as long as it is held nobody else makes a token for the account.
  [[nodiscard]] Result<std::shared_ptr<store::Lease>> lease(const MatrixUserId& account) const;
  [[nodiscard]] std::chrono::milliseconds lease_length() const noexcept { return lease_length_; }
  // Who may log in to the homeserver, and when.
  [[nodiscard]] const std::shared_ptr<LoginAllowance>& logins() const noexcept { return logins_; }
  [[nodiscard]] const net::RecordStore& records() const noexcept { return records_; }
  [[nodiscard]] const std::shared_ptr<const store::SealingKeys>& keys() const noexcept { return keys_; }
  // What this process does for the tokens of this store.
  [[nodiscard]] TokenCounts& counts() noexcept { return counts_; }
  [[nodiscard]] const net::RandomSource& random() const noexcept { return random_; }

  // What became of a record whose token was to be forgotten.
  class Forgotten {
   public:
    Forgotten(bool had_token, std::uint64_t generation) : had_token_(had_token), generation_(generation) {}
    [[nodiscard]] bool had_token() const noexcept { return had_token_; }
    // Up to here no token is kept any more; 0: which it was is not known.
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

   private:
    bool had_token_;
    std::uint64_t generation_;
  };
  // The token only: a password that the library made stays, and whose the account's password is. A record that does not
  // open goes as a whole.
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
  // What all processes did for the accounts whose records there are.
  class Totals {
   public:
    void add(const StoreRecord& record);
    void end(bool complete) { complete_ = complete; }
    [[nodiscard]] std::size_t accounts() const noexcept { return accounts_; }
    [[nodiscard]] std::uint64_t made(TokenReason reason) const { return made_.at(static_cast<std::size_t>(reason)); }
    // False: there are more accounts than were looked at.
    [[nodiscard]] bool is_complete() const noexcept { return complete_; }

   private:
    std::size_t accounts_ = 0;
    std::array<std::uint64_t, token_reasons.size()> made_{};
    bool complete_ = true;
  };
  [[nodiscard]] static Task<Result<Totals>> totals(std::shared_ptr<TokenStore> self, net::CallContext context);

  [[nodiscard]] static std::string record_key(const MatrixUserId& account) {
    return std::string(prefix) + account.str();
  }

 private:
  static constexpr std::string_view prefix = "token/";
  [[nodiscard]] static Task<Result<void>> check_keys(std::shared_ptr<TokenStore> self, net::CallContext context);

  net::RecordStore records_;
  std::shared_ptr<const store::SealingKeys> keys_;
  std::chrono::milliseconds lease_length_;
  net::RandomSource random_;
  std::shared_ptr<LoginAllowance> logins_;
  TokenCounts counts_;
  std::atomic<bool> keys_fit_{false};
};

}  // namespace confab::credentials
