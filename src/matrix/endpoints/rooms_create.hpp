// How is a room made? Specification: client-server API, "Creation" (of rooms).
#pragma once

#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class CreateRoomAnswer {
 public:
  explicit CreateRoomAnswer(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }

 private:
  MatrixRoomId room_;
};

enum class RoomPreset : std::uint8_t { private_chat, trusted_private_chat, public_chat };

/// POST /createRoom. Never to be repeated without looking: it has no transaction id. Give it an alias, and after a lost
/// answer or Errc::conflict resolve that alias and read the room.
class CreateRoom {
 public:
  using Answer = CreateRoomAnswer;
  explicit CreateRoom(RoomPreset preset = RoomPreset::private_chat) : preset_(preset) {}
  CreateRoom& name(std::string text) { return name_ = std::move(text), *this; }
  CreateRoom& topic(std::string text) { return topic_ = std::move(text), *this; }
  /// "events" of "#events:server": the server's name is added by the homeserver.
  CreateRoom& alias_localpart(std::string localpart) { return alias_ = std::move(localpart), *this; }
  /// List the room in the public directory.
  CreateRoom& listed(bool on) { return listed_ = on, *this; }
  CreateRoom& direct(bool on) { return direct_ = on, *this; }
  CreateRoom& invite(const MatrixUserId& user) { return invites_.push_back(user.str()), *this; }
  /// Empty: the homeserver's default.
  CreateRoom& room_version(std::string version) { return version_ = std::move(version), *this; }
  /// Extra fields of m.room.create, as a JSON object.
  CreateRoom& creation_content(std::string json) { return creation_content_ = std::move(json), *this; }
  /// What differs from the preset's m.room.power_levels, as a JSON object. From room version 12 on it must not name the
  /// creator.
  CreateRoom& power_levels(std::string json) { return power_levels_ = std::move(json), *this; }
  /// A state event that the room begins with; content is a JSON object.
  CreateRoom& initial_state(std::string type, std::string state_key, std::string content_json);
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  struct InitialState {
    std::string type;
    std::string state_key;
    std::string content;
  };
  RoomPreset preset_;
  std::string name_;
  std::string topic_;
  std::string alias_;
  std::string version_;
  std::string creation_content_;
  std::string power_levels_;
  std::vector<std::string> invites_;
  std::vector<InitialState> initial_state_;
  bool listed_ = false;
  bool direct_ = false;
};

}  // namespace confab::matrix
