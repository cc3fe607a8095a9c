// Rooms of FakeMatrix: their events, levels, creation and aliases.
#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

#include "fake_matrix_state.hpp"

namespace confab::test {

MatrixRoom* FakeMatrixState::find_room(std::string_view id) {
  const auto found = rooms.find(id);
  return found == rooms.end() ? nullptr : &found->second;
}

const MatrixEvent* FakeMatrixState::find_state(const MatrixRoom& room, std::string_view type,
                                               std::string_view key) const {
  const auto found = room.state.find({std::string(type), std::string(key)});
  return found == room.state.end() ? nullptr : &timeline[found->second - 1];
}

std::string FakeMatrixState::membership(const MatrixRoom& room, std::string_view user) const {
  const MatrixEvent* const event = find_state(room, "m.room.member", user);
  return event == nullptr ? std::string() : event->content["membership"].as_string();
}

std::int64_t FakeMatrixState::level_of(const MatrixRoom& room, std::string_view user) const {
  if (room.creators_rule && room.creators.count(std::string(user)) != 0) {
    return std::numeric_limits<std::int64_t>::max();
  }
  const MatrixEvent* const levels = find_state(room, "m.room.power_levels", "");
  if (levels == nullptr) return user == room.creator ? 100 : 0;
  const TestJson& own = levels->content["users"][user];
  return own.is_integer() ? own.as_integer() : levels->content["users_default"].as_integer(0);
}

std::int64_t FakeMatrixState::level_for(const MatrixRoom& room, std::string_view action, std::int64_t otherwise) const {
  const MatrixEvent* const levels = find_state(room, "m.room.power_levels", "");
  return levels == nullptr ? otherwise : levels->content[action].as_integer(otherwise);
}

std::int64_t FakeMatrixState::level_for_event(const MatrixRoom& room, std::string_view type, bool state) const {
  if (const MatrixEvent* const levels = find_state(room, "m.room.power_levels", "")) {
    const TestJson& own = levels->content["events"][type];
    if (own.is_integer()) return own.as_integer();
  }
  return state ? level_for(room, "state_default", 50) : level_for(room, "events_default", 0);
}

std::string FakeMatrixState::append(MatrixRoom& room, std::string_view sender, std::string_view type,
                                    std::optional<std::string> state_key, TestJson content) {
  MatrixEvent event;
  if (state_key) {
    const MatrixEvent* const now = find_state(room, type, *state_key);
    if (now != nullptr && now->sender == sender && now->content == content) return now->id;
    if (now != nullptr) event.replaces = now->content;
  }
  event.id = "$fake-event-" + std::to_string(timeline.size() + 1);
  if (restored > 0) event.id += "-" + std::to_string(restored);  // no id is given twice
  event.room = room.id;
  event.sender = sender;
  event.type = type;
  event.state_key = std::move(state_key);
  event.content = std::move(content);
  event.timestamp = system_now_ms();
  timeline.push_back(std::move(event));
  const MatrixEvent& added = timeline.back();
  room.positions.push_back(timeline.size());
  if (added.state_key) room.state[{added.type, *added.state_key}] = timeline.size();
  wakes = true;
  return added.id;
}

std::string FakeMatrixState::append_member(MatrixRoom& room, std::string_view sender, std::string_view user,
                                           std::string_view membership) {
  TestJson content;
  content.set("membership", membership);
  const auto found = users.find(user);
  if (found != users.end() && !found->second.displayname.empty()) {
    content.set("displayname", found->second.displayname);
  }
  return append(room, sender, "m.room.member", std::string(user), std::move(content));
}

namespace {
const MatrixEvent* latest_edit(const FakeMatrixState& state, const MatrixRoom& room, const MatrixEvent& event) {
  const MatrixEvent* latest = nullptr;
  for (const auto position : room.positions) {
    const MatrixEvent& edit = state.timeline[position - 1];
    const TestJson& relates = edit.content["m.relates_to"];
    if (relates["rel_type"].as_string() != "m.replace" || relates["event_id"].as_string() != event.id) continue;
    if (edit.sender != event.sender || edit.type != event.type) continue;
    if (latest == nullptr || std::tie(latest->timestamp, latest->id) < std::tie(edit.timestamp, edit.id))
      latest = &edit;
  }
  return latest;
}
}  // namespace

MatrixRoom& FakeMatrixState::new_room(std::string_view creator, bool creators_rule) {
  MatrixRoom fresh;
  fresh.creators_rule = creators_rule;
  fresh.creator = creator;
  fresh.creators = {fresh.creator};
  // Ids of version 12 are 43 characters without a server name.
  fresh.id = "!fakeroom" + std::to_string(++rooms_made);
  if (creators_rule) {
    fresh.id.insert(9, 44 - fresh.id.size(), '0');
  } else {
    fresh.id += ":" + server.server_name();
  }
  const std::string id = fresh.id;
  return rooms.emplace(id, std::move(fresh)).first->second;
}

std::string FakeMatrix::add_room(const std::vector<std::string>& localparts) {
  for (const auto& localpart : localparts) (void)add_user(localpart);
  const std::scoped_lock lock(matrix_->mutex);
  const std::string creator = user_id(localparts.at(0));
  MatrixRoom& room = matrix_->new_room(creator, true);
  TestJson create;
  matrix_->append(room, creator, "m.room.create", "", create.set("room_version", "12"));
  for (const auto& localpart : localparts) {
    const std::string member = user_id(localpart);
    matrix_->append_member(room, member, member, "join");
  }
  return room.id;
}

TestJson FakeMatrixState::client_event(const MatrixEvent& event, std::string_view reader_device) const {
  TestJson body;
  body.set("event_id", event.id).set("room_id", event.room).set("sender", event.sender).set("type", event.type);
  body.set("content", event.content).set("origin_server_ts", event.timestamp);
  if (event.state_key) body.set("state_key", *event.state_key);
  TestJson extra;
  extra.set("age", std::max<std::int64_t>(0, system_now_ms() - event.timestamp));
  if (!event.transaction_id.empty() && !event.device.empty() && event.device == reader_device) {
    extra.set("transaction_id", event.transaction_id);
  }
  if (event.replaces) extra.set("prev_content", *event.replaces);
  const auto room = rooms.find(event.room);
  if (room == rooms.end()) return body.set("unsigned", extra);
  if (!event.redacted_by.empty()) {
    if (const MatrixEvent* const redaction = find_event(room->second, event.redacted_by)) {
      TestJson because;
      because.set("event_id", redaction->id).set("sender", redaction->sender).set("type", redaction->type);
      because.set("content", redaction->content).set("origin_server_ts", redaction->timestamp);
      extra.set("redacted_because", because);
    }
  } else if (const MatrixEvent* const edit = latest_edit(*this, room->second, event)) {
    TestJson replacement;
    replacement.set("event_id", edit->id).set("sender", edit->sender).set("type", edit->type);
    replacement.set("content", edit->content).set("origin_server_ts", edit->timestamp);
    TestJson relations;
    extra.set("m.relations", relations.set("m.replace", replacement));
  }
  return body.set("unsigned", extra);
}

const MatrixEvent* FakeMatrixState::find_event(const MatrixRoom& room, std::string_view id) const {
  for (const auto position : room.positions) {
    if (timeline[position - 1].id == id) return &timeline[position - 1];
  }
  return nullptr;
}

namespace {

struct Wanted {
  std::string preset;
  std::string version;
  int version_number = 0;
  std::string alias;
  std::vector<std::string> invites;
};

std::optional<Answer> read_invites(const FakeMatrixState& state, const MatrixCall& call, Wanted& wanted) {
  for (const TestJson& invitee : call.body["invite"].as_array()) {
    const std::string& id = invitee.as_string();
    if (!id.starts_with('@') || id.find(':') == std::string::npos) {
      return matrix_error(400, "M_UNKNOWN", "Invalid user_id");
    }
    if (id == call.token.user) return matrix_error(403, "M_FORBIDDEN", "already in the room");
    wanted.invites.push_back(id);
  }
  const auto user = state.users.find(call.token.user);
  const bool unlimited = user != state.users.end() && user->second.unlimited;
  if (wanted.invites.size() > 10 && !unlimited) {
    return matrix_error(400, "M_UNKNOWN", "Cannot invite so many users at once");
  }
  return std::nullopt;
}

std::optional<Answer> read_wanted(FakeMatrixState& state, const MatrixCall& call, Wanted& wanted) {
  const TestJson& body = call.body;
  wanted.version = body["room_version"].is_string() ? body["room_version"].as_string() : state.room_version;
  const char* const end = wanted.version.data() + wanted.version.size();
  const auto parsed = std::from_chars(wanted.version.data(), end, wanted.version_number);
  if (parsed.ptr != end || wanted.version_number < 1 || wanted.version_number > 12) {
    return matrix_error(400, "M_UNSUPPORTED_ROOM_VERSION", "Your homeserver does not support this room version");
  }
  wanted.preset = body["preset"].as_string();
  if (wanted.preset.empty()) {
    wanted.preset = body["visibility"].as_string() == "public" ? "public_chat" : "private_chat";
  }
  if (wanted.preset != "private_chat" && wanted.preset != "public_chat" && wanted.preset != "trusted_private_chat") {
    return matrix_error(400, "M_BAD_JSON", "Unknown preset");
  }
  if (body["room_alias_name"].is_string()) {
    const std::string& name = body["room_alias_name"].as_string();
    if (name.empty() || name.find_first_of(" :#\t\n") != std::string::npos) {
      return matrix_error(400, "M_UNKNOWN", "Invalid characters in room alias");
    }
    wanted.alias = "#" + name + ":" + state.server.server_name();
    if (wanted.alias.size() > 255) return matrix_error(400, "M_INVALID_PARAM", "Room alias too long");
    if (state.aliases.find(wanted.alias) != state.aliases.end()) {
      return matrix_error(400, "M_ROOM_IN_USE", "Room alias already taken");
    }
  }
  const TestJson& levels = body["power_level_content_override"]["users"];
  if (wanted.version_number >= 12 ? levels.contains(call.token.user)
                                  : levels.is_object() && !levels.contains(call.token.user)) {
    return matrix_error(400, "M_UNKNOWN", "The creator and power_level_content_override.users do not fit");
  }
  return read_invites(state, call, wanted);
}

TestJson power_levels(const MatrixCall& call, const Wanted& wanted) {
  const bool creators_rule = wanted.version_number >= 12;
  TestJson users(TestJson::Object{});
  if (!creators_rule) {
    users.set(call.token.user, 100);
    if (wanted.preset == "trusted_private_chat") {
      for (const auto& invitee : wanted.invites) users.set(invitee, 100);
    }
  }
  TestJson events;
  events.set("m.room.name", 50).set("m.room.avatar", 50).set("m.room.canonical_alias", 50);
  events.set("m.room.power_levels", 100).set("m.room.history_visibility", 100).set("m.room.server_acl", 100);
  events.set("m.room.encryption", 100).set("m.room.tombstone", creators_rule ? 150 : 100);
  TestJson content;
  content.set("users", users).set("users_default", 0).set("events", events).set("events_default", 0);
  content.set("state_default", 50).set("ban", 50).set("kick", 50).set("redact", 50).set("historical", 100);
  content.set("invite", wanted.preset == "public_chat" ? 50 : 0);
  for (const auto& [key, value] : call.body["power_level_content_override"].as_object()) content.set(key, value);
  return content;
}

void append_settings(FakeMatrixState& state, MatrixRoom& room, const MatrixCall& call, const Wanted& wanted) {
  const auto add = [&](const char* type, const char* key, TestJson value) {
    const TestJson::Array& initial = call.body["initial_state"].as_array();
    const bool overridden = std::any_of(initial.begin(), initial.end(), [&](const TestJson& event) {
      return event["type"].as_string() == type && event["state_key"].as_string().empty();
    });
    TestJson content;
    if (!overridden) state.append(room, call.token.user, type, "", content.set(key, std::move(value)));
  };
  const bool open = wanted.preset == "public_chat";
  if (!wanted.alias.empty()) add("m.room.canonical_alias", "alias", wanted.alias);
  add("m.room.join_rules", "join_rule", open ? "public" : "invite");
  add("m.room.history_visibility", "history_visibility", "shared");
  if (!open) add("m.room.guest_access", "guest_access", "can_join");
  for (const TestJson& event : call.body["initial_state"].as_array()) {
    state.append(room, call.token.user, event["type"].as_string(), event["state_key"].as_string(), event["content"]);
  }
  TestJson content;
  if (call.body["name"].is_string()) {
    state.append(room, call.token.user, "m.room.name", "", content.set("name", call.body["name"]));
  }
  if (call.body["topic"].is_string()) {
    TestJson topic;
    state.append(room, call.token.user, "m.room.topic", "", topic.set("topic", call.body["topic"]));
  }
}

Answer create_room(FakeMatrixState& state, MatrixCall& call) {
  Wanted wanted;
  if (auto refused = read_wanted(state, call, wanted)) return *refused;
  MatrixRoom& room = state.new_room(call.token.user, wanted.version_number >= 12);
  TestJson create = call.body["creation_content"].is_object() ? call.body["creation_content"] : TestJson();
  create.set("room_version", wanted.version);
  if (room.creators_rule) {
    for (const TestJson& extra : create["additional_creators"].as_array()) room.creators.insert(extra.as_string());
    if (wanted.preset == "trusted_private_chat") room.creators.insert(wanted.invites.begin(), wanted.invites.end());
    TestJson additional(TestJson::Array{});
    for (const auto& creator : room.creators) {
      if (creator != call.token.user) additional.push(creator);
    }
    if (!additional.as_array().empty()) create.set("additional_creators", additional);
  }
  state.append(room, call.token.user, "m.room.create", "", std::move(create));
  state.append_member(room, call.token.user, call.token.user, "join");
  state.append(room, call.token.user, "m.room.power_levels", "", power_levels(call, wanted));
  append_settings(state, room, call, wanted);
  for (const auto& invitee : wanted.invites) state.append_member(room, call.token.user, invitee, "invite");
  TestJson body;
  body.set("room_id", room.id);
  if (!wanted.alias.empty()) {
    state.aliases[wanted.alias] = {room.id, call.token.user};
    body.set("room_alias", wanted.alias);
  }
  return matrix_ok(body);
}

Answer get_alias(FakeMatrixState& state, MatrixCall& call) {
  const auto found = state.aliases.find(call.stars[0]);
  if (found == state.aliases.end()) return matrix_error(404, "M_NOT_FOUND", "Room alias not found");
  TestJson body;
  return matrix_ok(
      body.set("room_id", found->second.first).set("servers", TestJson::Array{state.server.server_name()}));
}

Answer put_alias(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.body["room_id"].as_string());
  if (room == nullptr) return matrix_error(400, "M_UNKNOWN", "Room does not exist");
  if (state.aliases.find(call.stars[0]) != state.aliases.end()) {
    return matrix_error(409, "M_UNKNOWN", "Room alias already exists");
  }
  state.aliases[call.stars[0]] = {room->id, call.token.user};
  return matrix_ok();
}

Answer delete_alias(FakeMatrixState& state, MatrixCall& call) {
  const auto found = state.aliases.find(call.stars[0]);
  if (found == state.aliases.end()) return matrix_error(404, "M_NOT_FOUND", "Room alias not found");
  if (found->second.second != call.token.user && !state.users[call.token.user].admin) {
    return matrix_error(403, "M_FORBIDDEN", "You don't have permission to delete the alias.");
  }
  state.aliases.erase(found);
  return matrix_ok();
}

}  // namespace

const std::vector<Route>& room_routes() {
  using enum Route::Needs;
  static const std::vector<Route> routes = {
      {"POST", "/_matrix/client/v3/createRoom", user, create_room},
      {"GET", "/_matrix/client/v3/directory/room/*", nothing, get_alias},
      {"PUT", "/_matrix/client/v3/directory/room/*", user, put_alias},
      {"DELETE", "/_matrix/client/v3/directory/room/*", user, delete_alias},
  };
  return routes;
}

}  // namespace confab::test
