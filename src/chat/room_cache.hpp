// RoomCache: which room does this alias name? Asked for every message, so that a send costs one request.
//
// Only a cache: an entry that is wrong is found out by the homeserver's answer and forgotten.
#pragma once

#include <cstddef>

#include <confab/ids.hpp>

#include "util/recently_used.hpp"

namespace confab::chat {

class RoomCache : public RecentlyUsed<MatrixRoomId> {
 public:
  // Some 300 bytes each.
  static constexpr std::size_t most_rooms = 10'000;

  explicit RoomCache(std::size_t most = most_rooms) : RecentlyUsed(most) {}
};

}  // namespace confab::chat
