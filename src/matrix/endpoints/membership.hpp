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

/// POST /rooms/{roomId}/leave. For who is not in the room, nor invited, it is Errc::forbidden: a repeat after a lost
/// answer may be told so, and means that it was done.
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

/// POST /rooms/{roomId}/ban: out of the room, and never in again before unban. Not to be repeated blindly: the ban may
/// have been lifted on purpose in between.
class BanUser {
 public:
  using Answer = Done;
  BanUser(MatrixRoomId room, MatrixUserId user) : room_(std::move(room)), user_(std::move(user)) {}
  BanUser& reason(std::string text) { return reason_ = std::move(text), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  MatrixUserId user_;
  std::string reason_;
};

/// POST /rooms/{roomId}/unban: the user may be invited or join again. For who is not banned it is Errc::conflict.
class UnbanUser {
 public:
  using Answer = Done;
  UnbanUser(MatrixRoomId room, MatrixUserId user) : room_(std::move(room)), user_(std::move(user)) {}
  UnbanUser& reason(std::string text) { return reason_ = std::move(text), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  MatrixUserId user_;
  std::string reason_;
};

/// POST /rooms/{roomId}/forget: a room that was left no longer shows among the user's rooms, nor its history. While the
/// user is in the room it is refused.
class ForgetRoom {
 public:
  using Answer = Done;
  explicit ForgetRoom(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
};

class JoinedRoomsAnswer {
 public:
  explicit JoinedRoomsAnswer(std::vector<MatrixRoomId> rooms) : rooms_(std::move(rooms)) {}
  [[nodiscard]] const std::vector<MatrixRoomId>& rooms() const { return rooms_; }

 private:
  std::vector<MatrixRoomId> rooms_;
};

/// GET /joined_rooms: where the user is now, invitations left out.
class GetJoinedRooms {
 public:
  using Answer = JoinedRoomsAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);
};

}  // namespace confab::matrix
