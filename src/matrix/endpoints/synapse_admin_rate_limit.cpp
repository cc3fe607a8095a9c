#include "matrix/endpoints/synapse_admin_rate_limit.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {

// Synapse keeps both in a 32-bit column.
constexpr std::int64_t largest_rate = 2'147'483'647;

std::string limit_path(const MatrixUserId& user) {
  return path_of({"/_synapse/admin/v1/users/", user.str(), "/override_ratelimit"});
}

}  // namespace

Result<RateLimitAnswer> RateLimitAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  // An empty object says that there is none.
  if (!body["messages_per_second"] && !body["burst_count"]) return read.finish(RateLimitAnswer());
  const std::int64_t per_second = read.integer("messages_per_second", 0);
  const std::int64_t burst = read.integer("burst_count", 0);
  return read.finish(RateLimitAnswer(per_second, burst));
}

Result<EndpointRequest> AdminGetRateLimit::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  return EndpointRequest(Method::get, limit_path(user_)).expect({Errc::not_found});
}

Result<EndpointRequest> AdminSetRateLimit::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  if (per_second_ < 0 || per_second_ > largest_rate)
    return wrong_argument("messages_per_second", "from 0 to 2147483647");
  if (burst_ < 0 || burst_ > largest_rate) return wrong_argument("burst", "from 0 to 2147483647");
  json::Writer w;
  w.object().member("messages_per_second", per_second_).member("burst_count", burst_);
  return EndpointRequest(Method::post, limit_path(user_)).body(std::move(w).finish()).idempotent(true);
}

Result<EndpointRequest> AdminDeleteRateLimit::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  return EndpointRequest(Method::del, limit_path(user_)).idempotent(true);
}

}  // namespace confab::matrix
