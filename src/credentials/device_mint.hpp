// DeviceMint: a user's own login on one device that never changes, with a password that the library made and keeps
// sealed or, where the homeserver knows a key of ours, without one. The homeserver then remembers the user's sends over
// its restarts. Each login counts against its limits, so the token is renewed by refresh tokens, which have none.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "credentials/admin_session.hpp"
#include "credentials/login_allowance.hpp"
#include "credentials/stored_token.hpp"
#include "matrix/endpoints/login.hpp"

namespace confab::credentials {

class DeviceMint final : public Mint {
 public:
  // `haste`: of its logins; none: each is spent already. `key`: signs them; null: they are by password.
  DeviceMint(std::shared_ptr<AdminSession> admin, std::shared_ptr<LoginAllowance> logins,
             std::optional<LoginBudget::Haste> haste, std::shared_ptr<const Secret> key)
      : admin_(std::move(admin)), logins_(std::move(logins)), haste_(haste), key_(std::move(key)) {}
  [[nodiscard]] StoredToken::Kind kind() const noexcept override { return StoredToken::Kind::device; }
  [[nodiscard]] bool needs_no_password() const noexcept override { return key_ != nullptr; }
  [[nodiscard]] Result<StoredToken> prepare(StoredToken known, Rung rung) override;
  [[nodiscard]] Task<Result<StoredToken>> climb(std::shared_ptr<Mint> self, MatrixUserId account, Rung rung,
                                                StoredToken known, net::CallContext context) override;
  // Lifts the user's own rate limits: those of the admin are no help to a token that it did not make.
  [[nodiscard]] Task<bool> settle(std::shared_ptr<Mint> self, MatrixUserId account, StoredToken token,
                                  net::CallContext context) override;

 private:
  [[nodiscard]] Task<Result<StoredToken>> refresh(MatrixUserId account, StoredToken known, net::CallContext context);
  // By the password or the key.
  [[nodiscard]] Task<Result<matrix::LoginAnswer>> ask(const MatrixUserId& account, const StoredToken& known,
                                                      net::CallContext context);
  // Errc::forbidden: the password is another.
  [[nodiscard]] Task<Result<StoredToken>> log_in(MatrixUserId account, StoredToken known, net::CallContext context);
  [[nodiscard]] Task<Result<StoredToken>> set_password(MatrixUserId account, StoredToken known,
                                                       net::CallContext context);

  std::shared_ptr<AdminSession> admin_;
  std::shared_ptr<LoginAllowance> logins_;
  std::optional<LoginBudget::Haste> haste_;
  std::shared_ptr<const Secret> key_;
};

}  // namespace confab::credentials
