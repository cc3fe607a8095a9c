// Who is in a room? Specification: client-server API, "Getting events for a room", /joined_members and
// /members.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/event.hpp"

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

/// What m.room.member says of a user. Specification: "m.room.member".
enum class Membership : std::uint8_t { join, invite, knock, leave, ban };

/// "join", "invite", "knock", "leave", "ban".
[[nodiscard]] std::string_view membership_name(Membership membership);

/// GET /rooms/{roomId}/members: the m.room.member events, of those too who were invited, left or were banned.
class GetMembers {
 public:
  using Answer = EventList;
  explicit GetMembers(MatrixRoomId room) : room_(std::move(room)) {}
  /// The members as they were then: next_batch or prev_batch of a sync. Empty: as they are now.
  GetMembers& at(PageToken token) { return at_ = std::move(token), *this; }
  GetMembers& only(Membership membership) { return only_ = membership, *this; }
  GetMembers& without(Membership membership) { return without_ = membership, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
  PageToken at_;
  std::optional<Membership> only_;
  std::optional<Membership> without_;
};

}  // namespace confab::matrix
