#include "credentials/user_tokens.hpp"

#include "credentials/device_mint.hpp"
#include "credentials/puppet_mint.hpp"

namespace confab::credentials {

UserTokens::UserTokens(std::shared_ptr<AdminSession> admin, std::shared_ptr<TokenStore> tokens)
    : admin_(std::move(admin)),
      tokens_(std::move(tokens)),
      puppets_(std::make_shared<PuppetMint>(admin_)),
      devices_(std::make_shared<DeviceMint>(admin_, tokens_)) {}

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
  auto slot = std::make_shared<TokenSlot>([tokens = tokens_, mint, user](std::uint64_t dead, net::CallContext context) {
    return TokenStore::obtain(tokens, mint, user, dead, std::move(context));
  });
  slots_.emplace(user, slot);
  return slot;
}

}  // namespace confab::credentials
