// Where is the homeserver of a domain, and who issues its tokens? Specification: client-server API, "Server discovery",
// "OAuth 2.0 API", "Server metadata discovery".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class WellKnownAnswer {
 public:
  explicit WellKnownAnswer(std::string base_url) : base_url_(std::move(base_url)) {}
  /// Where the client-server API is: an http or https URL in canonical form, without a slash at its end.
  [[nodiscard]] const std::string& base_url() const { return base_url_; }

 private:
  std::string base_url_;
};

/// GET /.well-known/matrix/client of a domain; Errc::not_found where the domain is the homeserver itself. What it names
/// is to be tried with GetVersions before it is believed.
class GetWellKnown {
 public:
  using Answer = WellKnownAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);
};

class AuthMetadataAnswer {
 public:
  [[nodiscard]] static Result<AuthMetadataAnswer> decode(const json::Value& body);
  [[nodiscard]] const std::string& issuer() const { return issuer_; }
  [[nodiscard]] const std::string& authorization_endpoint() const { return authorization_endpoint_; }
  [[nodiscard]] const std::string& token_endpoint() const { return token_endpoint_; }
  [[nodiscard]] const std::string& revocation_endpoint() const { return revocation_endpoint_; }
  /// None: clients are registered by hand.
  [[nodiscard]] const std::optional<std::string>& registration_endpoint() const { return registration_endpoint_; }
  [[nodiscard]] bool grants(std::string_view type) const;

 private:
  AuthMetadataAnswer() = default;
  std::string issuer_;
  std::string authorization_endpoint_;
  std::string token_endpoint_;
  std::string revocation_endpoint_;
  std::optional<std::string> registration_endpoint_;
  std::vector<std::string> grant_types_;
};

/// GET /_matrix/client/v1/auth_metadata. Errc::unsupported or Errc::not_found: passwords are the homeserver's own.
class GetAuthMetadata {
 public:
  using Answer = AuthMetadataAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return AuthMetadataAnswer::decode(body); }
};

}  // namespace confab::matrix
