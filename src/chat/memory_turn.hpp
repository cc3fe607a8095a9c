// One turn of a MemoryHomeserver: the lock, and afterwards the news for those who wait.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "chat/memory_homeserver.hpp"

namespace confab::chat {

class MemoryHomeserver::Turn {
 public:
  explicit Turn(MemoryHomeserver& homeserver)
      : homeserver_(homeserver), lock_(homeserver.mutex_), before_(homeserver.log_.size()) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    const bool news = homeserver_.log_.size() != before_;
    lock_.unlock();
    if (news) homeserver_.wake_readers();
  }

 private:
  MemoryHomeserver& homeserver_;
  std::unique_lock<std::mutex> lock_;
  std::size_t before_;
};

}  // namespace confab::chat
