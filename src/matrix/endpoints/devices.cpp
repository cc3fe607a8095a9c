#include "matrix/endpoints/devices.hpp"

#include "matrix/identifiers.hpp"
#include "util/text.hpp"

namespace confab::matrix {
namespace {

std::string device_path(const DeviceId& device) { return path_of({"/_matrix/client/v3/devices/", device.str()}); }

Result<void> check_proof(const std::optional<PasswordProof>& proof) { return proof ? proof->check() : Result<void>(); }

}  // namespace

Result<DeviceAnswer> DeviceAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  DeviceAnswer out;
  out.id_ = DeviceId(std::string(read.non_empty_string("device_id")));
  out.display_name_ = optional_text(read, "display_name");
  out.last_seen_ts_ = read.optional_integer("last_seen_ts");
  return read.finish(std::move(out));
}

Result<DevicesAnswer> DevicesAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  std::vector<DeviceAnswer> devices;
  for (const json::Value element : read.array("devices").elements()) {
    if (auto device = DeviceAnswer::decode(element)) {
      devices.push_back(*std::move(device));
    } else {
      read.fail(device.error());
    }
  }
  return read.finish(DevicesAnswer(std::move(devices)));
}

Result<EndpointRequest> GetDevices::encode() const {
  return EndpointRequest(Method::get, "/_matrix/client/v3/devices");
}

Result<EndpointRequest> GetDevice::encode() const {
  if (const auto wrong = first_wrong({check_device_id(device_)})) return *wrong;
  return EndpointRequest(Method::get, device_path(device_)).expect({Errc::not_found});
}

Result<EndpointRequest> PutDevice::encode() const {
  if (const auto wrong =
          first_wrong({check_device_id(device_), check_text("display_name", display_name_.value_or(""))}))
    return *wrong;
  json::Writer w;
  w.object().member_if("display_name", display_name_);
  return EndpointRequest(Method::put, device_path(device_))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::not_found});
}

Result<void> PasswordProof::check() const {
  if (auto legal = check_user_id(user_); !legal) return legal;
  if (password_.empty() || !text::is_valid_utf8(password_.reveal()))
    return wrong_argument("password", "UTF-8 and not empty");
  return check_text("session", session_);
}

void PasswordProof::write(json::Writer& w) const {
  w.key("auth").object().member("type", "m.login.password");
  w.key("identifier").object().member("type", "m.id.user").member("user", user_.str()).end();
  w.member("password", password_.reveal());
  if (!session_.empty()) w.member("session", session_);
  w.end();
}

Result<EndpointRequest> DeleteDevice::encode() const {
  if (const auto wrong = first_wrong({check_device_id(device_), check_proof(proof_)})) return *wrong;
  json::Writer w;
  w.object();
  if (proof_) proof_->write(w);
  return EndpointRequest(Method::del, device_path(device_))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::not_found, Errc::session_expired});
}

Result<EndpointRequest> DeleteDevices::encode() const {
  if (devices_.empty()) return wrong_argument("devices", "one at least");
  if (const auto wrong = first_wrong({check_proof(proof_)})) return *wrong;
  json::Writer w;
  w.object().key("devices").array();
  for (const DeviceId& device : devices_) {
    if (const auto legal = check_device_id(device); !legal) return legal.error();
    w.value(device.str());
  }
  w.end();
  if (proof_) proof_->write(w);
  return EndpointRequest(Method::post, "/_matrix/client/v3/delete_devices")
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::session_expired});
}

}  // namespace confab::matrix
