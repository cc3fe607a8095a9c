// FrameAllocator: for objects that are made and destroyed with each request, as coroutine frames are.
#pragma once

#include <cstddef>

#include "util/frame_cache.hpp"

namespace confab {

template <class T>
class FrameAllocator {
 public:
  using value_type = T;
  FrameAllocator() noexcept = default;
  template <class U>
  FrameAllocator(const FrameAllocator<U>& /*other*/) noexcept {
  }  // NOLINT(google-explicit-constructor): as containers ask

  [[nodiscard]] T* allocate(std::size_t count) {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    return static_cast<T*>(FrameCache::take(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept { FrameCache::give(memory, count * sizeof(T)); }

  friend bool operator==(const FrameAllocator&, const FrameAllocator&) noexcept { return true; }
};

}  // namespace confab
