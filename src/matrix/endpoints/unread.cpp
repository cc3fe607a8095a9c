#include "matrix/endpoints/unread.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {

// Receipts of everybody in a large room.
constexpr std::size_t max_unread_answer = std::size_t{16} << 20U;

void types(json::Writer& w, std::string_view section, std::string_view only) {
  w.key(section).object().key("types").array();
  if (!only.empty()) w.value(only);
  w.end().end();
}

std::string filter_of(const MatrixRoomId& room) {
  json::Writer w;
  w.object();
  // A type that nobody sends, another one each time: Synapse gives the same initial sync the same answer for two
  // minutes.
  types(w, "presence", "org.confab." + make_transaction_id().str());
  types(w, "account_data", {});
  w.key("room").object().key("rooms").array().value(room.str()).end();
  types(w, "account_data", {});
  types(w, "state", {});
  types(w, "ephemeral", "m.receipt");
  // Not 0: homeservers read that in different ways, one as "no limit".
  w.key("timeline").object().member("limit", 1).end();
  return std::move(w).finish();
}

}  // namespace

std::uint64_t UnreadAnswer::count(const MatrixRoomId& room, std::string_view which) const {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, joined(room)["unread_notifications"][which].integer_or(0)));
}

EventId UnreadAnswer::last_read(const MatrixRoomId& room, const MatrixUserId& user) const {
  std::string_view last;
  std::int64_t last_time = -1;
  for (const json::Value event : joined(room)["ephemeral"]["events"].elements()) {
    if (event["type"].string_or("") != "m.receipt") continue;
    for (const auto& [id, kinds] : event["content"].members()) {
      for (const std::string_view kind : {"m.read", "m.read.private"}) {
        const json::Value receipt = kinds[kind][user.str()];
        const std::int64_t time = receipt.is_object() ? std::max<std::int64_t>(0, receipt["ts"].integer_or(0)) : -1;
        if (time <= last_time) continue;
        last = id;
        last_time = time;
      }
    }
  }
  return EventId(std::string(last));
}

Result<EndpointRequest> GetUnread::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  EndpointRequest request(Method::get, "/_matrix/client/v3/sync");
  request.query("timeout", std::int64_t{0}).query("filter", filter_of(room_));
  request.query("set_presence", std::string_view("offline"));
  return request.max_answer(max_unread_answer).expect({Errc::forbidden});
}

Result<GetUnread::Answer> GetUnread::decode(const json::Value& body) {
  json::Reader read(body);
  (void)read.non_empty_string("next_batch");
  (void)read.optional_object("rooms");
  return read.finish(UnreadAnswer(body.share()));
}

}  // namespace confab::matrix
