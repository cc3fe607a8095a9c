#include "matrix/endpoints/synapse_admin_devices.hpp"

#include "matrix/identifiers.hpp"
#include "matrix/paging.hpp"

namespace confab::matrix {

Result<EndpointRequest> AdminListDevices::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  return EndpointRequest(Method::get, path_of({"/_synapse/admin/v2/users/", user_.str(), "/devices"}))
      .max_answer(max_page_bytes)
      .expect({Errc::not_found});
}

Result<EndpointRequest> AdminCreateDevice::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_), check_device_id(device_)})) return *wrong;
  json::Writer w;
  w.object().member("device_id", device_.str());
  return EndpointRequest(Method::post, path_of({"/_synapse/admin/v2/users/", user_.str(), "/devices"}))
      .body(std::move(w).finish())
      .idempotent(true);
}

Result<EndpointRequest> AdminDeleteDevices::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  if (devices_.empty()) return wrong_argument("devices", "one at least");
  json::Writer w;
  w.object().key("devices").array();
  for (const DeviceId& device : devices_) {
    if (const auto legal = check_device_id(device); !legal) return legal.error();
    w.value(device.str());
  }
  return EndpointRequest(Method::post, path_of({"/_synapse/admin/v2/users/", user_.str(), "/delete_devices"}))
      .body(std::move(w).finish())
      .idempotent(true);
}

}  // namespace confab::matrix
