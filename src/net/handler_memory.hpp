// HandlerMemory: what Asio needs for one handler that waits, kept by whoever has one such handler at most. Waiting for
// a socket, or coming back to the loop, then needs no memory, so it cannot fail where nothing could be done about it.
#pragma once

#include <cstddef>
#include <new>

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

    [[nodiscard]] T* allocate(std::size_t count) {
      if (count * sizeof(T) > sizeof memory_->bytes_) return static_cast<T*>(::operator new(count * sizeof(T)));
      return reinterpret_cast<T*>(memory_->bytes_);
    }
    void deallocate(T* what, std::size_t count) noexcept {
      if (count * sizeof(T) > sizeof memory_->bytes_) ::operator delete(what);
    }
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
  alignas(std::max_align_t) std::byte bytes_[320];
};

}  // namespace confab::net
