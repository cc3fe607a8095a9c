#include "matrix/endpoints/messages.hpp"

#include "matrix/identifiers.hpp"
#include "matrix/paging.hpp"

namespace confab::matrix {
namespace {
constexpr int max_limit = 1000;
// 1000 events of the largest size: rarely met, but a page that cannot be read would end a history for ever.
constexpr std::size_t max_page = std::size_t{72} << 20U;
}  // namespace

Result<EndpointRequest> GetMessages::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  if (limit_ < 1 || limit_ > max_limit) return wrong_argument("limit", "from 1 to 1000");
  EndpointRequest request(Method::get, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/messages"}));
  request.query("dir", std::string_view(forwards_ ? "f" : "b")).query("limit", std::int64_t{limit_});
  if (!from_.empty()) request.query("from", from_.str());
  if (!to_.empty()) request.query("to", to_.str());
  if (!filter_.empty()) {
    const auto filter = parse_object_argument("filter", filter_);
    if (!filter) return filter.error();
    request.query("filter", filter->root().to_json());
  }
  return request.max_answer(max_page).expect({Errc::forbidden});
}

Result<GetMessages::Answer> GetMessages::decode(const json::Value& body) {
  json::Reader read(body);
  EventList chunk = EventList::decode(read.array("chunk"));
  EventList state = EventList::decode(read.optional_array("state"));
  auto end = optional_page_token(read, "end");
  // Only a convenience: a page without it is one, too.
  std::optional<PageToken> start;
  if (const auto token = body["start"].string_or(""); !token.empty()) start = PageToken(std::string(token));
  return read.finish(MessagesAnswer(std::move(chunk), std::move(end), std::move(state), std::move(start)));
}

}  // namespace confab::matrix
