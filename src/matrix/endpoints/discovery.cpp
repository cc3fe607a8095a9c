#include "matrix/endpoints/discovery.hpp"

#include <algorithm>

#include "net/url.hpp"

namespace confab::matrix {
namespace {

// A handful of URLs; clients add members of their own.
constexpr std::size_t max_well_known_bytes = std::size_t{64} << 10U;

// Whoever sends requests there gives tokens away, so what is no URL ends the answer. It is not quoted.
std::string required_url(json::Reader& read, std::string_view key) {
  std::string text{read.non_empty_string(key)};
  if (!read.failed() && !net::Url::parse(text)) read.fail(read.value().wrong(key, "an http or https URL"));
  return text;
}

}  // namespace

Result<EndpointRequest> GetWellKnown::encode() const {
  return EndpointRequest(Method::get, "/.well-known/matrix/client")
      .without_token()
      .expect({Errc::not_found})
      .max_answer(max_well_known_bytes);
}

Result<GetWellKnown::Answer> GetWellKnown::decode(const json::Value& body) {
  const Result<json::Value> homeserver = body.object("m.homeserver");
  if (!homeserver) return homeserver.error();
  json::Reader read(*homeserver);
  const auto text = read.non_empty_string("base_url");
  if (read.failed()) return read.error();
  const auto base = net::Url::parse_base(text);
  if (!base) return homeserver->wrong("base_url", "an http or https URL");
  return WellKnownAnswer(base->text());
}

bool AuthMetadataAnswer::grants(std::string_view type) const {
  return std::find(grant_types_.begin(), grant_types_.end(), type) != grant_types_.end();
}

Result<AuthMetadataAnswer> AuthMetadataAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  AuthMetadataAnswer out;
  out.issuer_ = required_url(read, "issuer");
  out.authorization_endpoint_ = required_url(read, "authorization_endpoint");
  out.token_endpoint_ = required_url(read, "token_endpoint");
  out.revocation_endpoint_ = required_url(read, "revocation_endpoint");
  if (read.optional_string("registration_endpoint")) {
    out.registration_endpoint_ = required_url(read, "registration_endpoint");
  }
  for (const json::Value grant : read.array("grant_types_supported").elements()) {
    if (const auto type = grant.string()) {
      out.grant_types_.emplace_back(*type);
    } else {
      read.fail(type.error());
    }
  }
  return read.finish(std::move(out));
}

Result<EndpointRequest> GetAuthMetadata::encode() const {
  return EndpointRequest(Method::get, "/_matrix/client/v1/auth_metadata")
      .without_token()
      .expect({Errc::not_found, Errc::unsupported});
}

}  // namespace confab::matrix
