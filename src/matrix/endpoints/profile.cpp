#include "matrix/endpoints/profile.hpp"

#include "matrix/identifiers.hpp"
#include "util/text.hpp"

namespace confab::matrix {
namespace {

// "Profile size": over it the homeserver answers M_PROFILE_TOO_LARGE.
constexpr std::size_t max_profile_bytes = std::size_t{64} << 10U;

std::string field_path(const MatrixUserId& user, const std::string& key) {
  return path_of({"/_matrix/client/v3/profile/", user.str(), "/", key});
}

// Named as an event type is; only the subject differs.
Result<void> check_key(const std::string& key) {
  if (!check_event_type(key)) return wrong_argument("key", "1 to 255 bytes without spaces, for example m.tz");
  return {};
}

}  // namespace

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

Result<EndpointRequest> GetProfileField::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_), check_key(key_)})) return *wrong;
  return EndpointRequest(Method::get, field_path(user_, key_)).expect({Errc::not_found});
}

Result<EndpointRequest> SetProfileField::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_), check_key(key_)})) return *wrong;
  if (value_.size() > max_profile_bytes)
    return Error(Errc::too_large, "value: is over the 64 KiB of a whole profile; shorten it").with_subject("value");
  const auto value = json::parse(value_);
  if (!value) return wrong_argument("value", "JSON");
  json::Writer w;
  w.object().member(key_, value->root());
  return EndpointRequest(Method::put, field_path(user_, key_)).body(std::move(w).finish()).idempotent(true);
}

Result<EndpointRequest> DeleteProfileField::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_), check_key(key_)})) return *wrong;
  return EndpointRequest(Method::del, field_path(user_, key_)).idempotent(true).expect({Errc::not_found});
}

}  // namespace confab::matrix
