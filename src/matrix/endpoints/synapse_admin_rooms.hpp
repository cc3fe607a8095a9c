// What can a server admin do with rooms, and which Synapse is it? Synapse's admin API (not Matrix).
#pragma once

#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/endpoints/membership.hpp"

namespace confab::matrix {

/// POST /_synapse/admin/v1/join/{roomIdOrAlias}: put a local user into a room. The admin must be in a private room with
/// the power to invite; for somebody already in a private room the answer is Errc::forbidden.
class AdminJoin {
 public:
  using Answer = JoinRoomAnswer;
  AdminJoin(MatrixRoomId room, MatrixUserId user) : room_(std::move(room)), user_(std::move(user)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return JoinRoom::decode(body); }

 private:
  MatrixRoomId room_;
  MatrixUserId user_;
};

/// POST /_synapse/admin/v1/rooms/{roomId}/make_room_admin: the strongest local member gives its own power to this user,
/// who is invited where joining takes an invitation, and still has to join. Without a local member who has the power it
/// is refused.
class AdminMakeRoomAdmin {
 public:
  using Answer = Done;
  AdminMakeRoomAdmin(MatrixRoomId room, MatrixUserId user) : room_(std::move(room)), user_(std::move(user)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  MatrixUserId user_;
};

class AdminServerVersionAnswer {
 public:
  explicit AdminServerVersionAnswer(std::string version) : version_(std::move(version)) {}
  [[nodiscard]] const std::string& version() const { return version_; }

 private:
  std::string version_;
};

/// GET /_synapse/admin/v1/server_version; needs no admin.
class AdminServerVersion {
 public:
  using Answer = AdminServerVersionAnswer;
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);
};

}  // namespace confab::matrix
