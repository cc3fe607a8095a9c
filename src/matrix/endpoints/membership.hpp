// How does a user come into a room and out of it? Specification: client-server API, "Joining rooms", "Leaving rooms".
//
// "Already in", "not in", "no permission" and "no such room" are all Errc::forbidden on a real homeserver: after it,
// read m.room.member to know which.
#pragma once

#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class JoinRoomAnswer {
 public:
  explicit JoinRoomAnswer(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }

 private:
  MatrixRoomId room_;
};

/// POST /join/{roomIdOrAlias}. Joining again succeeds.
class JoinRoom {
 public:
  using Answer = JoinRoomAnswer;
  explicit JoinRoom(MatrixRoomId room) : room_(std::move(room)) {}
  explicit JoinRoom(RoomAlias alias) : alias_(std::move(alias)) {}
  /// A server that is in the room; needed to join over federation where the room id names none.
  JoinRoom& via(std::string server_name) { return via_.push_back(std::move(server_name)), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
  RoomAlias alias_;
  std::vector<std::string> via_;
};

/// POST /rooms/{roomId}/invite. Inviting again succeeds; inviting a member is forbidden.
class InviteUser {
 public:
  using Answer = Done;
  InviteUser(MatrixRoomId room, MatrixUserId user) : room_(std::move(room)), user_(std::move(user)) {}
  InviteUser& reason(std::string text) { return reason_ = std::move(text), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  MatrixUserId user_;
  std::string reason_;
};

/// POST /rooms/{roomId}/leave. Leaving again succeeds.
class LeaveRoom {
 public:
  using Answer = Done;
  explicit LeaveRoom(MatrixRoomId room) : room_(std::move(room)) {}
  LeaveRoom& reason(std::string text) { return reason_ = std::move(text), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  std::string reason_;
};

/// POST /rooms/{roomId}/kick. Not to be repeated blindly: the user may have come back on purpose in between.
class KickUser {
 public:
  using Answer = Done;
  KickUser(MatrixRoomId room, MatrixUserId user) : room_(std::move(room)), user_(std::move(user)) {}
  KickUser& reason(std::string text) { return reason_ = std::move(text), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  MatrixUserId user_;
  std::string reason_;
};

}  // namespace confab::matrix
