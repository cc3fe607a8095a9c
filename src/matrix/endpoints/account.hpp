// Whose token is this? Specification: client-server API, "Current account information".
#pragma once

#include <optional>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class WhoamiAnswer {
 public:
  WhoamiAnswer(MatrixUserId user, std::optional<DeviceId> device, bool guest)
      : user_(std::move(user)), device_(std::move(device)), guest_(guest) {}
  [[nodiscard]] const MatrixUserId& user_id() const { return user_; }
  /// None for tokens without a device, such as those of admin login-as-user.
  [[nodiscard]] const std::optional<DeviceId>& device_id() const { return device_; }
  [[nodiscard]] bool is_guest() const { return guest_; }

 private:
  MatrixUserId user_;
  std::optional<DeviceId> device_;
  bool guest_;
};

/// GET /account/whoami.
class Whoami {
 public:
  using Answer = WhoamiAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);
};

}  // namespace confab::matrix
