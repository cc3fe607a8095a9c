// PuppetMint: a user's token by the admin's login-as-user: no login limit, no hashing, no password of the user. It has
// no device and ends by itself.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "credentials/admin_session.hpp"
#include "credentials/stored_token.hpp"

namespace confab::credentials {

class PuppetMint final : public Mint {
 public:
  explicit PuppetMint(std::shared_ptr<AdminSession> admin) : admin_(std::move(admin)) {}
  [[nodiscard]] StoredToken::Kind kind() const noexcept override { return StoredToken::Kind::puppet; }
  [[nodiscard]] Result<StoredToken> prepare(StoredToken known, Rung rung) override;
  [[nodiscard]] Task<Result<StoredToken>> climb(std::shared_ptr<Mint> self, MatrixUserId account, Rung rung,
                                                StoredToken known, net::CallContext context) override;
  [[nodiscard]] Task<Result<void>> still_open(std::shared_ptr<Mint> self, MatrixUserId account,
                                              net::CallContext context) override;
  [[nodiscard]] Task<bool> settle(std::shared_ptr<Mint> self, MatrixUserId account, StoredToken token,
                                  net::CallContext context) override;

 private:
  std::shared_ptr<AdminSession> admin_;
};

// What the admin is told of the account; an error, Errc::account_deactivated among them, where nobody may act for it.
[[nodiscard]] Task<Result<void>> look_at_account(std::shared_ptr<AdminSession> admin, MatrixUserId account,
                                                 net::CallContext context);

// What the homeserver says of an account in its answer to the admin it says of the admin's: nobody may take it for the
// user's.
[[nodiscard]] Error said_of_admin(const Error& error);

// What the admin's failure means to a user for whom it was to act.
[[nodiscard]] Error admin_refusal(const Error& error);

}  // namespace confab::credentials
