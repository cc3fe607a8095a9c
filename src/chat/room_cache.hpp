// RoomCache: which room does this alias name? Asked for every message, so that a send costs one request.
//
// Only a cache: an entry that is wrong is found out by the homeserver's answer and forgotten.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <confab/ids.hpp>

namespace confab::chat {

class RoomCache {
 public:
  // What has not been used for longest makes room. Some 300 bytes each.
  static constexpr std::size_t most_rooms = 10'000;

  explicit RoomCache(std::size_t most = most_rooms) : most_(most) {}

  [[nodiscard]] std::optional<MatrixRoomId> find(const std::string& alias);
  void put(const std::string& alias, MatrixRoomId room);
  // Only while it still names `room`: another operation may have corrected it meanwhile.
  void forget(const std::string& alias, const MatrixRoomId& room);

 private:
  using Order = std::list<std::pair<std::string, MatrixRoomId>>;  // used last stands first
  const std::size_t most_;
  std::mutex mutex_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> by_alias_;
};

}  // namespace confab::chat
