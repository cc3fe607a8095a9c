#include "chat/remedy.hpp"

#include <string_view>

#include "matrix/errcodes.hpp"

namespace confab::chat {
namespace {

using matrix::Errcode;

// The transport tells of which argument it speaks.
constexpr std::string_view of_message = "message";
constexpr std::string_view of_event = "event";
constexpr std::string_view of_user = "user";

// Who is not in a room is refused by this code; of codes that nobody knows only the status speaks. The others that mean
// "forbidden" are about a limit of the operator's, a name, a guest: they stay whoever joins.
bool may_be_outside(Errcode errcode) {
  return errcode == Errcode::forbidden || errcode == Errcode::unknown || errcode == Errcode::other;
}
bool may_be_gone(Errcode errcode) {
  return errcode == Errcode::not_found || errcode == Errcode::unknown || errcode == Errcode::other;
}

}  // namespace

Remedy remedy_for(const Error& error, bool is_in) {
  const Errcode errcode = matrix::errcode_from(error.errcode());
  if (error.code() == Errc::forbidden) {
    // Somebody else's message, which was read: the user is in.
    if (error.subject() == of_message || error.subject() == of_event) return Remedy::none;
    return may_be_outside(errcode) ? Remedy::join : Remedy::none;
  }
  if (error.code() == Errc::not_found) {
    if (error.subject() == of_event) return Remedy::none;
    // Of a message that a user may not see the homeserver says that it is not there.
    if (error.subject() == of_message) return is_in ? Remedy::none : Remedy::join;
    // For an application service a homeserver says of who has no account that it is forbidden.
    return error.subject() == of_user || may_be_gone(errcode) ? Remedy::renew : Remedy::none;
  }
  return Remedy::none;
}

}  // namespace confab::chat
