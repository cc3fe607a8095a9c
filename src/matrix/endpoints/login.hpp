// How does a user get, renew and drop tokens? Specification: client-server API, "Login", "Refreshing access tokens".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <confab/ids.hpp>
#include <confab/secret.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class LoginFlowsAnswer {
 public:
  explicit LoginFlowsAnswer(std::vector<std::string> types) : types_(std::move(types)) {}
  [[nodiscard]] const std::vector<std::string>& types() const { return types_; }
  [[nodiscard]] bool has(std::string_view type) const;
  [[nodiscard]] bool has_password() const { return has("m.login.password"); }
  [[nodiscard]] bool has_jwt() const { return has("org.matrix.login.jwt"); }

 private:
  std::vector<std::string> types_;
};

/// GET /login: which ways of logging in are open.
class GetLoginFlows {
 public:
  using Answer = LoginFlowsAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);
};

class LoginAnswer {
 public:
  LoginAnswer(MatrixUserId user, DeviceId device, Secret access_token, std::optional<Secret> refresh_token,
              std::optional<std::chrono::milliseconds> expires_in)
      : user_(std::move(user)),
        device_(std::move(device)),
        access_token_(std::move(access_token)),
        refresh_token_(std::move(refresh_token)),
        expires_in_(expires_in) {}
  [[nodiscard]] const MatrixUserId& user_id() const { return user_; }
  [[nodiscard]] const DeviceId& device_id() const { return device_; }
  [[nodiscard]] const Secret& access_token() const { return access_token_; }
  [[nodiscard]] const std::optional<Secret>& refresh_token() const { return refresh_token_; }
  /// Life of the access token from now on; none: it does not expire by itself.
  [[nodiscard]] std::optional<std::chrono::milliseconds> expires_in() const { return expires_in_; }

 private:
  MatrixUserId user_;
  DeviceId device_;
  Secret access_token_;
  std::optional<Secret> refresh_token_;
  std::optional<std::chrono::milliseconds> expires_in_;
};

/// POST /login with m.login.password. Not to be repeated blindly: every try costs one of very few logins per address.
class PasswordLogin {
 public:
  using Answer = LoginAnswer;
  /// @param user  A full user id or a localpart.
  PasswordLogin(std::string user, Secret password) : user_(std::move(user)), password_(std::move(password)) {}
  PasswordLogin(const MatrixUserId& user, Secret password) : PasswordLogin(user.str(), std::move(password)) {}
  /// Log in again as this device: what is tied to it, such as its transaction ids, goes on. Empty: a new device.
  PasswordLogin& device_id(DeviceId id) { return device_ = std::move(id), *this; }
  PasswordLogin& device_name(std::string name) { return device_name_ = std::move(name), *this; }
  /// Ask for a refresh token; the access token then lives for minutes.
  PasswordLogin& with_refresh_token(bool on) { return refresh_ = on, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  std::string user_;
  Secret password_;
  DeviceId device_;
  std::string device_name_;
  bool refresh_ = false;
};

/// POST /login with org.matrix.login.jwt (Synapse's `jwt_config`): by a token that who knows the homeserver's key has
/// signed. Like the one by a password it costs one of few logins.
class JwtLogin {
 public:
  using Answer = LoginAnswer;
  explicit JwtLogin(Secret token) : token_(std::move(token)) {}
  /// As for PasswordLogin.
  JwtLogin& device_id(DeviceId id) { return device_ = std::move(id), *this; }
  JwtLogin& device_name(std::string name) { return device_name_ = std::move(name), *this; }
  JwtLogin& with_refresh_token(bool on) { return refresh_ = on, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return PasswordLogin::decode(body); }

 private:
  Secret token_;
  DeviceId device_;
  std::string device_name_;
  bool refresh_ = false;
};

class RefreshAnswer {
 public:
  RefreshAnswer(Secret access_token, std::optional<Secret> refresh_token,
                std::optional<std::chrono::milliseconds> expires_in)
      : access_token_(std::move(access_token)), refresh_token_(std::move(refresh_token)), expires_in_(expires_in) {}
  [[nodiscard]] const Secret& access_token() const { return access_token_; }
  /// None: go on using the old one.
  [[nodiscard]] const std::optional<Secret>& refresh_token() const { return refresh_token_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> expires_in() const { return expires_in_; }

 private:
  Secret access_token_;
  std::optional<Secret> refresh_token_;
  std::optional<std::chrono::milliseconds> expires_in_;
};

/// POST /refresh. Repeating a lost one is safe for one holder of the token: the old stays good until the new is used.
class RefreshToken {
 public:
  using Answer = RefreshAnswer;
  explicit RefreshToken(Secret refresh_token) : refresh_token_(std::move(refresh_token)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  Secret refresh_token_;
};

/// POST /logout: ends the token and deletes its device, with the memory of its transaction ids.
class Logout {
 public:
  using Answer = Done;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }
};

/// POST /logout/all: ends every token of the user and deletes every device. Sent with a token of admin login-as-user it
/// does so to the user, and sent by the admin it ends every such token that admin ever made.
class LogoutAll {
 public:
  using Answer = Done;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }
};

}  // namespace confab::matrix
