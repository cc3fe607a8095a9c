// FrameCache: memory for coroutine frames, and for what else is made with each request. One request runs through a
// dozen of them, all of the same few sizes, made and destroyed on one thread: each thread keeps some for the next
// request.
#pragma once

#include <cstddef>

namespace confab {

class FrameCache {
 public:
  // As operator new and delete. A frame may be given back on another thread than took it.
  [[nodiscard]] static void* take(std::size_t bytes);
  static void give(void* frame, std::size_t bytes) noexcept;
};

}  // namespace confab
