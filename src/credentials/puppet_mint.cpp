#include "credentials/puppet_mint.hpp"

#include <chrono>

#include "credentials/closed_account.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"

namespace confab::credentials {

namespace {
// Short, because such a token outlives the user's logout and even their deactivation; renewed at half of it.
constexpr std::chrono::hours token_life{2};
}  // namespace

Error said_of_admin(const Error& error) {
  switch (error.code()) {
    case Errc::account_locked:
    case Errc::account_suspended:
    case Errc::account_deactivated:
    case Errc::session_expired:
      return error.with_code(Errc::admin_unavailable)
          .with_message("the homeserver refuses the admin account, so it cannot act for users")
          .with_subject("homeserver.admin_user");
    default:
      return error;
  }
}

Error admin_refusal(const Error& error) {
  switch (error.code()) {
    case Errc::forbidden:
      return error.with_code(Errc::admin_unavailable)
          .with_message("the admin account is no server administrator, so it cannot act for users")
          .with_subject("homeserver.admin_user");
    case Errc::outcome_unknown:
      // Not the outcome of what the caller asked for: that was not sent yet.
      return error.with_code(Errc::unavailable)
          .with_message("the homeserver did not answer the request for the user's token; try again later");
    case Errc::not_found:
      return error.with_message("the user has no account yet").with_subject("user");
    default:  // a token is minted for a locked or closed account like for any other
      return said_of_admin(error);
  }
}

// A password that was set once stays with the account: device mode may be chosen again.
Result<StoredToken> PuppetMint::prepare(StoredToken known, Rung /*rung*/) {
  known.kind(StoredToken::Kind::puppet);
  return known;
}

Task<Result<StoredToken>> PuppetMint::climb(std::shared_ptr<Mint> /*self*/, MatrixUserId account, Rung /*rung*/,
                                            StoredToken known, net::CallContext context) {
  const StoredToken::Time end = std::chrono::system_clock::now() + token_life;
  matrix::AdminLoginAs request(std::move(account), end);
  // Idempotent for us: a token whose answer was lost ends by itself.
  Result<matrix::AdminLoginAsAnswer> answer =
      co_await admin_->call(std::move(request), std::move(context), net::Repeatable::idempotent);
  if (!answer) co_return admin_refusal(answer.error());
  known.token(answer->access_token(), end).settled(true);
  co_return known;
}

Task<Result<void>> look_at_account(std::shared_ptr<AdminSession> admin, MatrixUserId account,
                                   net::CallContext context) {
  const Result<matrix::AdminUserAnswer> found =
      co_await admin->call(matrix::AdminGetUser(std::move(account)), context.step());
  if (!found) co_return admin_refusal(found.error());
  if (found->deactivated()) co_return closed_account();
  co_return Result<void>();
}

// Login-as-user goes on for an account that its operator has closed, and so do the tokens that it gives.
Task<Result<void>> PuppetMint::still_open(std::shared_ptr<Mint> /*self*/, MatrixUserId account,
                                          net::CallContext context) {
  Result<void> open = co_await look_at_account(admin_, std::move(account), std::move(context));
  // That there is none the request for the token tells. All else it would meet as well: it is not tried twice.
  if (!open && open.error().code() == Errc::not_found) co_return Result<void>();
  co_return open;
}

Task<bool> PuppetMint::settle(std::shared_ptr<Mint> /*self*/, MatrixUserId /*account*/, StoredToken /*token*/,
                              net::CallContext /*context*/) {
  co_return true;
}

}  // namespace confab::credentials
