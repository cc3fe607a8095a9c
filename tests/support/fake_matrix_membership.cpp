// Who is in a room of FakeMatrix, and how they come and go.
#include "fake_matrix_state.hpp"

namespace confab::test {
namespace {

Answer forbidden(std::string_view text) { return matrix_error(403, "M_FORBIDDEN", text); }

/// The room named by id or alias; else the answer a real one gives.
MatrixRoom* resolve(FakeMatrixState& state, const std::string& id_or_alias, Answer& problem) {
  std::string id = id_or_alias;
  if (id.starts_with('#')) {
    const auto found = state.aliases.find(id);
    if (found == state.aliases.end()) {
      problem = matrix_error(404, "M_NOT_FOUND", "Room alias not found");
      return nullptr;
    }
    id = found->second.first;
  }
  MatrixRoom* const room = state.find_room(id);
  if (room == nullptr) {
    const bool has_server = id.find(':') != std::string::npos;
    problem = matrix_error(
        has_server ? 404 : 400, "M_UNKNOWN",
        has_server ? "Can't join remote room because no servers that are in the room" : "Not a legal room ID");
  }
  return room;
}

bool is_public(const FakeMatrixState& state, const MatrixRoom& room) {
  const MatrixEvent* const rules = state.find_state(room, "m.room.join_rules", "");
  return rules != nullptr && rules->content["join_rule"].as_string() == "public";
}

Answer join(FakeMatrixState& state, MatrixCall& call) {
  Answer problem;
  MatrixRoom* const room = resolve(state, call.stars[0], problem);
  if (room == nullptr) return problem;
  const std::string now = state.membership(*room, call.token.user);
  if (now == "ban") return matrix_error(403, "M_BAD_STATE", "You are banned from this room");
  if (now != "join") {
    if (now != "invite" && !is_public(state, *room)) return forbidden("You are not invited to this room.");
    state.append_member(*room, call.token.user, call.token.user, "join");
  }
  TestJson body;
  return matrix_ok(body.set("room_id", room->id));
}

Answer invite(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  const std::string& target = call.body["user_id"].as_string();
  if (target.empty()) return matrix_error(400, "M_MISSING_PARAM", "Missing params: user_id");
  if (!target.starts_with('@') || target.find(':') == std::string::npos) {
    return matrix_error(400, "M_UNKNOWN", "Invalid user_id");
  }
  if (room == nullptr || state.membership(*room, call.token.user) != "join") {
    return forbidden("User not in room");
  }
  const std::string now = state.membership(*room, target);
  if (now == "ban") return matrix_error(403, "M_BAD_STATE", "The user is banned from the room");
  if (now == "join") return forbidden("The user is already in the room.");
  if (state.level_of(*room, call.token.user) < state.level_for(*room, "invite", 0)) {
    return forbidden("You don't have permission to invite users");
  }
  state.append_member(*room, call.token.user, target, "invite");
  return matrix_ok();
}

Answer leave(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (room == nullptr) return forbidden("User not in room");
  const std::string now = state.membership(*room, call.token.user);
  if (now.empty() || now == "ban") return forbidden("User not in room");
  if (now != "leave") state.append_member(*room, call.token.user, call.token.user, "leave");
  return matrix_ok();
}

Answer forget(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (room != nullptr && state.membership(*room, call.token.user) == "join") {
    return matrix_error(400, "M_UNKNOWN", "User is still in the room");
  }
  return matrix_ok();
}

/// For kick, ban and unban: whether the caller may touch the target at all.
std::optional<Answer> refuse(FakeMatrixState& state, const MatrixCall& call, MatrixRoom* room,
                             std::string_view action) {
  const std::string& target = call.body["user_id"].as_string();
  if (target.empty()) return matrix_error(400, "M_MISSING_PARAM", "Missing params: user_id");
  if (room == nullptr || state.membership(*room, call.token.user) != "join") return forbidden("User not in room");
  const auto own = state.level_of(*room, call.token.user);
  if (own < state.level_for(*room, action, 50) || own <= state.level_of(*room, target)) {
    return forbidden("You don't have permission");
  }
  return std::nullopt;
}

Answer kick(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (auto refused = refuse(state, call, room, "kick")) return *refused;
  const std::string& target = call.body["user_id"].as_string();
  const std::string now = state.membership(*room, target);
  if (now != "join" && now != "invite") return forbidden("The target user is not in the room");
  state.append_member(*room, call.token.user, target, "leave");
  return matrix_ok();
}

Answer ban(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (auto refused = refuse(state, call, room, "ban")) return *refused;
  state.append_member(*room, call.token.user, call.body["user_id"].as_string(), "ban");
  return matrix_ok();
}

Answer unban(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (auto refused = refuse(state, call, room, "ban")) return *refused;
  const std::string& target = call.body["user_id"].as_string();
  if (state.membership(*room, target) != "ban") return matrix_error(403, "M_BAD_STATE", "The user is not banned");
  state.append_member(*room, call.token.user, target, "leave");
  return matrix_ok();
}

Answer admin_join(FakeMatrixState& state, MatrixCall& call) {
  const std::string& target = call.body["user_id"].as_string();
  if (!state.is_local(target)) return matrix_error(400, "M_UNKNOWN", "This endpoint can only be used with local users");
  if (state.users.find(target) == state.users.end()) return matrix_error(404, "M_NOT_FOUND", "User not found");
  Answer problem;
  MatrixRoom* const room = resolve(state, call.stars[0], problem);
  if (room == nullptr) return problem;
  const bool open = is_public(state, *room);
  if (state.membership(*room, target) == "join") {
    if (!open) return forbidden("The user is already in the room.");
  } else {
    if (state.membership(*room, target) == "ban") return matrix_error(403, "M_BAD_STATE", "The user is banned");
    if (!open) {
      const bool may = state.membership(*room, call.token.user) == "join" &&
                       state.level_of(*room, call.token.user) >= state.level_for(*room, "invite", 0);
      if (!may) return forbidden("not in room");
      if (state.membership(*room, target) != "invite") {
        state.append_member(*room, call.token.user, target, "invite");
      }
    }
    state.append_member(*room, target, target, "join");
  }
  TestJson body;
  return matrix_ok(body.set("room_id", room->id));
}

Answer admin_room_state(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (room == nullptr) return matrix_error(404, "M_NOT_FOUND", "Room not found");
  TestJson events(TestJson::Array{});
  for (const auto& [key, position] : room->state) events.push(state.client_event(state.timeline[position - 1], {}));
  TestJson body;
  return matrix_ok(body.set("state", events));
}

/// The strongest local member gives its own power to somebody, who is invited.
Answer make_room_admin(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (room == nullptr) return matrix_error(400, "M_UNKNOWN", "Server not in room");
  const std::string& target = call.body["user_id"].as_string();
  std::string strongest;
  for (const auto& [key, position] : room->state) {
    if (key.first != "m.room.member" || state.membership(*room, key.second) != "join") continue;
    if (strongest.empty() || state.level_of(*room, key.second) > state.level_of(*room, strongest))
      strongest = key.second;
  }
  if (strongest.empty() || state.level_of(*room, strongest) < state.level_for(*room, "state_default", 50)) {
    return matrix_error(400, "M_UNKNOWN", "No local admin user in room with power to update power levels.");
  }
  TestJson levels = state.find_state(*room, "m.room.power_levels", "")->content;
  TestJson users = levels["users"];
  users.set(target, TestJson(100));
  levels.set("users", users);
  state.append(*room, strongest, "m.room.power_levels", std::string(), levels);
  if (state.membership(*room, target) != "join") state.append_member(*room, strongest, target, "invite");
  return matrix_ok();
}

Answer joined_rooms(FakeMatrixState& state, MatrixCall& call) {
  TestJson list(TestJson::Array{});
  for (const auto& [id, room] : state.rooms) {
    if (state.membership(room, call.token.user) == "join") list.push(id);
  }
  TestJson body;
  return matrix_ok(body.set("joined_rooms", list));
}

Answer joined_members(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (room == nullptr || state.membership(*room, call.token.user) != "join") return forbidden("User not in room");
  TestJson joined(TestJson::Object{});
  for (const auto& [key, position] : room->state) {
    const TestJson& content = state.timeline[position - 1].content;
    if (key.first != "m.room.member" || content["membership"].as_string() != "join") continue;
    TestJson member;
    joined.set(key.second, member.set("display_name", content["displayname"]).set("avatar_url", TestJson()));
  }
  TestJson body;
  return matrix_ok(body.set("joined", joined));
}

Answer members(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  if (room == nullptr || state.membership(*room, call.token.user) != "join") return forbidden("User not in room");
  TestJson chunk(TestJson::Array{});
  for (const auto& [key, position] : room->state) {
    if (key.first == "m.room.member") chunk.push(state.client_event(state.timeline[position - 1], {}));
  }
  TestJson body;
  return matrix_ok(body.set("chunk", chunk));
}

}  // namespace

const std::vector<Route>& membership_routes() {
  using enum Route::Needs;
  static const std::vector<Route> routes = {
      {"POST", "/_matrix/client/v3/join/*", user, join},
      {"POST", "/_matrix/client/v3/rooms/*/join", user, join},
      {"POST", "/_matrix/client/v3/rooms/*/invite", user, invite},
      {"POST", "/_matrix/client/v3/rooms/*/leave", user, leave},
      {"POST", "/_matrix/client/v3/rooms/*/forget", user, forget},
      {"POST", "/_matrix/client/v3/rooms/*/kick", user, kick},
      {"POST", "/_matrix/client/v3/rooms/*/ban", user, ban},
      {"POST", "/_matrix/client/v3/rooms/*/unban", user, unban},
      {"GET", "/_matrix/client/v3/joined_rooms", user, joined_rooms},
      {"GET", "/_matrix/client/v3/rooms/*/joined_members", user, joined_members},
      {"GET", "/_matrix/client/v3/rooms/*/members", user, members},
      {"POST", "/_synapse/admin/v1/join/*", admin, admin_join},
      {"GET", "/_synapse/admin/v1/rooms/*/state", admin, admin_room_state},
      {"POST", "/_synapse/admin/v1/rooms/*/make_room_admin", admin, make_room_admin},
  };
  return routes;
}

}  // namespace confab::test
