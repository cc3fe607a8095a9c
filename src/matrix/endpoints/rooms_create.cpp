#include "matrix/endpoints/rooms_create.hpp"

#include <optional>

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {

std::string_view preset_name(RoomPreset preset) {
  switch (preset) {
    case RoomPreset::private_chat:
      return "private_chat";
    case RoomPreset::trusted_private_chat:
      return "trusted_private_chat";
    case RoomPreset::public_chat:
      return "public_chat";
  }
  return "private_chat";
}

// The server's name is not known here: its shortest form has to do for the check.
Result<void> check_alias_localpart(const std::string& localpart) {
  if (localpart.empty()) return {};
  if (!check_room_alias(RoomAlias("#" + localpart + ":s")) || localpart.find(':') != std::string::npos) {
    return wrong_argument("alias_localpart", "without spaces and colons, at most 250 bytes");
  }
  return {};
}

}  // namespace

CreateRoom& CreateRoom::initial_state(std::string type, std::string state_key, std::string content_json) {
  initial_state_.push_back({std::move(type), std::move(state_key), std::move(content_json)});
  return *this;
}

Result<EndpointRequest> CreateRoom::encode() const {
  if (const auto wrong =
          first_wrong({check_alias_localpart(alias_), check_text("name", name_), check_text("topic", topic_)})) {
    return *wrong;
  }
  json::Writer w;
  w.object().member("preset", preset_name(preset_)).member("visibility", listed_ ? "public" : "private");
  if (!name_.empty()) w.member("name", name_);
  if (!topic_.empty()) w.member("topic", topic_);
  if (!alias_.empty()) w.member("room_alias_name", alias_);
  if (!version_.empty()) w.member("room_version", version_);
  if (direct_) w.member("is_direct", true);
  if (!invites_.empty()) {
    w.key("invite").array();
    for (const std::string& user : invites_) {
      if (const auto legal = check_user_id(MatrixUserId(user)); !legal) return legal.error();
      w.value(user);
    }
    w.end();
  }
  if (!creation_content_.empty()) {
    const auto content = parse_object_argument("creation_content", creation_content_);
    if (!content) return content.error();
    w.member("creation_content", content->root());
  }
  if (!power_levels_.empty()) {
    const auto levels = parse_object_argument("power_levels", power_levels_);
    if (!levels) return levels.error();
    w.member("power_level_content_override", levels->root());
  }
  if (!initial_state_.empty()) {
    w.key("initial_state").array();
    for (const InitialState& state : initial_state_) {
      if (const auto wrong = first_wrong({check_event_type(state.type), check_state_key(state.state_key)}))
        return *wrong;
      const auto content = parse_object_argument("initial_state", state.content);
      if (!content) return content.error();
      w.object()
          .member("type", state.type)
          .member("state_key", state.state_key)
          .member("content", content->root())
          .end();
    }
    w.end();
  }
  return EndpointRequest(Method::post, "/_matrix/client/v3/createRoom")
      .body(std::move(w).finish())
      .idempotent(false)
      .expect({Errc::conflict});
}

Result<CreateRoom::Answer> CreateRoom::decode(const json::Value& body) {
  json::Reader read(body);
  MatrixRoomId room{std::string(read.non_empty_string("room_id"))};
  return read.finish(CreateRoomAnswer(std::move(room)));
}

}  // namespace confab::matrix
