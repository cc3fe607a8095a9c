#include "matrix/endpoints/synapse_admin_users.hpp"

#include "matrix/endpoints/synapse_flag.hpp"
#include "matrix/identifiers.hpp"
#include "matrix/paging.hpp"
#include "util/text.hpp"

namespace confab::matrix {
namespace {

std::string user_path(std::string_view version, const MatrixUserId& user, std::string_view rest) {
  return path_of({"/_synapse/admin/"}) + std::string(version) + path_of({"/users/", user.str()}) + std::string(rest);
}

}  // namespace

Result<AdminUserAnswer> AdminUserAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  AdminUserAnswer out;
  out.user_ = MatrixUserId(std::string(read.non_empty_string("name")));
  if (const auto name = read.optional_string("displayname")) out.display_name_ = std::string(*name);
  out.admin_ = synapse_flag(read, "admin");
  out.deactivated_ = synapse_flag(read, "deactivated");
  out.locked_ = synapse_flag(read, "locked");
  out.suspended_ = synapse_flag(read, "suspended");
  return read.finish(std::move(out));
}

Result<EndpointRequest> AdminGetUser::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  return EndpointRequest(Method::get, user_path("v2", user_, "")).expect({Errc::not_found});
}

Result<AdminUsersAnswer> AdminUsersAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  std::vector<AdminUserAnswer> users;
  for (const json::Value element : read.array("users").elements()) {
    if (auto user = AdminUserAnswer::decode(element)) {
      users.push_back(*std::move(user));
    } else {
      read.fail(user.error());
    }
  }
  const std::int64_t total = read.integer("total", 0);
  auto next = optional_page_token(read, "next_token");
  return read.finish(AdminUsersAnswer(std::move(users), total, std::move(next)));
}

Result<EndpointRequest> AdminListUsers::encode() const {
  if (const auto wrong = first_wrong({check_page_limit(limit_), check_text("matching", matching_)})) return *wrong;
  EndpointRequest request(Method::get, "/_synapse/admin/v2/users");
  request.query("limit", std::int64_t{limit_}).query("guests", std::string_view("false"));
  if (!from_.empty()) request.query("from", from_.str());
  if (!matching_.empty()) request.query("name", matching_);
  if (deactivated_) request.query("deactivated", std::string_view("true"));
  // Left out, Synapse leaves locked accounts out too.
  request.query("locked", std::string_view("true"));
  return request.max_answer(max_page_bytes);
}

Result<EndpointRequest> AdminPutUser::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  if (display_name_ && !text::is_valid_utf8(*display_name_)) return wrong_argument("display_name", "UTF-8");
  if (!text::is_valid_utf8(password_.reveal())) return wrong_argument("password", "UTF-8");
  json::Writer w;
  w.object();
  if (!password_.empty()) w.member("password", password_.reveal()).member("logout_devices", log_out_devices_);
  w.member_if("displayname", display_name_).member_if("admin", admin_);
  w.member_if("deactivated", deactivated_).member_if("locked", locked_);
  const bool logs_out = !password_.empty() && log_out_devices_;
  return EndpointRequest(Method::put, user_path("v2", user_, ""))
      .body(std::move(w).finish())
      .idempotent(!logs_out)
      .expect({Errc::conflict});
}

Result<EndpointRequest> AdminLoginAs::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  const auto until = std::chrono::duration_cast<std::chrono::milliseconds>(valid_until_.time_since_epoch()).count();
  if (until <= 0) return wrong_argument("valid_until", "a time to come");
  json::Writer w;
  w.object().member("valid_until_ms", static_cast<std::int64_t>(until));
  return EndpointRequest(Method::post, user_path("v1", user_, "/login")).body(std::move(w).finish()).idempotent(true);
}

Result<AdminLoginAs::Answer> AdminLoginAs::decode(const json::Value& body) {
  json::Reader read(body);
  Secret token{std::string(read.non_empty_string("access_token"))};
  return read.finish(AdminLoginAsAnswer(std::move(token)));
}

Result<EndpointRequest> AdminLiftRateLimit::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  json::Writer w;
  w.object().member("messages_per_second", 0).member("burst_count", 0);
  return EndpointRequest(Method::post, user_path("v1", user_, "/override_ratelimit"))
      .body(std::move(w).finish())
      .idempotent(true);
}

}  // namespace confab::matrix
