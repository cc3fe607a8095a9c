// Which rooms are there, and who and what is in them, whether the admin is or not? Synapse's admin API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/event.hpp"

namespace confab::matrix {

class AdminRoomAnswer {
 public:
  [[nodiscard]] static Result<AdminRoomAnswer> decode(const json::Value& room);
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }
  [[nodiscard]] const std::optional<std::string>& name() const { return name_; }
  [[nodiscard]] const std::optional<RoomAlias>& alias() const { return alias_; }
  [[nodiscard]] std::int64_t joined_members() const { return joined_members_; }
  [[nodiscard]] std::int64_t joined_local_members() const { return joined_local_members_; }
  [[nodiscard]] const std::optional<std::string>& version() const { return version_; }
  [[nodiscard]] const std::optional<MatrixUserId>& creator() const { return creator_; }
  [[nodiscard]] const std::optional<std::string>& join_rule() const { return join_rule_; }
  /// Whether messages are encrypted: it cannot be switched off again.
  [[nodiscard]] bool encrypted() const { return encrypted_; }
  /// Whether it is in the public directory.
  [[nodiscard]] bool listed() const { return listed_; }

 private:
  AdminRoomAnswer() = default;
  MatrixRoomId room_;
  std::optional<std::string> name_;
  std::optional<RoomAlias> alias_;
  std::int64_t joined_members_ = 0;
  std::int64_t joined_local_members_ = 0;
  std::optional<std::string> version_;
  std::optional<MatrixUserId> creator_;
  std::optional<std::string> join_rule_;
  bool encrypted_ = false;
  bool listed_ = false;
};

class AdminRoomsAnswer {
 public:
  AdminRoomsAnswer(std::vector<AdminRoomAnswer> rooms, std::int64_t total, std::optional<std::int64_t> next)
      : rooms_(std::move(rooms)), total_(total), next_(next) {}
  [[nodiscard]] const std::vector<AdminRoomAnswer>& rooms() const { return rooms_; }
  /// Of all pages together.
  [[nodiscard]] std::int64_t total() const { return total_; }
  /// Where the next page begins; none: this was the last.
  [[nodiscard]] std::optional<std::int64_t> next() const { return next_; }

 private:
  std::vector<AdminRoomAnswer> rooms_;
  std::int64_t total_;
  std::optional<std::int64_t> next_;
};

/// GET /_synapse/admin/v1/rooms, by name.
class AdminListRooms {
 public:
  using Answer = AdminRoomsAnswer;
  AdminListRooms& from(std::int64_t offset) { return from_ = offset, *this; }
  /// Only those that have this in their name, alias or id.
  AdminListRooms& matching(std::string part) { return matching_ = std::move(part), *this; }
  /// 1 to 1000.
  AdminListRooms& limit(int rooms) { return limit_ = rooms, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  std::int64_t from_ = 0;
  std::string matching_;
  int limit_ = 100;
};

/// GET /_synapse/admin/v1/rooms/{roomId}; Errc::not_found where there is none, or only its alias was left.
class AdminGetRoom {
 public:
  using Answer = AdminRoomAnswer;
  explicit AdminGetRoom(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return AdminRoomAnswer::decode(body); }

 private:
  MatrixRoomId room_;
};

class AdminRoomMembersAnswer {
 public:
  explicit AdminRoomMembersAnswer(std::vector<MatrixUserId> members) : members_(std::move(members)) {}
  [[nodiscard]] const std::vector<MatrixUserId>& members() const { return members_; }

 private:
  std::vector<MatrixUserId> members_;
};

/// GET /_synapse/admin/v1/rooms/{roomId}/members: who has joined.
class AdminGetRoomMembers {
 public:
  using Answer = AdminRoomMembersAnswer;
  explicit AdminGetRoomMembers(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
};

/// GET /_synapse/admin/v1/rooms/{roomId}/state: the whole state as events.
class AdminGetRoomState {
 public:
  using Answer = EventList;
  explicit AdminGetRoomState(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
};

}  // namespace confab::matrix
