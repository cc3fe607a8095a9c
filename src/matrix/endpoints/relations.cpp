#include "matrix/endpoints/relations.hpp"

#include "matrix/identifiers.hpp"
#include "matrix/paging.hpp"

namespace confab::matrix {
namespace {

// A kind of relation is named as an event type is; only the subject differs.
Result<void> check_rel_type(const std::string& type) {
  if (type.empty() || check_event_type(type)) return {};
  return wrong_argument("rel_type", "at most 255 bytes without control characters");
}

}  // namespace

Result<EndpointRequest> GetRelations::encode() const {
  if (const auto wrong = first_wrong(
          {check_room_id(room_), check_event_id(event_), check_rel_type(rel_type_), check_page_limit(limit_)})) {
    return *wrong;
  }
  std::string path = path_of({"/_matrix/client/v1/rooms/", room_.str(), "/relations/", event_.str()});
  if (!rel_type_.empty()) path += path_of({"/", rel_type_});
  if (!event_type_.empty()) {
    if (rel_type_.empty()) return wrong_argument("rel_type", "given where event_type is");
    if (const auto legal = check_event_type(event_type_); !legal) return legal.error();
    path += path_of({"/", event_type_});
  }
  EndpointRequest request(Method::get, std::move(path));
  request.query("dir", std::string_view(forwards_ ? "f" : "b")).query("limit", std::int64_t{limit_});
  if (!from_.empty()) request.query("from", from_.str());
  if (!to_.empty()) request.query("to", to_.str());
  if (recurse_) request.query("recurse", std::string_view("true"));
  return request.max_answer(max_page_bytes).expect({Errc::not_found, Errc::forbidden});
}

Result<GetRelations::Answer> GetRelations::decode(const json::Value& body) {
  json::Reader read(body);
  EventList chunk = EventList::decode(read.array("chunk"));
  auto next = optional_page_token(read, "next_batch");
  return read.finish(RelationsAnswer(std::move(chunk), std::move(next)));
}

}  // namespace confab::matrix
