// Remedy: what may help against the error of a request as a user to a room? A request that cannot be helped is not sent
// again: errors are about the account, the room, the membership, or about what was said, which none of these mends.
#pragma once

#include <confab/error.hpp>

namespace confab::chat {

enum class Remedy : unsigned char {
  none,
  join,   // the user may not be in the room
  renew,  // there may be no such account, or the room that is remembered may be gone
};

// `is_in`: as far as is known the user is in the room.
[[nodiscard]] Remedy remedy_for(const Error& error, bool is_in);

}  // namespace confab::chat
