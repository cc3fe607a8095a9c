#include "matrix/endpoints/membership.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {

// About 50 bytes a room: an account of the library's own is in every room there is.
constexpr std::size_t max_rooms_answer = std::size_t{16} << 20U;

EndpointRequest room_action(const MatrixRoomId& room, std::string_view action, const MatrixUserId* user,
                            const std::string& reason) {
  json::Writer w;
  w.object();
  if (user != nullptr) w.member("user_id", user->str());
  if (!reason.empty()) w.member("reason", reason);
  return EndpointRequest(Method::post, path_of({"/_matrix/client/v3/rooms/", room.str(), "/"}) + std::string(action))
      .body(std::move(w).finish());
}

}  // namespace

Result<EndpointRequest> JoinRoom::encode() const {
  const bool by_alias = room_.empty();
  if (const auto wrong = first_wrong({by_alias ? check_room_alias(alias_) : check_room_id(room_)})) return *wrong;
  EndpointRequest request(Method::post, path_of({"/_matrix/client/v3/join/", by_alias ? alias_.str() : room_.str()}));
  for (const std::string& server : via_) {
    if (const auto legal = check_server_name(server); !legal) return legal.error();
    request.query("via", server);
  }
  request.body("{}").idempotent(true).expect({Errc::forbidden, Errc::not_found});
  return request;
}

Result<JoinRoom::Answer> JoinRoom::decode(const json::Value& body) {
  json::Reader read(body);
  MatrixRoomId room{std::string(read.non_empty_string("room_id"))};
  return read.finish(JoinRoomAnswer(std::move(room)));
}

Result<EndpointRequest> InviteUser::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_user_id(user_)})) return *wrong;
  return room_action(room_, "invite", &user_, reason_).idempotent(true).expect({Errc::forbidden});
}

Result<EndpointRequest> LeaveRoom::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  return room_action(room_, "leave", nullptr, reason_).idempotent(true).expect({Errc::forbidden, Errc::not_found});
}

Result<EndpointRequest> KickUser::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_user_id(user_)})) return *wrong;
  return room_action(room_, "kick", &user_, reason_).idempotent(false).expect({Errc::forbidden});
}

Result<EndpointRequest> BanUser::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_user_id(user_)})) return *wrong;
  return room_action(room_, "ban", &user_, reason_).idempotent(false).expect({Errc::forbidden});
}

Result<EndpointRequest> UnbanUser::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_user_id(user_)})) return *wrong;
  return room_action(room_, "unban", &user_, reason_).idempotent(false).expect({Errc::forbidden, Errc::conflict});
}

Result<EndpointRequest> ForgetRoom::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  return room_action(room_, "forget", nullptr, {}).idempotent(true).expect({Errc::invalid_argument});
}

Result<EndpointRequest> GetJoinedRooms::encode() const {
  return EndpointRequest(Method::get, "/_matrix/client/v3/joined_rooms").max_answer(max_rooms_answer);
}

Result<GetJoinedRooms::Answer> GetJoinedRooms::decode(const json::Value& body) {
  json::Reader read(body);
  const json::Value joined = read.array("joined_rooms");
  std::vector<MatrixRoomId> rooms;
  rooms.reserve(joined.size());
  for (const json::Value room : joined.elements()) {
    if (const auto id = room.string()) {
      rooms.emplace_back(std::string(*id));
    } else {
      read.fail(id.error());
    }
  }
  return read.finish(JoinedRoomsAnswer(std::move(rooms)));
}

}  // namespace confab::matrix
