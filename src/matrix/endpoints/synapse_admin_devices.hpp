// What can a server admin do with somebody's devices? Synapse's admin API.
#pragma once

#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/endpoints/devices.hpp"

namespace confab::matrix {

/// GET /_synapse/admin/v2/users/{userId}/devices.
class AdminListDevices {
 public:
  using Answer = DevicesAnswer;
  explicit AdminListDevices(MatrixUserId user) : user_(std::move(user)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return DevicesAnswer::decode(body); }

 private:
  MatrixUserId user_;
};

/// POST /_synapse/admin/v2/users/{userId}/devices: a device without a token, for an application service to name. Making
/// it again succeeds.
class AdminCreateDevice {
 public:
  using Answer = Done;
  AdminCreateDevice(MatrixUserId user, DeviceId device) : user_(std::move(user)), device_(std::move(device)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  DeviceId device_;
};

/// POST /_synapse/admin/v2/users/{userId}/delete_devices: ends their tokens, and the memory of their transaction ids:
/// never while a send of one of them is undecided. Those that do not exist are passed over.
class AdminDeleteDevices {
 public:
  using Answer = Done;
  AdminDeleteDevices(MatrixUserId user, std::vector<DeviceId> devices)
      : user_(std::move(user)), devices_(std::move(devices)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  std::vector<DeviceId> devices_;
};

}  // namespace confab::matrix
