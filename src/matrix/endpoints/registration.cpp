#include "matrix/endpoints/registration.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {

Result<EndpointRequest> RegisterAppserviceUser::encode() const {
  if (!is_legal_localpart(localpart_)) return wrong_argument("localpart", "of a-z 0-9 . _ = - / + and not empty");
  if (device_.str().size() > 512) return wrong_argument("device_id", "at most 512 bytes");
  json::Writer w;
  w.object().member("type", "m.login.application_service").member("username", localpart_);
  w.member("inhibit_login", !log_in_);
  if (!device_.empty()) w.member("device_id", device_.str());
  if (refresh_) w.member("refresh_token", true);
  return EndpointRequest(Method::post, "/_matrix/client/v3/register")
      .body(std::move(w).finish())
      .idempotent(!log_in_)
      .expect({Errc::conflict});
}

Result<RegisterAppserviceUser::Answer> RegisterAppserviceUser::decode(const json::Value& body) {
  json::Reader read(body);
  MatrixUserId user{std::string(read.non_empty_string("user_id"))};
  if (!read.optional_string("access_token")) return read.finish(RegisterAnswer(std::move(user), std::nullopt));
  // With a token the answer is that of a login, down to its names.
  auto session = PasswordLogin::decode(body);
  if (!session) return session.error();
  return read.finish(RegisterAnswer(std::move(user), *std::move(session)));
}

}  // namespace confab::matrix
