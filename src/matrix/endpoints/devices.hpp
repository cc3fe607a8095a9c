// Which devices has a user, and how do they go? Specification: client-server API, "Device Management".
//
// Deleting a device ends its tokens and the homeserver's memory of its transaction ids: never while a send of that
// device is undecided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <confab/ids.hpp>
#include <confab/secret.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class DeviceAnswer {
 public:
  [[nodiscard]] static Result<DeviceAnswer> decode(const json::Value& body);
  [[nodiscard]] const DeviceId& id() const { return id_; }
  [[nodiscard]] const std::optional<std::string>& display_name() const { return display_name_; }
  /// In milliseconds since 1970; some minutes late.
  [[nodiscard]] std::optional<std::int64_t> last_seen_ts() const { return last_seen_ts_; }

 private:
  DeviceAnswer() = default;
  DeviceId id_;
  std::optional<std::string> display_name_;
  std::optional<std::int64_t> last_seen_ts_;
};

class DevicesAnswer {
 public:
  explicit DevicesAnswer(std::vector<DeviceAnswer> devices) : devices_(std::move(devices)) {}
  [[nodiscard]] static Result<DevicesAnswer> decode(const json::Value& body);
  [[nodiscard]] const std::vector<DeviceAnswer>& devices() const { return devices_; }

 private:
  std::vector<DeviceAnswer> devices_;
};

/// GET /devices: one's own.
class GetDevices {
 public:
  using Answer = DevicesAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return DevicesAnswer::decode(body); }
};

/// GET /devices/{deviceId}.
class GetDevice {
 public:
  using Answer = DeviceAnswer;
  explicit GetDevice(DeviceId device) : device_(std::move(device)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return DeviceAnswer::decode(body); }

 private:
  DeviceId device_;
};

/// PUT /devices/{deviceId}: change its name. With an application service's token it makes the device if there is none.
class PutDevice {
 public:
  using Answer = Done;
  explicit PutDevice(DeviceId device) : device_(std::move(device)) {}
  PutDevice& display_name(std::string name) { return display_name_ = std::move(name), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  DeviceId device_;
  std::optional<std::string> display_name_;
};

/// Proof that it is the user who asks, for what a token alone does not allow. Specification: "User-Interactive
/// Authentication API", m.login.password.
class PasswordProof {
 public:
  /// @param session  From the 401 that asked for the proof; empty: a first try.
  PasswordProof(MatrixUserId user, Secret password, std::string session = {})
      : user_(std::move(user)), password_(std::move(password)), session_(std::move(session)) {}
  [[nodiscard]] Result<void> check() const;
  void write(json::Writer& w) const;

 private:
  MatrixUserId user_;
  Secret password_;
  std::string session_;
};

/// DELETE /devices/{deviceId}. Without a proof a 401 without errcode asks for one; application services need none.
class DeleteDevice {
 public:
  using Answer = Done;
  explicit DeleteDevice(DeviceId device) : device_(std::move(device)) {}
  DeleteDevice& proof(PasswordProof proof) { return proof_ = std::move(proof), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  DeviceId device_;
  std::optional<PasswordProof> proof_;
};

/// POST /delete_devices: several at once, as DeleteDevice. Those that do not exist are passed over.
class DeleteDevices {
 public:
  using Answer = Done;
  explicit DeleteDevices(std::vector<DeviceId> devices) : devices_(std::move(devices)) {}
  DeleteDevices& proof(PasswordProof proof) { return proof_ = std::move(proof), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  std::vector<DeviceId> devices_;
  std::optional<PasswordProof> proof_;
};

}  // namespace confab::matrix
