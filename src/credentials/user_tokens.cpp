#include "credentials/user_tokens.hpp"

#include "credentials/device_mint.hpp"
#include "credentials/puppet_mint.hpp"
#include "credentials/recovery_flight.hpp"
#include "net/runtime_core.hpp"
#include "util/log.hpp"

namespace confab::credentials {

namespace {

Task<Result<MintedToken>> recover_user(std::shared_ptr<TokenStore> tokens, std::shared_ptr<Mint> mint,
                                       MatrixUserId user, std::uint64_t dead, bool refused, net::CallContext context,
                                       std::shared_ptr<net::RuntimeCore> core) {
  Result<MintedToken> token =
      co_await recover_token(std::move(tokens), std::move(mint), user, dead, refused, std::move(context));
  if (token && token->is_fresh()) {
    core->log().write(LogLevel::info, "credentials", "matrix.user.token.updated", "a user has a new token", user.str());
  }
  co_return token;
}

}  // namespace

UserTokens::UserTokens(std::shared_ptr<AdminSession> admin, std::shared_ptr<TokenStore> tokens)
    : admin_(std::move(admin)),
      tokens_(std::move(tokens)),
      puppets_(std::make_shared<PuppetMint>(admin_)),
      devices_(std::make_shared<DeviceMint>(admin_)) {}

void UserTokens::use_devices(std::string group) {
  const std::lock_guard lock(mutex_);
  with_devices_.insert(std::move(group));
}

std::shared_ptr<TokenSlot> UserTokens::slot_of(const MatrixUserId& user, std::string_view group) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(user);
  if (found != slots_.end()) return found->second;
  if (slots_.size() >= max_users) {
    for (auto it = slots_.begin(); it != slots_.end(); ++it) {
      if (it->second.use_count() > 1) continue;
      slots_.erase(it);
      break;
    }
  }
  const std::shared_ptr<Mint>& mint = with_devices_.count(std::string(group)) != 0 ? devices_ : puppets_;
  auto slot =
      std::make_shared<TokenSlot>([tokens = tokens_, mint, user, core = admin_->client()->scheduler()->runtime()](
                                      std::uint64_t dead, bool refused, net::CallContext context) {
        return recover_user(tokens, mint, user, dead, refused, std::move(context), core);
      });
  slots_.emplace(user, slot);
  return slot;
}

Task<Result<bool>> UserTokens::forget(std::shared_ptr<UserTokens> self, MatrixUserId user, net::CallContext context) {
  if (user == self->admin_->user()) co_return admin_refused();
  Result<TokenStore::Forgotten> stored = co_await TokenStore::forget(self->tokens_, user, std::move(context));
  if (!stored) co_return std::move(stored).error();
  // After the store: a slot that is made from now on finds the old token nowhere.
  std::shared_ptr<TokenSlot> slot;
  {
    const std::lock_guard lock(self->mutex_);
    if (const auto found = self->slots_.find(user); found != self->slots_.end()) slot = found->second;
  }
  const bool here = slot && slot->drop(stored->generation());
  co_return here || stored->had_token();
}

std::vector<MatrixUserId> UserTokens::holders(const Whose& whose) {
  std::vector<MatrixUserId> users;
  const std::lock_guard lock(mutex_);
  for (const auto& [user, slot] : slots_) {
    if (slot->at_hand() && whose(user)) users.push_back(user);
  }
  return users;
}

Task<Result<UserTokens::Counts>> UserTokens::forget_all(std::shared_ptr<UserTokens> self, Whose whose,
                                                        net::CallContext context) {
  Counts counts;
  std::string cursor;
  do {
    Result<TokenStore::Accounts> page = co_await TokenStore::accounts(self->tokens_, cursor, context);
    if (!page) co_return std::move(page).error();
    for (const MatrixUserId& user : page->accounts()) {
      if (user == self->admin_->user() || !whose(user)) continue;
      Result<bool> had = co_await forget(self, user, context);
      if (!had) co_return std::move(had).error();
      counts.add(*had);
    }
    cursor = page->cursor();
  } while (!cursor.empty());
  // Those whose record is gone: it ended, or somebody erased it.
  const std::vector<MatrixUserId> here = self->holders(whose);
  for (const MatrixUserId& user : here) {
    Result<bool> had = co_await forget(self, user, context);
    if (!had) co_return std::move(had).error();
    counts.add(*had);
  }
  co_return counts;
}

}  // namespace confab::credentials
