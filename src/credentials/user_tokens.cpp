#include "credentials/user_tokens.hpp"

#include <chrono>

#include "matrix/endpoints/synapse_admin_users.hpp"

namespace confab::credentials {

namespace {
// Short, because such a token outlives the user's logout and even their deactivation; renewed at half of it.
constexpr std::chrono::hours token_life{2};
}  // namespace

std::shared_ptr<TokenSlot> UserTokens::slot_of(const MatrixUserId& user) {
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
  auto slot = std::make_shared<TokenSlot>(
      [admin = admin_, user](net::CallContext context) { return mint(admin, user, std::move(context)); });
  slots_.emplace(user, slot);
  return slot;
}

Task<Result<MintedToken>> UserTokens::mint(std::shared_ptr<AdminSession> admin, MatrixUserId user,
                                           net::CallContext context) {
  const auto end = std::chrono::system_clock::now() + token_life;
  matrix::AdminLoginAs request(user, end);
  // Idempotent for us: a token whose answer was lost ends by itself.
  Result<matrix::AdminLoginAsAnswer> answer =
      co_await admin->call(std::move(request), context, net::Repeatable::idempotent);
  if (answer) {
    co_return MintedToken(answer->access_token()).lives_until(net::Clock::now() + token_life);
  }
  const Error& error = answer.error();
  switch (error.code()) {
    case Errc::forbidden:
      co_return error.with_code(Errc::admin_unavailable)
          .with_message("the admin account is no server administrator, so it cannot act for users")
          .with_subject("homeserver.admin_user");
    // These speak of the admin: a token is minted for a locked or closed account like for any other.
    case Errc::account_locked:
    case Errc::account_suspended:
    case Errc::account_deactivated:
    case Errc::session_expired:
      co_return error.with_code(Errc::admin_unavailable)
          .with_message("the homeserver refuses the admin account, so it cannot act for users")
          .with_subject("homeserver.admin_user");
    case Errc::outcome_unknown:
      // Not the outcome of what the caller asked for: that was not sent yet.
      co_return error.with_code(Errc::unavailable)
          .with_message("the homeserver did not answer the request for the user's token; try again later");
    case Errc::not_found:
      co_return error.with_message("the user has no account yet").with_subject("user");
    default:
      co_return error;
  }
}

}  // namespace confab::credentials
