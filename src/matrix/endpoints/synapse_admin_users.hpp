// What can a server admin do with accounts? Synapse's admin API (not Matrix): users, login as a user, rate limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <confab/ids.hpp>
#include <confab/secret.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class AdminUserAnswer {
 public:
  [[nodiscard]] static Result<AdminUserAnswer> decode(const json::Value& body);
  [[nodiscard]] const MatrixUserId& user_id() const { return user_; }
  [[nodiscard]] const std::optional<std::string>& display_name() const { return display_name_; }
  [[nodiscard]] bool admin() const { return admin_; }
  [[nodiscard]] bool deactivated() const { return deactivated_; }
  [[nodiscard]] bool locked() const { return locked_; }
  [[nodiscard]] bool suspended() const { return suspended_; }

 private:
  AdminUserAnswer() = default;
  MatrixUserId user_;
  std::optional<std::string> display_name_;
  bool admin_ = false;
  bool deactivated_ = false;
  bool locked_ = false;
  bool suspended_ = false;
};

/// GET /_synapse/admin/v2/users/{userId}; Errc::not_found where there is none, Errc::forbidden for who is no admin.
class AdminGetUser {
 public:
  using Answer = AdminUserAnswer;
  explicit AdminGetUser(MatrixUserId user) : user_(std::move(user)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return AdminUserAnswer::decode(body); }

 private:
  MatrixUserId user_;
};

class AdminUsersAnswer {
 public:
  AdminUsersAnswer(std::vector<AdminUserAnswer> users, std::int64_t total, std::optional<PageToken> next)
      : users_(std::move(users)), total_(total), next_(std::move(next)) {}
  [[nodiscard]] static Result<AdminUsersAnswer> decode(const json::Value& body);
  [[nodiscard]] const std::vector<AdminUserAnswer>& users() const { return users_; }
  /// Of all pages together.
  [[nodiscard]] std::int64_t total() const { return total_; }
  /// Where the next page begins; none: this was the last.
  [[nodiscard]] const std::optional<PageToken>& next() const { return next_; }

 private:
  std::vector<AdminUserAnswer> users_;
  std::int64_t total_;
  std::optional<PageToken> next_;
};

/// GET /_synapse/admin/v2/users: by name, guests left out and locked accounts not.
class AdminListUsers {
 public:
  using Answer = AdminUsersAnswer;
  AdminListUsers& from(PageToken token) { return from_ = std::move(token), *this; }
  /// Only those that have this in their localpart or display name.
  AdminListUsers& matching(std::string part) { return matching_ = std::move(part), *this; }
  /// Closed accounts too.
  AdminListUsers& deactivated(bool on) { return deactivated_ = on, *this; }
  /// 1 to 1000.
  AdminListUsers& limit(int users) { return limit_ = users, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return AdminUsersAnswer::decode(body); }

 private:
  PageToken from_;
  std::string matching_;
  int limit_ = 100;
  bool deactivated_ = false;
};

/// PUT /_synapse/admin/v2/users/{userId}: create or change an account.
///
/// With a password it always says what becomes of the devices, false unless told otherwise: left out, Synapse would log
/// out every device of an existing account, even for the same password. To heal a password send nothing else with it:
/// a display name may be refused for its rate limit, and the password with it.
class AdminPutUser {
 public:
  using Answer = AdminUserAnswer;
  explicit AdminPutUser(MatrixUserId user) : user_(std::move(user)) {}
  AdminPutUser& password(Secret password) { return password_ = std::move(password), *this; }
  AdminPutUser& display_name(std::string name) { return display_name_ = std::move(name), *this; }
  AdminPutUser& admin(bool on) { return admin_ = on, *this; }
  AdminPutUser& deactivated(bool on) { return deactivated_ = on, *this; }
  AdminPutUser& locked(bool on) { return locked_ = on, *this; }
  AdminPutUser& log_out_devices(bool on) { return log_out_devices_ = on, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return AdminUserAnswer::decode(body); }

 private:
  MatrixUserId user_;
  Secret password_;
  std::optional<std::string> display_name_;
  std::optional<bool> admin_;
  std::optional<bool> deactivated_;
  std::optional<bool> locked_;
  bool log_out_devices_ = false;
};

class AdminLoginAsAnswer {
 public:
  explicit AdminLoginAsAnswer(Secret access_token) : access_token_(std::move(access_token)) {}
  [[nodiscard]] const Secret& access_token() const { return access_token_; }

 private:
  Secret access_token_;
};

/// POST /_synapse/admin/v1/users/{userId}/login: a token of that user without a device. It outlives almost everything,
/// so it needs an end of its own.
class AdminLoginAs {
 public:
  using Answer = AdminLoginAsAnswer;
  AdminLoginAs(MatrixUserId user, std::chrono::system_clock::time_point valid_until)
      : user_(std::move(user)), valid_until_(valid_until) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixUserId user_;
  std::chrono::system_clock::time_point valid_until_;
};

/// POST /_synapse/admin/v1/users/{userId}/override_ratelimit with 0/0: lift the limits of a user's own tokens and, set
/// on an admin, of the tokens that admin mints.
class AdminLiftRateLimit {
 public:
  using Answer = Done;
  explicit AdminLiftRateLimit(MatrixUserId user) : user_(std::move(user)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
};

}  // namespace confab::matrix
