#include "matrix/endpoints/members.hpp"

#include <algorithm>

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {
// About 150 bytes a member: rooms of some hundred thousand.
constexpr std::size_t max_members_answer = std::size_t{64} << 20U;
}  // namespace

bool JoinedMembersAnswer::has(const MatrixUserId& user) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const JoinedMember& member) { return member.user_id() == user; });
}

Result<EndpointRequest> GetJoinedMembers::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  return EndpointRequest(Method::get, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/joined_members"}))
      .max_answer(max_members_answer)
      .expect({Errc::forbidden});
}

Result<GetJoinedMembers::Answer> GetJoinedMembers::decode(const json::Value& body) {
  json::Reader read(body);
  const json::Value joined = read.object("joined");
  std::vector<JoinedMember> members;
  members.reserve(joined.size());
  for (const auto& [user, profile] : joined.members()) {
    json::Reader member(profile);
    std::optional<std::string> name;
    if (const auto text = member.optional_string("display_name")) name = std::string(*text);
    if (member.failed()) read.fail(member.error());
    members.emplace_back(MatrixUserId(std::string(user)), std::move(name));
  }
  return read.finish(JoinedMembersAnswer(std::move(members)));
}

std::string_view membership_name(Membership membership) {
  switch (membership) {
    case Membership::join:
      return "join";
    case Membership::invite:
      return "invite";
    case Membership::knock:
      return "knock";
    case Membership::leave:
      return "leave";
    case Membership::ban:
      return "ban";
  }
  return "join";
}

Result<EndpointRequest> GetMembers::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  EndpointRequest request(Method::get, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/members"}));
  if (!at_.empty()) request.query("at", at_.str());
  if (only_) request.query("membership", membership_name(*only_));
  if (without_) request.query("not_membership", membership_name(*without_));
  return request.max_answer(max_members_answer).expect({Errc::forbidden});
}

Result<GetMembers::Answer> GetMembers::decode(const json::Value& body) {
  json::Reader read(body);
  EventList members = EventList::decode(read.array("chunk"));
  return read.finish(std::move(members));
}

}  // namespace confab::matrix
