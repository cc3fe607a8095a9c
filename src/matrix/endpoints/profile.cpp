#include "matrix/endpoints/profile.hpp"

#include "matrix/identifiers.hpp"
#include "util/text.hpp"

namespace confab::matrix {

Result<EndpointRequest> GetProfile::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  return EndpointRequest(Method::get, path_of({"/_matrix/client/v3/profile/", user_.str()})).expect({Errc::not_found});
}

Result<GetProfile::Answer> GetProfile::decode(const json::Value& body) {
  json::Reader read(body);
  std::optional<std::string> name;
  std::optional<std::string> avatar;
  if (const auto text = read.optional_string("displayname")) name = std::string(*text);
  if (const auto text = read.optional_string("avatar_url")) avatar = std::string(*text);
  return read.finish(ProfileAnswer(std::move(name), std::move(avatar)));
}

Result<EndpointRequest> SetDisplayName::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  if (!text::is_valid_utf8(name_)) return wrong_argument("name", "UTF-8");
  json::Writer w;
  w.object().member("displayname", name_);
  return EndpointRequest(Method::put, path_of({"/_matrix/client/v3/profile/", user_.str(), "/displayname"}))
      .body(std::move(w).finish())
      .idempotent(true);
}

}  // namespace confab::matrix
