// How is a room taken away from everybody, and how far is that? Synapse's admin API, "Delete Room API", version 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class DeleteRoomAnswer {
 public:
  explicit DeleteRoomAnswer(std::string id) : id_(std::move(id)) {}
  /// What AdminGetRoomDeletion asks for.
  [[nodiscard]] const std::string& delete_id() const { return id_; }

 private:
  std::string id_;
};

/// DELETE /_synapse/admin/v2/rooms/{roomId}: puts every local user out, then, in the background, removes the room from
/// the homeserver's database. A second one while the first still runs is refused: ask how far that one is.
class AdminDeleteRoom {
 public:
  using Answer = DeleteRoomAnswer;
  explicit AdminDeleteRoom(MatrixRoomId room) : room_(std::move(room)) {}
  /// Nobody of this homeserver may join it again.
  AdminDeleteRoom& block(bool on) { return block_ = on, *this; }
  /// Whether its history goes too; yes.
  AdminDeleteRoom& purge(bool on) { return purge_ = on, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
  bool block_ = false;
  bool purge_ = true;
};

/// `other` is what later versions may say: not the end.
enum class DeletionState : std::uint8_t { scheduled, active, complete, failed, other };

class RoomDeletionAnswer {
 public:
  RoomDeletionAnswer(DeletionState state, std::vector<MatrixUserId> not_removed)
      : state_(state), not_removed_(std::move(not_removed)) {}
  [[nodiscard]] DeletionState state() const { return state_; }
  [[nodiscard]] bool ended() const { return state_ == DeletionState::complete || state_ == DeletionState::failed; }
  /// Users who could not be put out.
  [[nodiscard]] const std::vector<MatrixUserId>& not_removed() const { return not_removed_; }

 private:
  DeletionState state_;
  std::vector<MatrixUserId> not_removed_;
};

/// GET /_synapse/admin/v2/rooms/delete_status/{deleteId}; Errc::not_found a day after it ended.
class AdminGetRoomDeletion {
 public:
  using Answer = RoomDeletionAnswer;
  explicit AdminGetRoomDeletion(std::string delete_id) : id_(std::move(delete_id)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  std::string id_;
};

}  // namespace confab::matrix
