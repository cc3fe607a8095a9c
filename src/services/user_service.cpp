#include "services/user_service.hpp"

#include <optional>

#include "credentials/closed_account.hpp"
#include "credentials/puppet_mint.hpp"
#include "matrix/endpoints/profile.hpp"
#include "matrix/endpoints/synapse_admin_account.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "store/random_secret.hpp"

namespace confab::services {

namespace {

using credentials::said_of_admin;

// The account, for good: what may pass has another status, or none, and an admin who may not says nothing of the user.
// Nor does a 401 that asks for something else. A Synapse whose database is a minute old breaks at it, too.
bool is_refused(const Error& error) {
  if (error.code() == Errc::admin_unavailable || error.http_status() == 401) return false;
  return error.http_status() >= 400 && error.http_status() < 500 && !error.retriable();
}

AccountState state_of(const matrix::AdminUserAnswer& user) {
  if (user.deactivated()) return AccountState::deactivated;
  if (user.locked()) return AccountState::locked;
  return user.suspended() ? AccountState::suspended : AccountState::active;
}

// Whether users may not do it, or this one cannot, so that it is for the admin. Where no token was to be had there is
// no other way; but an application service whose token is not known is a fault to be told, not hidden.
bool is_beyond_the_user(const Error& error, bool reached) {
  if (!reached) return error.code() != Errc::config;
  return error.code() == Errc::forbidden || error.code() == Errc::account_locked ||
         error.code() == Errc::account_suspended || credentials::is_dead_token(error);
}

Error without_account(const Error& error) {
  return error.with_message("the user has no account yet: provision them first").with_subject("user");
}

}  // namespace

Task<Result<void>> UserService::rename(std::shared_ptr<UserService> self, MatrixUserId user, std::string display_name,
                                       bool may_write, net::CallContext context) {
  if (display_name.empty()) co_return Result<void>();
  if (may_write && !self->names_are_kept_) {
    bool reached = false;
    Result<matrix::Done> renamed = co_await self->tokens_->call(user, matrix::SetDisplayName(user, display_name),
                                                                context.step(), net::Repeatable::idempotent, &reached);
    if (renamed) co_return Result<void>();
    if (!is_beyond_the_user(renamed.error(), reached)) co_return std::move(renamed).error();
    // As a rule of the homeserver's (Synapse's enable_set_displayname), so of all users, while this process lives.
    if (reached && renamed.error().code() == Errc::forbidden) self->names_are_kept_ = true;
  }
  matrix::AdminPutUser request(std::move(user));
  request.display_name(std::move(display_name));
  Result<matrix::AdminUserAnswer> renamed =
      co_await self->tokens_->admin()->call(std::move(request), context.step(), net::Repeatable::idempotent);
  if (!renamed) co_return said_of_admin(renamed.error());
  co_return Result<void>();
}

Task<Result<void>> UserService::create(std::shared_ptr<UserService> self, MatrixUserId user, std::string display_name,
                                       net::CallContext context) {
  const std::shared_ptr<credentials::Appservice> appservice = self->tokens_->appservice();
  if (!self->tokens_->are_spoken_for(context.group())) {
    matrix::AdminPutUser request(user);
    if (!display_name.empty()) request.display_name(display_name);
    Result<matrix::AdminUserAnswer> created =
        co_await self->tokens_->admin()->call(std::move(request), context.step(), net::Repeatable::idempotent);
    if (created) {
      // There was no account, so there was no password. Where it cannot be noted the user is acted for by the admin.
      (void)co_await credentials::UserTokens::note_password_owner(
          self->tokens_, std::move(user), credentials::PasswordOwner::library, std::move(context));
      co_return Result<void>();
    }
    if (!appservice || created.error().errcode() != "M_EXCLUSIVE") co_return said_of_admin(created.error());
  }
  // Not by the admin: the homeserver keeps the names of an application service from everybody else.
  if (!appservice) co_return credentials::Appservice::missing();
  Result<void> made = co_await credentials::Appservice::register_user(appservice, user, context.step());
  if (!made) co_return made;
  co_return co_await rename(self, std::move(user), std::move(display_name), true, std::move(context));
}

Task<Result<void>> UserService::ensure_account(std::shared_ptr<UserService> self, MatrixUserId user,
                                               std::string display_name, net::CallContext context) {
  // The group is of the key: it may decide who makes the account.
  const std::string key = user.str() + "\n" + std::string(context.group()) + "\n" + display_name;
  const auto make = [self, user, display_name](net::CallContext own) {
    return look_and_make(self, user, display_name, std::move(own));
  };
  co_return co_await net::Flights<void>::join(self->flights_, key,
                                              Error(Errc::internal, "the account could not be made; please report it"),
                                              std::move(context), make);
}

Task<Result<void>> UserService::look_and_make(std::shared_ptr<UserService> self, MatrixUserId user,
                                              std::string display_name, net::CallContext context) {
  credentials::AdminSession& admin = *self->tokens_->admin();
  // Twice: somebody else may make the account between our look and our PUT.
  for (int round = 0; round < 2; ++round) {
    Result<matrix::AdminUserAnswer> found = co_await admin.call(matrix::AdminGetUser(user), context.step());
    if (found) {
      if (found->deactivated()) co_return credentials::closed_account();
      // A user who is locked or suspended writes nothing, and the name still follows the host's.
      const bool may_write = state_of(*found) == AccountState::active;
      if (may_write) self->tokens_->forget_refusal(user);
      if (found->display_name() == std::optional<std::string>(display_name)) co_return Result<void>();
      co_return co_await rename(self, std::move(user), std::move(display_name), may_write, std::move(context));
    }
    if (found.error().code() != Errc::not_found) co_return said_of_admin(found.error());
    Result<void> created = co_await create(self, user, display_name, context.step());
    if (created) self->tokens_->forget_refusal(user);
    if (created) co_return created;
    // Made by somebody else at this moment, under whatever code the server chose: look again before believing a
    // failure.
    if (round == 1 || created.error().errcode() != "M_USER_IN_USE") co_return created;
  }
  co_return Error(Errc::conflict, "the account is being made and removed at the same time; repeat the call");
}

Task<Result<void>> UserService::reactivate(std::shared_ptr<UserService> self, MatrixUserId user,
                                           net::CallContext context) {
  const auto make = [self, user](net::CallContext own) { return reopen(self, user, std::move(own)); };
  co_return co_await net::Flights<void>::join(
      self->reopenings_, user.str(), Error(Errc::internal, "the account could not be reopened; please report it"),
      std::move(context), make);
}

Task<Result<void>> UserService::reopen(std::shared_ptr<UserService> self, MatrixUserId user, net::CallContext context) {
  credentials::AdminSession& admin = *self->tokens_->admin();
  Result<matrix::AdminUserAnswer> found = co_await admin.call(matrix::AdminGetUser(user), context.step());
  if (!found && found.error().code() == Errc::not_found) co_return without_account(found.error());
  if (!found) co_return said_of_admin(found.error());
  if (found->deactivated()) {
    // First: what was known of the account opens it no more, and a login that is refused would say that its password
    // is somebody else's by now.
    Result<void> forgotten = co_await credentials::UserTokens::forget_password(self->tokens_, user, context.step());
    if (!forgotten) co_return forgotten;
    Result<Secret> password = store::random_secret();  // Synapse opens no account without one
    if (!password) co_return std::move(password).error();
    matrix::AdminPutUser request(user);
    request.deactivated(false).password(std::move(*password)).log_out_devices(false);
    Result<matrix::AdminUserAnswer> opened = co_await admin.call(std::move(request), context.step());
    const std::optional<Error> failed = opened ? std::nullopt : std::optional<Error>(said_of_admin(opened.error()));
    if (failed && is_refused(*failed)) {
      co_return credentials::closed_account(*failed).with_message(
          "the user's identity is lost: the account was closed, and the homeserver does not reopen it");
    }
    if (failed) co_return *failed;
    if (opened->deactivated()) co_return credentials::closed_account();
    const Log& log = admin.client()->scheduler()->runtime()->log();
    log.write(LogLevel::info, "services", "user.reactivated", "an account that was closed was opened again",
              user.str());
  }
  self->tokens_->forget_refusal(user);
  co_return Result<void>();
}

Task<Result<Account>> UserService::account(std::shared_ptr<UserService> self, MatrixUserId user,
                                           net::CallContext context) {
  Result<matrix::AdminUserAnswer> found =
      co_await self->tokens_->admin()->call(matrix::AdminGetUser(user), context.step());
  if (!found && found.error().code() == Errc::not_found) co_return without_account(found.error());
  if (!found) co_return said_of_admin(found.error());
  co_return Account(UserSlug(), std::move(user), found->display_name().value_or("")).state(state_of(*found));
}

Task<Result<void>> UserService::set_password(std::shared_ptr<UserService> self, MatrixUserId user, Secret password,
                                             net::CallContext context) {
  if (const auto wait = self->password_changes_.take(user, net::Clock::now())) {
    co_return Error(Errc::rate_limited, "the user's password was set too often: wait as long as the error says")
        .with_retry_after(*wait)
        .with_subject("user");
  }
  // First: what is the user's own must never look like the library's.
  Result<void> noted = co_await credentials::UserTokens::note_password_owner(
      self->tokens_, user, credentials::PasswordOwner::user, context.step());
  if (!noted) co_return noted;
  matrix::AdminResetPassword reset(user, std::move(password));
  reset.log_out_devices(false);
  Result<matrix::Done> done =
      co_await self->tokens_->admin()->call(std::move(reset), context.step(), net::Repeatable::idempotent);
  if (!done && done.error().code() == Errc::not_found) co_return without_account(done.error());
  if (!done) co_return said_of_admin(done.error());
  self->tokens_->forget_refusal(user);
  const Log& log = self->tokens_->admin()->client()->scheduler()->runtime()->log();
  log.write(LogLevel::info, "services", "user.password.set", "a user was given a password of their own", user.str());
  co_return Result<void>();
}

}  // namespace confab::services
