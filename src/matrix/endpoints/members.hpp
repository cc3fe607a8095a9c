// Who is in a room? Specification: client-server API, "Getting events for a room", /joined_members.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class JoinedMember {
 public:
  JoinedMember(MatrixUserId user, std::optional<std::string> display_name)
      : user_(std::move(user)), display_name_(std::move(display_name)) {}
  [[nodiscard]] const MatrixUserId& user_id() const { return user_; }
  [[nodiscard]] const std::optional<std::string>& display_name() const { return display_name_; }

 private:
  MatrixUserId user_;
  std::optional<std::string> display_name_;
};

class JoinedMembersAnswer {
 public:
  explicit JoinedMembersAnswer(std::vector<JoinedMember> members) : members_(std::move(members)) {}
  [[nodiscard]] const std::vector<JoinedMember>& members() const { return members_; }
  [[nodiscard]] bool has(const MatrixUserId& user) const;

 private:
  std::vector<JoinedMember> members_;
};

/// GET /rooms/{roomId}/joined_members: cheap, but only for members of the room.
class GetJoinedMembers {
 public:
  using Answer = JoinedMembersAnswer;
  explicit GetJoinedMembers(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
};

}  // namespace confab::matrix
