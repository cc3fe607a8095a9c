// Which room has this alias, and which aliases a room? Specification: client-server API, "Room aliases".
#pragma once

#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class ResolveAliasAnswer {
 public:
  ResolveAliasAnswer(MatrixRoomId room, std::vector<std::string> servers)
      : room_(std::move(room)), servers_(std::move(servers)) {}
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }
  [[nodiscard]] const std::vector<std::string>& servers() const { return servers_; }

 private:
  MatrixRoomId room_;
  std::vector<std::string> servers_;
};

/// GET /directory/room/{roomAlias}. An alias may lead to an id that nobody can join: a room whose making was cut off.
class ResolveAlias {
 public:
  using Answer = ResolveAliasAnswer;
  explicit ResolveAlias(RoomAlias alias) : alias_(std::move(alias)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  RoomAlias alias_;
};

/// PUT /directory/room/{roomAlias}. Errc::conflict where it stands already, perhaps by our own lost request: resolve
/// it.
class CreateAlias {
 public:
  using Answer = Done;
  CreateAlias(RoomAlias alias, MatrixRoomId room) : alias_(std::move(alias)), room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  RoomAlias alias_;
  MatrixRoomId room_;
};

/// DELETE /directory/room/{roomAlias}; by its creator or a server admin.
class DeleteAlias {
 public:
  using Answer = Done;
  explicit DeleteAlias(RoomAlias alias) : alias_(std::move(alias)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  RoomAlias alias_;
};

class RoomAliasesAnswer {
 public:
  explicit RoomAliasesAnswer(std::vector<RoomAlias> aliases) : aliases_(std::move(aliases)) {}
  /// In no order that means anything.
  [[nodiscard]] const std::vector<RoomAlias>& aliases() const { return aliases_; }

 private:
  std::vector<RoomAlias> aliases_;
};

/// GET /rooms/{roomId}/aliases: those that this homeserver keeps, canonical or not. Errc::forbidden for who is not in
/// the room, unless its history may be read by everybody.
class GetRoomAliases {
 public:
  using Answer = RoomAliasesAnswer;
  explicit GetRoomAliases(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
};

}  // namespace confab::matrix
