// AutoMint: a user's token by the device of their own where that can be had, and else by the admin's login-as-user.
// Which of them, TokenRecovery decides, rung by rung.
#pragma once

#include <memory>
#include <utility>

#include "credentials/stored_token.hpp"

namespace confab::credentials {

class AutoMint final : public Mint {
 public:
  // `meanwhile`: the admin acts also for those whose login has to wait.
  AutoMint(std::shared_ptr<Mint> puppets, std::shared_ptr<Mint> devices, bool meanwhile)
      : puppets_(std::move(puppets)), devices_(std::move(devices)), meanwhile_(meanwhile) {}
  [[nodiscard]] StoredToken::Kind kind() const noexcept override { return StoredToken::Kind::device; }
  [[nodiscard]] bool acts_meanwhile() const noexcept override { return meanwhile_; }
  [[nodiscard]] bool needs_no_password() const noexcept override { return devices_->needs_no_password(); }
  [[nodiscard]] Result<StoredToken> prepare(StoredToken known, Rung rung) override {
    return of(rung)->prepare(std::move(known), rung);
  }
  [[nodiscard]] Task<Result<StoredToken>> climb(std::shared_ptr<Mint> /*self*/, MatrixUserId account, Rung rung,
                                                StoredToken known, net::CallContext context) override {
    const std::shared_ptr<Mint>& mint = of(rung);
    return mint->climb(mint, std::move(account), rung, std::move(known), std::move(context));
  }
  [[nodiscard]] Task<Result<void>> still_open(std::shared_ptr<Mint> /*self*/, MatrixUserId account,
                                              net::CallContext context) override {
    return puppets_->still_open(puppets_, std::move(account), std::move(context));
  }
  [[nodiscard]] Task<bool> settle(std::shared_ptr<Mint> /*self*/, MatrixUserId account, StoredToken token,
                                  net::CallContext context) override {
    const std::shared_ptr<Mint>& mint = token.kind() == StoredToken::Kind::puppet ? puppets_ : devices_;
    return mint->settle(mint, std::move(account), std::move(token), std::move(context));
  }

 private:
  [[nodiscard]] const std::shared_ptr<Mint>& of(Rung rung) const noexcept {
    return rung == Rung::act_as ? puppets_ : devices_;
  }

  std::shared_ptr<Mint> puppets_;
  std::shared_ptr<Mint> devices_;
  bool meanwhile_;
};

}  // namespace confab::credentials
