// Which rooms does a user's client show as direct conversations? What m.direct of their account data says.
#pragma once

#include <memory>

#include <confab/chat_provider.hpp>
#include <confab/ids.hpp>

#include "credentials/user_tokens.hpp"
#include "util/task.hpp"

namespace confab::services {

// Adds a room that was made just now to both users' lists, as their clients would have done on the invitation. A list
// that cannot be read or written stays as it is: it only decides where a client shows the room.
[[nodiscard]] Task<void> list_as_direct(std::shared_ptr<credentials::UserTokens> tokens, ProviderRoomRequest request,
                                        MatrixRoomId room, net::CallContext context);

}  // namespace confab::services
