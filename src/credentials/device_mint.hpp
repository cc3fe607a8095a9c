// DeviceMint: a user's own login on one device that never changes, with a password that the library made and keeps
// sealed. The homeserver then remembers the user's sends over its restarts; each login counts against its limits.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "credentials/admin_session.hpp"
#include "credentials/stored_token.hpp"
#include "credentials/token_store.hpp"

namespace confab::credentials {

class DeviceMint final : public Mint {
 public:
  DeviceMint(std::shared_ptr<AdminSession> admin, std::shared_ptr<TokenStore> tokens)
      : admin_(std::move(admin)), tokens_(std::move(tokens)) {}
  [[nodiscard]] Task<Result<StoredToken>> mint(std::shared_ptr<Mint> self, MatrixUserId account,
                                               std::optional<StoredToken> before, net::CallContext context) override;
  // Lifts the user's own rate limits: those of the admin are no help to a token that it did not make.
  [[nodiscard]] Task<bool> settle(std::shared_ptr<Mint> self, MatrixUserId account, StoredToken token,
                                  net::CallContext context) override;

 private:
  // Errc::forbidden: the password is another.
  [[nodiscard]] Task<Result<StoredToken>> log_in(MatrixUserId account, StoredToken known, net::CallContext context);
  [[nodiscard]] Task<Result<void>> set_password(MatrixUserId account, Secret password, net::CallContext context);

  std::shared_ptr<AdminSession> admin_;
  std::shared_ptr<TokenStore> tokens_;
};

}  // namespace confab::credentials
