#include "matrix/member_names.hpp"

#include "util/text.hpp"

namespace confab::matrix {

void MemberNames::note(const RoomEvent& event) {
  if (event.type() != "m.room.member" || !event.is_state()) return;
  const json::Value content = event.content();
  const std::string_view name = text::cut_utf8(content["displayname"].string_or(""), longest_member_name);
  // Who leaves is told without a name; what they said before was said under theirs.
  if (name.empty() && content["membership"].string_or("") != "join") return;
  names_.insert_or_assign(MatrixUserId(*event.state_key()), std::string(name));
}

std::string_view MemberNames::of(const MatrixUserId& user) const {
  const auto found = names_.find(user);
  return found == names_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace confab::matrix
