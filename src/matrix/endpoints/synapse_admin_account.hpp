// How does a server admin give an account a password, close it, lock it or silence it? Synapse's admin API.
#pragma once

#include <confab/ids.hpp>
#include <confab/secret.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"

namespace confab::matrix {

/// POST /_synapse/admin/v1/reset_password/{userId}.
///
/// It always says what becomes of the devices, and they stay unless told otherwise: left out, Synapse would log out
/// every one of them, and with an admin's the tokens of admin login-as-user that this admin made.
class AdminResetPassword {
 public:
  using Answer = Done;
  AdminResetPassword(MatrixUserId user, Secret password) : user_(std::move(user)), password_(std::move(password)) {}
  AdminResetPassword& log_out_devices(bool on) { return log_out_devices_ = on, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  Secret password_;
  bool log_out_devices_ = false;
};

/// POST /_synapse/admin/v1/deactivate/{userId}: close the account, out of all its rooms; not to be undone. Closing it
/// again succeeds.
class AdminDeactivate {
 public:
  using Answer = Done;
  explicit AdminDeactivate(MatrixUserId user) : user_(std::move(user)) {}
  /// Ask for its messages to be hidden from who joins later, and for its profile to be emptied.
  AdminDeactivate& erase(bool on) { return erase_ = on, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  bool erase_ = false;
};

/// PUT /_synapse/admin/v2/users/{userId} with nothing but `locked`: every token answers Errc::account_locked until it
/// is unlocked, and then lives on. Synapse creates an account that does not exist: read it first.
class AdminLockUser {
 public:
  using Answer = AdminUserAnswer;
  AdminLockUser(MatrixUserId user, bool locked) : user_(std::move(user)), locked_(locked) {}
  [[nodiscard]] Result<EndpointRequest> encode() const { return AdminPutUser(user_).locked(locked_).encode(); }
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return AdminUserAnswer::decode(body); }

 private:
  MatrixUserId user_;
  bool locked_;
};

/// PUT /_synapse/admin/v1/suspend/{userId}: the user may read and leave, but not write.
class AdminSuspendUser {
 public:
  using Answer = Done;
  AdminSuspendUser(MatrixUserId user, bool suspended) : user_(std::move(user)), suspended_(suspended) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  bool suspended_;
};

}  // namespace confab::matrix
