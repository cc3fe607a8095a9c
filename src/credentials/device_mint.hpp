// DeviceMint: a user's own login on one device that never changes, with a password that the library made and keeps
// sealed. The homeserver then remembers the user's sends over its restarts. Each login counts against its limits, so
// the token is renewed by refresh tokens, which have none.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "credentials/admin_session.hpp"
#include "credentials/login_allowance.hpp"
#include "credentials/stored_token.hpp"

namespace confab::credentials {

class DeviceMint final : public Mint {
 public:
  // `haste`: of its logins; none: each is spent already.
  DeviceMint(std::shared_ptr<AdminSession> admin, std::shared_ptr<LoginAllowance> logins,
             std::optional<LoginBudget::Haste> haste)
      : admin_(std::move(admin)), logins_(std::move(logins)), haste_(haste) {}
  [[nodiscard]] StoredToken::Kind kind() const noexcept override { return StoredToken::Kind::device; }
  [[nodiscard]] Result<StoredToken> prepare(StoredToken known, Rung rung) override;
  [[nodiscard]] Task<Result<StoredToken>> climb(std::shared_ptr<Mint> self, MatrixUserId account, Rung rung,
                                                StoredToken known, net::CallContext context) override;
  // Lifts the user's own rate limits: those of the admin are no help to a token that it did not make.
  [[nodiscard]] Task<bool> settle(std::shared_ptr<Mint> self, MatrixUserId account, StoredToken token,
                                  net::CallContext context) override;

 private:
  [[nodiscard]] Task<Result<StoredToken>> refresh(MatrixUserId account, StoredToken known, net::CallContext context);
  // Errc::forbidden: the password is another.
  [[nodiscard]] Task<Result<StoredToken>> log_in(MatrixUserId account, StoredToken known, net::CallContext context);
  [[nodiscard]] Task<Result<StoredToken>> set_password(MatrixUserId account, StoredToken known,
                                                       net::CallContext context);

  std::shared_ptr<AdminSession> admin_;
  std::shared_ptr<LoginAllowance> logins_;
  std::optional<LoginBudget::Haste> haste_;
};

}  // namespace confab::credentials
