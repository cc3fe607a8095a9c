// How does an application service make an account? Specification: client-server API, "Account registration";
// application service API, "Server admin style permissions".
#pragma once

#include <optional>
#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/endpoints/login.hpp"

namespace confab::matrix {

class RegisterAnswer {
 public:
  RegisterAnswer(MatrixUserId user, std::optional<LoginAnswer> session)
      : user_(std::move(user)), session_(std::move(session)) {}
  [[nodiscard]] const MatrixUserId& user_id() const { return user_; }
  /// The first login; none unless it was asked for.
  [[nodiscard]] const std::optional<LoginAnswer>& session() const { return session_; }

 private:
  MatrixUserId user_;
  std::optional<LoginAnswer> session_;
};

/// POST /register with m.login.application_service, sent with the application service's token. Errc::conflict where the
/// account exists already, so repeating is safe; outside the service's namespace it is refused.
///
/// Without a login unless one is asked for: homeservers whose tokens come from elsewhere refuse to give one here.
class RegisterAppserviceUser {
 public:
  using Answer = RegisterAnswer;
  explicit RegisterAppserviceUser(std::string localpart) : localpart_(std::move(localpart)) {}
  /// Log in too, as this device; empty: a new one.
  RegisterAppserviceUser& log_in(DeviceId device, bool with_refresh_token = false) {
    return log_in_ = true, device_ = std::move(device), refresh_ = with_refresh_token, *this;
  }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  std::string localpart_;
  DeviceId device_;
  bool log_in_ = false;
  bool refresh_ = false;
};

}  // namespace confab::matrix
