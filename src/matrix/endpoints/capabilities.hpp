// What does this homeserver allow, and which room version does it make? (Client-server API, "Capabilities
// negotiation".)
#pragma once

#include <string>
#include <utility>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class CapabilitiesAnswer {
 public:
  explicit CapabilitiesAnswer(std::string default_room_version)
      : default_room_version_(std::move(default_room_version)) {}
  /// The version of rooms made without naming one; "1" where the server does not say, as the specification has it.
  [[nodiscard]] const std::string& default_room_version() const { return default_room_version_; }

 private:
  std::string default_room_version_;
};

/// GET /_matrix/client/v3/capabilities
class GetCapabilities {
 public:
  using Answer = CapabilitiesAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);
};

}  // namespace confab::matrix
