#include "matrix/endpoints/room_event.hpp"

#include "matrix/identifiers.hpp"
#include "matrix/paging.hpp"

namespace confab::matrix {

Result<EndpointRequest> GetEvent::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_event_id(event_)})) return *wrong;
  return EndpointRequest(Method::get, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/event/", event_.str()}))
      .expect({Errc::not_found, Errc::forbidden});
}

std::size_t ContextAnswer::unreadable() const {
  return before_.unreadable() + after_.unreadable() + state_.unreadable() + (event_ ? 0U : 1U);
}

Result<ContextAnswer> ContextAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  ContextAnswer out;
  if (auto event = RoomEvent::decode(read.object("event"))) out.event_ = *std::move(event);
  out.before_ = EventList::decode(read.optional_array("events_before"));
  out.after_ = EventList::decode(read.optional_array("events_after"));
  out.state_ = EventList::decode(read.optional_array("state"));
  out.start_ = optional_page_token(read, "start");
  out.end_ = optional_page_token(read, "end");
  return read.finish(std::move(out));
}

Result<EndpointRequest> GetContext::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_event_id(event_), check_page_limit(limit_)}))
    return *wrong;
  EndpointRequest request(Method::get, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/context/", event_.str()}));
  request.query("limit", std::int64_t{limit_});
  if (!filter_.empty()) {
    const auto filter = parse_object_argument("filter", filter_);
    if (!filter) return filter.error();
    request.query("filter", filter->root().to_json());
  }
  return request.max_answer(max_page_bytes).expect({Errc::not_found, Errc::forbidden});
}

}  // namespace confab::matrix
