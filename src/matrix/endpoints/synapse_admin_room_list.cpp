#include "matrix/endpoints/synapse_admin_room_list.hpp"

#include "matrix/endpoints/synapse_flag.hpp"
#include "matrix/identifiers.hpp"
#include "matrix/paging.hpp"

namespace confab::matrix {
namespace {

std::string room_path(const MatrixRoomId& room, std::string_view rest) {
  return path_of({"/_synapse/admin/v1/rooms/", room.str()}) + std::string(rest);
}

}  // namespace

Result<AdminRoomAnswer> AdminRoomAnswer::decode(const json::Value& room) {
  json::Reader read(room);
  AdminRoomAnswer out;
  out.room_ = MatrixRoomId(std::string(read.non_empty_string("room_id")));
  out.name_ = optional_text(read, "name");
  if (auto alias = optional_text(read, "canonical_alias")) out.alias_ = RoomAlias(*std::move(alias));
  // Rooms cut off while they were made have no counts.
  out.joined_members_ = read.optional_integer("joined_members", 0).value_or(0);
  out.joined_local_members_ = read.optional_integer("joined_local_members", 0).value_or(0);
  out.version_ = optional_text(read, "version");
  if (auto creator = optional_text(read, "creator")) out.creator_ = MatrixUserId(*std::move(creator));
  out.join_rule_ = optional_text(read, "join_rules");
  out.encrypted_ = read.optional_string("encryption").has_value();
  out.listed_ = synapse_flag(read, "public");
  return read.finish(std::move(out));
}

Result<EndpointRequest> AdminListRooms::encode() const {
  if (const auto wrong = first_wrong({check_page_limit(limit_), check_text("matching", matching_)})) return *wrong;
  if (from_ < 0) return wrong_argument("from", "0 or more");
  EndpointRequest request(Method::get, "/_synapse/admin/v1/rooms");
  request.query("from", from_).query("limit", std::int64_t{limit_});
  if (!matching_.empty()) request.query("search_term", matching_);
  return request.max_answer(max_page_bytes);
}

Result<AdminListRooms::Answer> AdminListRooms::decode(const json::Value& body) {
  json::Reader read(body);
  std::vector<AdminRoomAnswer> rooms;
  for (const json::Value element : read.array("rooms").elements()) {
    if (auto room = AdminRoomAnswer::decode(element)) {
      rooms.push_back(*std::move(room));
    } else {
      read.fail(room.error());
    }
  }
  const std::int64_t total = read.integer("total_rooms", 0);
  const auto next = read.optional_integer("next_batch", 0);
  return read.finish(AdminRoomsAnswer(std::move(rooms), total, next));
}

Result<EndpointRequest> AdminGetRoom::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  return EndpointRequest(Method::get, room_path(room_, "")).expect({Errc::not_found});
}

Result<EndpointRequest> AdminGetRoomMembers::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  return EndpointRequest(Method::get, room_path(room_, "/members"))
      .max_answer(max_page_bytes)
      .expect({Errc::not_found});
}

Result<AdminGetRoomMembers::Answer> AdminGetRoomMembers::decode(const json::Value& body) {
  json::Reader read(body);
  const json::Value joined = read.array("members");
  std::vector<MatrixUserId> members;
  members.reserve(joined.size());
  for (const json::Value member : joined.elements()) {
    if (const auto id = member.string()) {
      members.emplace_back(std::string(*id));
    } else {
      read.fail(id.error());
    }
  }
  return read.finish(AdminRoomMembersAnswer(std::move(members)));
}

Result<EndpointRequest> AdminGetRoomState::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  return EndpointRequest(Method::get, room_path(room_, "/state")).max_answer(max_page_bytes).expect({Errc::not_found});
}

Result<AdminGetRoomState::Answer> AdminGetRoomState::decode(const json::Value& body) {
  json::Reader read(body);
  EventList state = EventList::decode(read.array("state"));
  return read.finish(std::move(state));
}

}  // namespace confab::matrix
