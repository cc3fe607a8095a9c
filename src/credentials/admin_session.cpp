#include "credentials/admin_session.hpp"

#include <chrono>

#include "credentials/admin_refusals.hpp"
#include "credentials/recovery_flight.hpp"
#include "matrix/endpoints/login.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "matrix/identifiers.hpp"
#include "net/runtime_core.hpp"
#include "util/log.hpp"

namespace confab::credentials {

namespace {
// One device for the library's account, whatever process logs in: logging in again replaces nothing and piles nothing
// up.
constexpr const char* admin_device = "CONFAB_ADMIN";
class AdminMint final : public Mint {
 public:
  AdminMint(std::shared_ptr<matrix::MatrixClient> client, MatrixUserId user, std::shared_ptr<AdminPassword> password,
            std::shared_ptr<LoginAllowance> logins, std::shared_ptr<AdminRefusals> refusals)
      : client_(std::move(client)),
        user_(std::move(user)),
        password_(std::move(password)),
        logins_(std::move(logins)),
        refusals_(std::move(refusals)) {}
  [[nodiscard]] StoredToken::Kind kind() const noexcept override { return StoredToken::Kind::admin; }
  [[nodiscard]] Result<StoredToken> prepare(StoredToken known, Rung /*rung*/) override { return known; }
  [[nodiscard]] Task<Result<StoredToken>> climb(std::shared_ptr<Mint> self, MatrixUserId account, Rung rung,
                                                StoredToken known, net::CallContext context) override;
  [[nodiscard]] Task<bool> settle(std::shared_ptr<Mint> self, MatrixUserId account, StoredToken token,
                                  net::CallContext context) override;

 private:
  std::shared_ptr<matrix::MatrixClient> client_;
  MatrixUserId user_;
  std::shared_ptr<AdminPassword> password_;
  std::shared_ptr<LoginAllowance> logins_;
  std::shared_ptr<AdminRefusals> refusals_;
};

Error refused_password(const Error& why) {
  return why.with_code(Errc::admin_unavailable)
      .with_retriable(false)
      .with_message(
          "the homeserver refused the admin's name or password: correct homeserver.admin_user and "
          "homeserver.admin_password")
      .with_subject("homeserver.admin_password");
}

Task<Result<StoredToken>> AdminMint::climb(std::shared_ptr<Mint> /*self*/, MatrixUserId /*account*/, Rung /*rung*/,
                                           StoredToken known, net::CallContext context) {
  Result<Secret> password = co_await AdminPassword::tell(password_, context);
  if (!password) co_return std::move(password).error();
  if (const AdminRefusals::Wait wait = co_await AdminRefusals::wait(refusals_, user_, *password, context)) {
    password_->refused();
    co_return refused_password(Error(Errc::admin_unavailable, "")).with_retry_after(*wait);
  }
  const std::string server(matrix::server_name_of(user_));
  Result<LoginAllowance::Wait> wait =
      co_await LoginAllowance::take(logins_, server, LoginBudget::Haste::at_once, context);
  if (!wait) co_return std::move(wait).error();
  if (*wait) co_return limited_login("the admin cannot log in before the wait it names").with_retry_after(**wait);
  // By the localpart alone, so that a wrong server name is told from a wrong password by who the answer says we are.
  matrix::PasswordLogin request(std::string(matrix::localpart_of(user_)), *password);
  request.device_id(DeviceId(admin_device)).device_name("Confab");
  // Repeating a login whose answer was lost makes a second token on the same device, which harms nobody.
  Result<matrix::LoginAnswer> answer =
      co_await client_->call(std::move(request), Secret(), user_.str(), context, net::Repeatable::idempotent);
  if (!answer) {
    const Error& error = answer.error();
    switch (error.code()) {
      case Errc::forbidden:
      case Errc::invalid_argument: {
        password_->refused();
        const AdminRefusals::Wait pause =
            co_await AdminRefusals::refused(refusals_, user_, std::move(*password), context);
        if (pause) co_return refused_password(error).with_retry_after(*pause);
        co_return refused_password(error);
      }
      case Errc::account_deactivated:
      case Errc::account_locked:
      case Errc::account_suspended:
        co_return error.with_code(Errc::admin_unavailable)
            .with_retriable(false)
            .with_message(
                "the homeserver closed the admin's account: reopen it, or name another in homeserver.admin_user")
            .with_subject("homeserver.admin_user");
      case Errc::outcome_unknown:
        // A login nobody heard of changes nothing for who asked for it.
        co_return error.with_code(Errc::unavailable)
            .with_message("the homeserver did not answer the admin's login; try again later");
      case Errc::rate_limited:
        co_await LoginAllowance::refused(logins_, server, error.retry_after().value_or(unnamed_wait), context);
        co_return error.with_message(
            std::string(limited_login("the admin cannot log in before the wait it names").message()));
      default:
        co_return error;
    }
  }
  co_await AdminRefusals::forget(refusals_, user_, context);
  if (answer->user_id() != user_) {
    const bool quotable = matrix::check_user_id(answer->user_id()).has_value();
    co_return Error(Errc::config, "the homeserver names the admin " +
                                      (quotable ? answer->user_id().str() : "otherwise") +
                                      ": correct homeserver.server_name or homeserver.admin_user")
        .with_subject("homeserver.server_name");
  }
  std::optional<StoredToken::Time> end;
  if (answer->expires_in()) end = std::chrono::system_clock::now() + *answer->expires_in();
  known.token(answer->access_token(), end).device(DeviceId(admin_device)).settled(false);
  co_return known;
}

// Once per login: lets the library's own account, and the users it acts for, go at the pace of the host instead of at
// that of one person typing. A homeserver that has no such call keeps its limits.
Task<bool> AdminMint::settle(std::shared_ptr<Mint> /*self*/, MatrixUserId /*account*/, StoredToken token,
                             net::CallContext context) {
  Result<matrix::Done> lifted = co_await client_->call(matrix::AdminLiftRateLimit(user_), token.token(), user_.str(),
                                                       context.step(), net::Repeatable::idempotent);
  co_return lifted || !lifted.error().retriable();
}

// One flight at a time.
struct Watch {
  std::shared_ptr<net::RuntimeCore> core;
  AdminOutage outage;
};

Task<Result<MintedToken>> recover_admin(std::shared_ptr<TokenStore> tokens, std::shared_ptr<Mint> mint,
                                        MatrixUserId account, std::uint64_t dead, Need need, net::CallContext context,
                                        std::shared_ptr<Watch> watch) {
  Result<MintedToken> token = co_await recover_token(tokens, std::move(mint), account, dead, need, context);
  const Log& log = watch->core->log();
  if (token) {
    if (watch->outage.made() == AdminOutage::Tell::ends) {
      log.write(LogLevel::info, "credentials", "admin.back", "the homeserver lets the admin account in again");
      tokens->counts().admin_refused(false);
    }
    if (token->is_fresh()) {
      log.write(LogLevel::info, "credentials", "matrix.admin.token.updated", "the admin has a new token",
                account.str());
    }
    co_return token;
  }
  const Error& error = token.error();
  if (watch->outage.failed(error) == AdminOutage::Tell::begins) {
    log.write(LogLevel::warning, "credentials", "admin.refused", error.message());
    tokens->counts().admin_refused(true);
  }
  if (!AdminOutage::is_refusal(error) || error.retry_after()) co_return token;
  co_return error.with_retry_after(watch->outage.pause(tokens->random())).with_retriable(false);
}

}  // namespace

AdminSession::AdminSession(std::shared_ptr<matrix::MatrixClient> client, MatrixUserId user,
                           std::shared_ptr<AdminPassword> password, std::shared_ptr<TokenStore> tokens,
                           std::chrono::milliseconds first_refusal)
    : client_(std::move(client)), user_(std::move(user)) {
  auto refusals = std::make_shared<AdminRefusals>(tokens->records(), tokens->keys(), tokens->random(), first_refusal);
  const std::shared_ptr<Mint> mint =
      std::make_shared<AdminMint>(client_, user_, std::move(password), tokens->logins(), std::move(refusals));
  auto watch = std::make_shared<Watch>(Watch{client_->scheduler()->runtime(), AdminOutage(first_refusal)});
  std::shared_ptr<const net::RandomSource> random(tokens, &tokens->random());
  slot_ = std::make_shared<TokenSlot>(
      [tokens = std::move(tokens), mint, account = user_, watch](std::uint64_t dead, Need need,
                                                                 net::CallContext context) {
        return recover_admin(tokens, mint, account, dead, need, std::move(context), watch);
      },
      std::move(random), first_refusal);
}

}  // namespace confab::credentials
