#include "matrix/endpoints/capabilities.hpp"

namespace confab::matrix {

Result<EndpointRequest> GetCapabilities::encode() const {
  return EndpointRequest(Method::get, "/_matrix/client/v3/capabilities");
}

Result<CapabilitiesAnswer> GetCapabilities::decode(const json::Value& body) {
  const Result<json::Value> capabilities = body.object("capabilities");
  if (!capabilities) return capabilities.error();
  return CapabilitiesAnswer(std::string((*capabilities)["m.room_versions"]["default"].string_or("1")));
}

}  // namespace confab::matrix
