#include "matrix/endpoints/versions.hpp"

#include <algorithm>
#include <charconv>

namespace confab::matrix {

bool VersionsAnswer::has_version(std::string_view version) const {
  return std::find(versions_.begin(), versions_.end(), version) != versions_.end();
}
bool VersionsAnswer::has_feature(std::string_view feature) const {
  return std::find(features_.begin(), features_.end(), feature) != features_.end();
}

std::string VersionsAnswer::newest() const {
  std::string best;
  unsigned best_minor = 0;
  for (const std::string& version : versions_) {
    if (!version.starts_with("v1.")) continue;
    unsigned minor = 0;
    const auto parsed = std::from_chars(version.data() + 3, version.data() + version.size(), minor);
    if (parsed.ec != std::errc() || parsed.ptr != version.data() + version.size()) continue;
    if (best.empty() || minor > best_minor) {
      best = version;
      best_minor = minor;
    }
  }
  return best;
}

Result<EndpointRequest> GetVersions::encode() const {
  return EndpointRequest(Method::get, "/_matrix/client/versions").without_token();
}

Result<GetVersions::Answer> GetVersions::decode(const json::Value& body) {
  json::Reader read(body);
  std::vector<std::string> versions;
  for (const json::Value version : read.array("versions").elements()) {
    if (const auto text = version.string()) {
      versions.emplace_back(*text);
    } else {
      read.fail(text.error());
    }
  }
  std::vector<std::string> features;
  for (const auto& [name, on] : read.optional_object("unstable_features").members()) {
    if (on.boolean_or(false)) features.emplace_back(name);
  }
  return read.finish(VersionsAnswer(std::move(versions), std::move(features)));
}

}  // namespace confab::matrix
