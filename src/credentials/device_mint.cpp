#include "credentials/device_mint.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "credentials/json_web_token.hpp"
#include "credentials/puppet_mint.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "matrix/identifiers.hpp"
#include "store/random_secret.hpp"

namespace confab::credentials {

namespace {
// What the user's other clients show.
constexpr const char* device_name = "Confab";
}  // namespace

Task<Result<matrix::LoginAnswer>> DeviceMint::ask(const MatrixUserId& account, const StoredToken& known,
                                                  net::CallContext context) {
  const std::string flow = account.str();
  if (key_) {
    Result<Secret> token = sign_login(*key_, matrix::localpart_of(account), std::chrono::system_clock::now());
    if (!token) co_return std::move(token).error();
    matrix::JwtLogin request(std::move(*token));
    request.device_id(known.device()).device_name(device_name).with_refresh_token(true);
    co_return co_await admin_->client()->call(std::move(request), Secret(), flow, std::move(context),
                                              net::Repeatable::idempotent);
  }
  matrix::PasswordLogin request(account, known.password());
  request.device_id(known.device()).device_name(device_name).with_refresh_token(true);
  co_return co_await admin_->client()->call(std::move(request), Secret(), flow, std::move(context),
                                            net::Repeatable::idempotent);
}

Task<Result<StoredToken>> DeviceMint::log_in(MatrixUserId account, StoredToken known, net::CallContext context) {
  const std::string server(matrix::server_name_of(account));
  if (haste_) {
    Result<LoginAllowance::Wait> wait = co_await LoginAllowance::take(logins_, server, *haste_, context);
    if (!wait) co_return std::move(wait).error();
    if (*wait) co_return limited_login("the user cannot log in before the wait it names").with_retry_after(**wait);
  }
  Result<matrix::LoginAnswer> answer = co_await ask(account, known, context);
  if (!answer) {
    const Error& error = answer.error();
    // Synapse answers M_UNKNOWN also with status 500, which says nothing of the key.
    const bool unknown_way = error.http_status() == 400 && error.errcode() == "M_UNKNOWN";
    if (key_ && (error.code() == Errc::forbidden || unknown_way)) {
      co_return error.with_code(Errc::config)
          .with_retriable(false)
          .with_message("the homeserver takes no login that is signed with this key: give both the same, for HS256")
          .with_subject("homeserver.jwt_secret");
    }
    if (error.code() == Errc::outcome_unknown) {
      co_return error.with_code(Errc::unavailable)
          .with_message("the homeserver did not answer the user's login; try again later");
    }
    if (error.code() == Errc::rate_limited) {
      co_await LoginAllowance::refused(logins_, server, error.retry_after().value_or(unnamed_wait), context);
      co_return error.with_message(
          std::string(limited_login("the user cannot log in before the wait it names").message()));
    }
    co_return error;
  }
  if (answer->user_id() != account) {
    co_return Error(Errc::protocol, "the homeserver logged in somebody else").with_subject("user");
  }
  std::optional<StoredToken::Time> end;
  if (answer->expires_in()) end = std::chrono::system_clock::now() + *answer->expires_in();
  known.kind(StoredToken::Kind::device)
      .token(answer->access_token(), end)
      .refresh_token(answer->refresh_token().value_or(Secret()));
  if (!key_) known.password(known.password(), true);
  known.settled(false);
  co_return known;
}

// Never the first PUT of an account, and nothing beside the password: a display name may be refused for its rate limit,
// and devices would be logged out.
Task<Result<StoredToken>> DeviceMint::set_password(MatrixUserId account, StoredToken known, net::CallContext context) {
  Result<void> open = co_await look_at_account(admin_, account, context);
  if (!open) co_return std::move(open).error();
  matrix::AdminPutUser request(account);
  request.password(known.password()).log_out_devices(false);
  Result<matrix::AdminUserAnswer> put =
      co_await admin_->call(std::move(request), context.step(), net::Repeatable::idempotent);
  if (!put) co_return admin_refusal(put.error());
  known.password(known.password(), true);
  co_return known;
}

Task<Result<StoredToken>> DeviceMint::refresh(MatrixUserId account, StoredToken known, net::CallContext context) {
  matrix::RefreshToken request(known.refresh_token());
  Result<matrix::RefreshAnswer> answer =
      co_await admin_->client()->call(std::move(request), Secret(), account.str(), context.step());
  if (!answer) co_return std::move(answer).error();
  std::optional<StoredToken::Time> end;
  if (answer->expires_in()) end = std::chrono::system_clock::now() + *answer->expires_in();
  known.kind(StoredToken::Kind::device).token(answer->access_token(), end);
  if (answer->refresh_token()) known.refresh_token(*answer->refresh_token());
  co_return known;
}

Result<StoredToken> DeviceMint::prepare(StoredToken known, Rung rung) {
  known.kind(StoredToken::Kind::device).device(DeviceId(user_device));
  if (rung != Rung::set_password || !known.password().empty()) return known;
  Result<Secret> password = store::random_secret();
  if (!password) return std::move(password).error();
  known.password(std::move(*password), false);
  return known;
}

Task<Result<StoredToken>> DeviceMint::climb(std::shared_ptr<Mint> /*self*/, MatrixUserId account, Rung rung,
                                            StoredToken known, net::CallContext context) {
  switch (rung) {
    case Rung::refresh:
      return refresh(std::move(account), std::move(known), std::move(context));
    case Rung::set_password:
      return set_password(std::move(account), std::move(known), std::move(context));
    case Rung::log_in:
    case Rung::act_as:
      break;
  }
  return log_in(std::move(account), std::move(known), context.step());
}

Task<bool> DeviceMint::settle(std::shared_ptr<Mint> /*self*/, MatrixUserId account, StoredToken /*token*/,
                              net::CallContext context) {
  bool reached = false;
  Result<matrix::Done> lifted =
      co_await admin_->call(matrix::AdminLiftRateLimit(account), context.step(), net::Repeatable::idempotent, &reached);
  if (lifted) co_return true;
  // An admin who is not let in has not asked it yet, nor has one whose account is refused for now; a homeserver that
  // has no such call keeps its limits.
  switch (lifted.error().code()) {
    case Errc::account_locked:
    case Errc::account_suspended:
    case Errc::account_deactivated:
    case Errc::session_expired:
      co_return false;
    default:
      co_return reached && !lifted.error().retriable();
  }
}

}  // namespace confab::credentials
