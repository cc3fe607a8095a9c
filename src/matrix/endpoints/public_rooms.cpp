#include "matrix/endpoints/public_rooms.hpp"

#include "matrix/identifiers.hpp"
#include "matrix/paging.hpp"

namespace confab::matrix {
namespace {

Result<void> check_server(const std::string& server) {
  return server.empty() ? Result<void>() : check_server_name(server);
}

}  // namespace

Result<PublicRoom> PublicRoom::decode(const json::Value& room) {
  json::Reader read(room);
  PublicRoom out;
  out.room_ = MatrixRoomId(std::string(read.non_empty_string("room_id")));
  if (auto alias = optional_text(read, "canonical_alias")) out.alias_ = RoomAlias(*std::move(alias));
  out.name_ = optional_text(read, "name");
  out.topic_ = optional_text(read, "topic");
  out.joined_members_ = read.integer("num_joined_members", 0);
  out.world_readable_ = read.boolean("world_readable");
  out.join_rule_ = std::string(read.optional_string("join_rule").value_or("public"));
  return read.finish(std::move(out));
}

Result<PublicRoomsAnswer> PublicRoomsAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  std::vector<PublicRoom> rooms;
  std::size_t unreadable = 0;
  for (const json::Value element : read.array("chunk").elements()) {
    if (auto room = PublicRoom::decode(element)) {
      rooms.push_back(*std::move(room));
    } else {
      ++unreadable;
    }
  }
  auto next = optional_page_token(read, "next_batch");
  return read.finish(PublicRoomsAnswer(std::move(rooms), unreadable, std::move(next)));
}

Result<EndpointRequest> GetPublicRooms::encode() const {
  if (const auto wrong = first_wrong({check_server(server_), check_page_limit(limit_)})) return *wrong;
  EndpointRequest request(Method::get, "/_matrix/client/v3/publicRooms");
  request.query("limit", std::int64_t{limit_});
  if (!since_.empty()) request.query("since", since_.str());
  if (!server_.empty()) request.query("server", server_);
  return request.max_answer(max_page_bytes);
}

Result<EndpointRequest> SearchPublicRooms::encode() const {
  if (const auto wrong = first_wrong({check_server(server_), check_page_limit(limit_), check_text("term", term_)}))
    return *wrong;
  json::Writer w;
  w.object().member("limit", limit_);
  if (!since_.empty()) w.member("since", since_.str());
  w.key("filter").object().member("generic_search_term", term_).end();
  EndpointRequest request(Method::post, "/_matrix/client/v3/publicRooms");
  if (!server_.empty()) request.query("server", server_);
  return request.body(std::move(w).finish()).idempotent(true).max_answer(max_page_bytes);
}

Result<EndpointRequest> ListRoom::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  json::Writer w;
  w.object().member("visibility", listed_ ? "public" : "private");
  return EndpointRequest(Method::put, path_of({"/_matrix/client/v3/directory/list/room/", room_.str()}))
      .body(std::move(w).finish())
      .idempotent(true);
}

}  // namespace confab::matrix
