#include "matrix/endpoints/sync.hpp"

#include <algorithm>

#include "util/text.hpp"

namespace confab::matrix {
namespace {
constexpr std::chrono::milliseconds longest_poll = std::chrono::minutes(5);
constexpr int max_timeline_limit = 1000;
constexpr std::size_t room_for_the_rest = 128;  // of a target: the names of its parameters, and the time

void nothing_of(json::Writer& w, std::string_view section) { w.key(section).object().key("types").array().end().end(); }
}  // namespace

SyncFilter SyncFilter::position_only(std::string unique) {
  SyncFilter filter;
  filter.unique_ = std::move(unique);
  // Not 0: homeservers read that in different ways, one as "no limit".
  filter.timeline_limit(1).ephemeral(false);
  filter.state_ = false;
  return filter;
}

bool SyncFilter::is_usual() const {
  return unique_.empty() && timeline_limit_ == SyncFilter().timeline_limit_ && ephemeral_ && state_;
}

std::string SyncFilter::json() const {
  json::Writer w;
  w.object();
  nothing_of(w, "presence");
  nothing_of(w, "account_data");
  w.key("room").object();
  nothing_of(w, "account_data");
  if (!ephemeral_) nothing_of(w, "ephemeral");
  if (state_) {
    // Those who say something come with every answer anew: nothing about them has to be remembered in between.
    w.key("state").object().member("lazy_load_members", true).member("include_redundant_members", true).end();
  } else {
    nothing_of(w, "state");
  }
  w.key("timeline").object().member("limit", std::clamp(timeline_limit_, 1, max_timeline_limit));
  // Nobody is called so.
  if (!unique_.empty()) w.key("not_senders").array().value("@" + unique_ + ":position.invalid").end();
  w.end();
  return std::move(w).finish();
}

Result<EndpointRequest> SyncRequest::encode() const {
  const auto hold = std::clamp(timeout_, std::chrono::milliseconds(0), longest_poll);
  EndpointRequest request(Method::get, "/_matrix/client/v3/sync");
  // Every user's poll says it anew.
  static const std::string usual = text::percent_encode(SyncFilter().json());
  const std::string other = filter_.is_usual() ? std::string() : text::percent_encode(filter_.json());
  const std::string_view filter = other.empty() ? usual : other;
  request.reserve_query(filter.size() + 3 * since_.str().size() + room_for_the_rest);
  request.query("timeout", std::int64_t{hold.count()}).encoded_query("filter", filter);
  if (!since_.empty()) request.query("since", since_.str());
  if (!online_) request.query("set_presence", std::string_view("offline"));
  request.max_answer(max_answer_bytes).long_poll(hold).expect({Errc::session_expired});
  request.flow(flow_).expects(caught_up_ ? net::Expected::little : net::Expected::much);
  return request;
}

}  // namespace confab::matrix
