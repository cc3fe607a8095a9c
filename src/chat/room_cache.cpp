#include "chat/room_cache.hpp"

namespace confab::chat {

std::optional<MatrixRoomId> RoomCache::find(const std::string& alias) {
  const std::lock_guard lock(mutex_);
  const auto at = by_alias_.find(alias);
  if (at == by_alias_.end()) return std::nullopt;
  order_.splice(order_.begin(), order_, at->second);
  return at->second->second;
}

void RoomCache::put(const std::string& alias, MatrixRoomId room) {
  const std::lock_guard lock(mutex_);
  if (const auto at = by_alias_.find(alias); at != by_alias_.end()) {
    at->second->second = std::move(room);
    order_.splice(order_.begin(), order_, at->second);
    return;
  }
  order_.emplace_front(alias, std::move(room));
  by_alias_.emplace(alias, order_.begin());
  if (order_.size() > most_) {
    by_alias_.erase(order_.back().first);
    order_.pop_back();
  }
}

void RoomCache::forget(const std::string& alias, const MatrixRoomId& room) {
  const std::lock_guard lock(mutex_);
  const auto at = by_alias_.find(alias);
  if (at == by_alias_.end() || at->second->second != room) return;
  order_.erase(at->second);
  by_alias_.erase(at);
}

}  // namespace confab::chat
