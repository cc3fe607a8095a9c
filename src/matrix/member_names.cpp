#include "matrix/member_names.hpp"

#include <utility>

#include "util/json_skim.hpp"
#include "util/text.hpp"

namespace confab::matrix {

void MemberNames::note(const RoomEvent& event) {
  if (event.type() != "m.room.member" || !event.is_state()) return;
  const json::Value content = event.content();
  note(MatrixUserId(*event.state_key()), content["membership"].string_or(""), content["displayname"].string_or(""));
}

// Without building anything: memberships are half of what a large answer holds.
void MemberNames::note(std::string_view event) {
  std::string_view type;
  std::string_view user;
  std::string_view content;
  for (json::Skim members(event); (type.empty() || user.empty() || content.empty()) && members.next();) {
    if (members.is("type")) type = members.value();
    if (members.is("state_key")) user = members.value();
    if (members.is("content")) content = members.value();
  }
  std::string decoded_type;
  if (json::text_in(type, decoded_type) != "m.room.member") return;
  auto id = json::text_of(user);
  if (!id) return;
  std::string_view membership;
  std::string_view name;
  for (json::Skim members(content); (membership.empty() || name.empty()) && members.next();) {
    if (members.is("membership")) membership = members.value();
    if (members.is("displayname")) name = members.value();
  }
  std::string decoded_membership;
  std::string decoded_name;
  note(MatrixUserId(*std::move(id)), json::text_in(membership, decoded_membership).value_or(""),
       json::text_in(name, decoded_name).value_or(""));
}

void MemberNames::note(MatrixUserId user, std::string_view membership, std::string_view name) {
  name = text::cut_utf8(name, longest_member_name);
  // Who leaves is told without a name; what they said before was said under theirs.
  if (name.empty() && membership != "join") return;
  names_.insert_or_assign(std::move(user), std::string(name));
}

std::string_view MemberNames::of(const MatrixUserId& user) const {
  const auto found = names_.find(user);
  return found == names_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace confab::matrix
