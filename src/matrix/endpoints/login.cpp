#include "matrix/endpoints/login.hpp"

#include <algorithm>

#include "util/text.hpp"

namespace confab::matrix {
namespace {

// Longest life believed in: a century keeps every sum of times within 64 bits.
constexpr std::int64_t longest_life_ms = 100LL * 366 * 24 * 60 * 60 * 1000;

std::optional<Secret> optional_secret(json::Reader& read, std::string_view key) {
  const auto text = read.optional_string(key);
  if (!text || text->empty()) return std::nullopt;
  return Secret(std::string(*text));
}

std::optional<std::chrono::milliseconds> optional_life(json::Reader& read) {
  const auto life = read.optional_integer("expires_in_ms", 0);
  if (!life) return std::nullopt;
  return std::chrono::milliseconds(std::min(*life, longest_life_ms));
}

Result<void> check_secret(std::string_view subject, const Secret& secret) {
  if (secret.empty() || !text::is_valid_utf8(secret.reveal())) return wrong_argument(subject, "UTF-8 and not empty");
  return {};
}

}  // namespace

bool LoginFlowsAnswer::has(std::string_view type) const {
  return std::find(types_.begin(), types_.end(), type) != types_.end();
}

Result<EndpointRequest> GetLoginFlows::encode() const {
  return EndpointRequest(Method::get, "/_matrix/client/v3/login").without_token();
}

Result<GetLoginFlows::Answer> GetLoginFlows::decode(const json::Value& body) {
  json::Reader read(body);
  std::vector<std::string> types;
  for (const json::Value flow : read.array("flows").elements()) {
    if (const auto type = flow.string("type")) {
      types.emplace_back(*type);
    } else {
      read.fail(type.error());
    }
  }
  return read.finish(LoginFlowsAnswer(std::move(types)));
}

Result<EndpointRequest> PasswordLogin::encode() const {
  if (user_.empty() || !text::is_valid_utf8(user_)) return wrong_argument("user", "a user id or a localpart");
  if (const auto wrong = first_wrong({check_secret("password", password_)})) return *wrong;
  if (device_.str().size() > 512) return wrong_argument("device_id", "at most 512 bytes");
  json::Writer w;
  w.object().member("type", "m.login.password");
  w.key("identifier").object().member("type", "m.id.user").member("user", user_).end();
  w.member("password", password_.reveal());
  if (!device_.empty()) w.member("device_id", device_.str());
  if (!device_name_.empty()) w.member("initial_device_display_name", device_name_);
  if (refresh_) w.member("refresh_token", true);
  return EndpointRequest(Method::post, "/_matrix/client/v3/login").without_token().body(std::move(w).finish());
}

Result<PasswordLogin::Answer> PasswordLogin::decode(const json::Value& body) {
  json::Reader read(body);
  MatrixUserId user{std::string(read.non_empty_string("user_id"))};
  DeviceId device{std::string(read.non_empty_string("device_id"))};
  Secret access{std::string(read.non_empty_string("access_token"))};
  auto refresh = optional_secret(read, "refresh_token");
  const auto life = optional_life(read);
  return read.finish(LoginAnswer(std::move(user), std::move(device), std::move(access), std::move(refresh), life));
}

Result<EndpointRequest> JwtLogin::encode() const {
  if (const auto wrong = first_wrong({check_secret("token", token_)})) return *wrong;
  if (device_.str().size() > 512) return wrong_argument("device_id", "at most 512 bytes");
  json::Writer w;
  w.object().member("type", "org.matrix.login.jwt").member("token", token_.reveal());
  if (!device_.empty()) w.member("device_id", device_.str());
  if (!device_name_.empty()) w.member("initial_device_display_name", device_name_);
  if (refresh_) w.member("refresh_token", true);
  return EndpointRequest(Method::post, "/_matrix/client/v3/login").without_token().body(std::move(w).finish());
}

Result<EndpointRequest> RefreshToken::encode() const {
  if (const auto wrong = first_wrong({check_secret("refresh_token", refresh_token_)})) return *wrong;
  json::Writer w;
  w.object().member("refresh_token", refresh_token_.reveal());
  return EndpointRequest(Method::post, "/_matrix/client/v3/refresh")
      .without_token()
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::session_expired, Errc::forbidden});
}

Result<RefreshToken::Answer> RefreshToken::decode(const json::Value& body) {
  json::Reader read(body);
  Secret access{std::string(read.non_empty_string("access_token"))};
  auto refresh = optional_secret(read, "refresh_token");
  const auto life = optional_life(read);
  return read.finish(RefreshAnswer(std::move(access), std::move(refresh), life));
}

Result<EndpointRequest> Logout::encode() const {
  return EndpointRequest(Method::post, "/_matrix/client/v3/logout")
      .body("{}")
      .idempotent(true)
      .expect({Errc::session_expired});
}

Result<EndpointRequest> LogoutAll::encode() const {
  return EndpointRequest(Method::post, "/_matrix/client/v3/logout/all")
      .body("{}")
      .idempotent(true)
      .expect({Errc::session_expired});
}

}  // namespace confab::matrix
