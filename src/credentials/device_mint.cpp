#include "credentials/device_mint.hpp"

#include <chrono>
#include <string>

#include "credentials/puppet_mint.hpp"
#include "matrix/endpoints/login.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "matrix/identifiers.hpp"
#include "store/random_secret.hpp"

namespace confab::credentials {

namespace {
// The same for ever: the homeserver remembers transaction ids by user and device.
constexpr const char* user_device = "CONFAB";
}  // namespace

Task<Result<StoredToken>> DeviceMint::log_in(MatrixUserId account, StoredToken known, net::CallContext context) {
  matrix::PasswordLogin request(account, known.password());
  request.device_id(known.device()).device_name("Confab");
  Result<matrix::LoginAnswer> answer = co_await admin_->client()->call(std::move(request), Secret(), account.str(),
                                                                       context, net::Repeatable::idempotent);
  if (!answer) {
    const Error& error = answer.error();
    if (error.code() == Errc::outcome_unknown) {
      co_return error.with_code(Errc::unavailable)
          .with_message("the homeserver did not answer the user's login; try again later");
    }
    if (error.code() == Errc::rate_limited) {
      co_return error.with_message("the homeserver limits logins; the user cannot log in before the wait it names");
    }
    co_return error;
  }
  if (answer->user_id() != account) {
    co_return Error(Errc::protocol, "the homeserver logged in somebody else").with_subject("user");
  }
  std::optional<StoredToken::Time> end;
  if (answer->expires_in()) end = std::chrono::system_clock::now() + *answer->expires_in();
  known.token(answer->access_token(), end).password(known.password(), true).settled(false);
  co_return known;
}

// Never the first PUT of an account, and nothing beside the password: a display name may be refused for its rate limit,
// and devices would be logged out.
Task<Result<void>> DeviceMint::set_password(MatrixUserId account, Secret password, net::CallContext context) {
  Result<matrix::AdminUserAnswer> found = co_await admin_->call(matrix::AdminGetUser(account), context.step());
  if (!found) co_return admin_refusal(found.error());
  if (found->deactivated()) {
    co_return Error(Errc::account_deactivated, "the account was deactivated on the homeserver").with_subject("user");
  }
  matrix::AdminPutUser request(account);
  request.password(std::move(password)).log_out_devices(false);
  Result<matrix::AdminUserAnswer> put =
      co_await admin_->call(std::move(request), context.step(), net::Repeatable::idempotent);
  if (!put) co_return admin_refusal(put.error());
  co_return Result<void>();
}

Task<Result<StoredToken>> DeviceMint::mint(std::shared_ptr<Mint> /*self*/, MatrixUserId account,
                                           std::optional<StoredToken> before, net::CallContext context) {
  StoredToken known(StoredToken::Kind::device);
  known.device(DeviceId(user_device)).version(before ? before->version() : 0);
  if (before && !before->password().empty()) {
    known.password(before->password(), before->password_known());
  } else {
    Result<Secret> password = store::random_secret();
    if (!password) co_return std::move(password).error();
    known.password(std::move(*password), false);
    // Before the homeserver hears of it: a password that nobody kept would have to be set anew, by everybody at once.
    StoredToken first = known;
    Result<StoredToken> kept = co_await TokenStore::save(tokens_, account, std::move(first), context);
    if (!kept) co_return std::move(kept).error();
    known = std::move(*kept);
  }
  if (known.password_known()) {
    // Once: three wrong passwords would lock the right one out as well.
    StoredToken tried = known;
    Result<StoredToken> made = co_await log_in(account, std::move(tried), context.step());
    if (made || made.error().code() != Errc::forbidden) co_return made;
  }
  Secret password = known.password();
  Result<void> set = co_await set_password(account, std::move(password), context);
  if (!set) co_return std::move(set).error();
  Result<StoredToken> made = co_await log_in(account, std::move(known), context.step());
  if (made || made.error().code() != Errc::forbidden) co_return made;
  co_return made.error()
      .with_code(Errc::session_expired)
      .with_retriable(false)
      .with_message("the homeserver refuses the password that was set for the user a moment ago")
      .with_subject("user");
}

Task<bool> DeviceMint::settle(std::shared_ptr<Mint> /*self*/, MatrixUserId account, StoredToken /*token*/,
                              net::CallContext context) {
  Result<matrix::Done> lifted =
      co_await admin_->call(matrix::AdminLiftRateLimit(account), context.step(), net::Repeatable::idempotent);
  // A homeserver that has no such call keeps its limits.
  co_return lifted || !lifted.error().retriable();
}

}  // namespace confab::credentials
