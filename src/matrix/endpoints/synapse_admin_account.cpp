#include "matrix/endpoints/synapse_admin_account.hpp"

#include "matrix/identifiers.hpp"
#include "util/text.hpp"

namespace confab::matrix {

Result<EndpointRequest> AdminResetPassword::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  if (password_.empty() || !text::is_valid_utf8(password_.reveal()))
    return wrong_argument("password", "UTF-8 and not empty");
  json::Writer w;
  w.object().member("new_password", password_.reveal()).member("logout_devices", log_out_devices_);
  return EndpointRequest(Method::post, path_of({"/_synapse/admin/v1/reset_password/", user_.str()}))
      .body(std::move(w).finish())
      .idempotent(!log_out_devices_);
}

Result<EndpointRequest> AdminDeactivate::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  json::Writer w;
  w.object().member("erase", erase_);
  return EndpointRequest(Method::post, path_of({"/_synapse/admin/v1/deactivate/", user_.str()}))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::not_found});
}

Result<EndpointRequest> AdminSuspendUser::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  json::Writer w;
  w.object().member("suspend", suspended_);
  return EndpointRequest(Method::put, path_of({"/_synapse/admin/v1/suspend/", user_.str()}))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::not_found});
}

}  // namespace confab::matrix
