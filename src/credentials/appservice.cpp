#include "credentials/appservice.hpp"

#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/registration.hpp"
#include "matrix/errcodes.hpp"
#include "matrix/identifiers.hpp"
#include "net/runtime_core.hpp"
#include "util/log.hpp"

namespace confab::credentials {

namespace {

constexpr const char* registration_key = "homeserver.appservice_file";
constexpr int refused_user = 403;

bool says(const Error& error, matrix::Errcode code) { return matrix::errcode_from(error.errcode()) == code; }

}  // namespace

Error Appservice::missing() {
  return Error(Errc::config, "the tenant's users are spoken for by an application service, and none is configured")
      .with_subject(registration_key);
}

bool Appservice::lacks_device(const Error& error) { return says(error, matrix::Errcode::unknown_device); }

bool Appservice::is_refusal(const Error& error) {
  return error.code() == Errc::forbidden && error.http_status() == refused_user;
}

Error Appservice::not_ours(const Error& error) {
  return error.with_code(Errc::not_found)
      .with_message(
          "the user has no account yet, or is not among those of the application service: provision them, or write the "
          "registration anew (confab appservice register)")
      .with_subject("user");
}

Error Appservice::judged(const Error& error) {
  const bool dead = says(error, matrix::Errcode::unknown_token) || says(error, matrix::Errcode::missing_token);
  if (!dead) return error;
  Error fault =
      error.with_code(Errc::config)
          .with_retriable(false)
          .with_message(
              "the homeserver does not know the application service's token: let it load the registration, or name the "
              "one that it loaded in homeserver.appservice_file")
          .with_subject(registration_key);
  if (!refused_.exchange(true)) {
    client_->scheduler()->runtime()->log().write(LogLevel::warning, "credentials", "appservice.refused",
                                                 fault.message());
  }
  return fault;
}

void Appservice::accepted() {
  if (!refused_.load(std::memory_order_relaxed) || !refused_.exchange(false)) return;
  client_->scheduler()->runtime()->log().write(LogLevel::info, "credentials", "appservice.back",
                                               "the homeserver takes the application service's token again");
}

Task<Result<void>> Appservice::make_device(std::shared_ptr<Appservice> self, MatrixUserId user,
                                           net::CallContext context) {
  matrix::PutDevice device(self->device_);
  device.display_name("Confab");
  const DeviceId none;
  const matrix::ActingAs<matrix::PutDevice> acting(device, user, none);
  Result<matrix::Done> made = co_await self->client_->call(acting, self->token_, user.str(), context.step());
  if (made) co_return Result<void>();
  // Not the outcome of what the caller asked for: that was not sent.
  if (made.error().code() == Errc::outcome_unknown) {
    co_return made.error()
        .with_code(Errc::unavailable)
        .with_message("the homeserver did not answer the request for the user's device; try again later");
  }
  co_return self->judged(made.error());
}

Task<bool> Appservice::knows(std::shared_ptr<Appservice> self, MatrixUserId user, net::CallContext context) {
  const matrix::Whoami whoami;
  const DeviceId none;
  const matrix::ActingAs<matrix::Whoami> acting(whoami, user, none);
  Result<matrix::WhoamiAnswer> answer = co_await self->client_->call(acting, self->token_, user.str(), context.step());
  co_return answer || !is_refusal(answer.error());
}

Task<Result<MatrixUserId>> Appservice::sender(std::shared_ptr<Appservice> self, net::CallContext context) {
  Result<matrix::WhoamiAnswer> answer = co_await call(self, matrix::Whoami(), std::move(context));
  if (!answer) co_return std::move(answer).error();
  co_return answer->user_id();
}

Task<Result<void>> Appservice::register_user(std::shared_ptr<Appservice> self, MatrixUserId user,
                                             net::CallContext context) {
  matrix::RegisterAppserviceUser request{std::string(matrix::localpart_of(user))};
  Result<matrix::RegisterAnswer> made = co_await call(self, std::move(request), std::move(context));
  if (made) co_return Result<void>();
  const Error& error = made.error();
  if (!says(error, matrix::Errcode::exclusive)) co_return error;
  co_return error.with_code(Errc::config)
      .with_message(
          "the user is not among those of the application service: write the registration anew (confab appservice "
          "register --replace), and let the homeserver load it")
      .with_subject(registration_key);
}

}  // namespace confab::credentials
