// Which versions and features does the homeserver have? Specification: client-server API, "API Versions".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class VersionsAnswer {
 public:
  VersionsAnswer(std::vector<std::string> versions, std::vector<std::string> features)
      : versions_(std::move(versions)), features_(std::move(features)) {}
  [[nodiscard]] const std::vector<std::string>& versions() const { return versions_; }
  /// Unstable features that are switched on.
  [[nodiscard]] const std::vector<std::string>& features() const { return features_; }
  [[nodiscard]] bool has_version(std::string_view version) const;
  [[nodiscard]] bool has_feature(std::string_view feature) const;
  /// The newest version of the form v1.N; empty if there is none.
  [[nodiscard]] std::string newest() const;

 private:
  std::vector<std::string> versions_;
  std::vector<std::string> features_;
};

/// GET /_matrix/client/versions, without a token.
class GetVersions {
 public:
  using Answer = VersionsAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);
};

}  // namespace confab::matrix
