#include "matrix/endpoints/account.hpp"

namespace confab::matrix {

Result<EndpointRequest> Whoami::encode() const {
  return EndpointRequest(Method::get, "/_matrix/client/v3/account/whoami").expect({Errc::session_expired});
}

Result<Whoami::Answer> Whoami::decode(const json::Value& body) {
  json::Reader read(body);
  MatrixUserId user{std::string(read.non_empty_string("user_id"))};
  std::optional<DeviceId> device;
  if (const auto id = read.optional_string("device_id")) device = DeviceId(std::string(*id));
  const bool guest = read.optional_boolean("is_guest").value_or(false);
  return read.finish(WhoamiAnswer(std::move(user), std::move(device), guest));
}

}  // namespace confab::matrix
