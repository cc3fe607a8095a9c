// HandlerMemory: what Asio needs for one handler that waits, kept by whoever has one such handler at most. Waiting for
// a socket, or coming back to the loop, then needs no memory, so it cannot fail where nothing could be done about it.
#pragma once

#include <cstddef>

namespace confab::net {

// It lives as long as the handler does.
class HandlerMemory {
 public:
  template <class T>
  class Allocator {
   public:
    using value_type = T;
    explicit Allocator(HandlerMemory& memory) noexcept : memory_(&memory) {}
    template <class U>
    Allocator(const Allocator<U>& other) noexcept : memory_(other.memory_) {}  // NOLINT: as allocators convert

    // One at a time, as Asio does. An Asio that needs more is to be found out here, not where memory is short.
    [[nodiscard]] T* allocate(std::size_t /*count*/) noexcept {
      static_assert(sizeof(T) <= sizeof memory_->bytes_ && alignof(T) <= alignof(std::max_align_t));
      return reinterpret_cast<T*>(memory_->bytes_);
    }
    void deallocate(T* /*what*/, std::size_t /*count*/) noexcept {}
    template <class U>
    [[nodiscard]] bool operator==(const Allocator<U>& other) const noexcept {
      return memory_ == other.memory_;
    }

   private:
    template <class U>
    friend class Allocator;
    HandlerMemory* memory_;
  };
  [[nodiscard]] Allocator<void> allocator() noexcept { return Allocator<void>(*this); }

 private:
  // Asio of Boost 1.81 needs 104 to wait for a socket, 80 to come back.
  alignas(std::max_align_t) std::byte bytes_[112];
};

}  // namespace confab::net
