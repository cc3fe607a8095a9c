// What all handles are: a kind, so that a wrong one is noticed, and a count of references.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "capi/fork.hpp"

namespace confab::capi {

// Numbers that other memory hardly begins with.
enum class Kind : std::uint32_t {
  error = 0xC0FA0001,
  runtime,
  queue,
  event,
  operation,
  client,
  tenant,
  stream,
  store,
  store_answer,
};

struct Handle {
  explicit Handle(Kind of) noexcept : kind(of) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  const Kind kind;  // first, so that it stands at the same place in every handle
  std::atomic<std::uint32_t> references{1};
};

/// A handle that is derived from this says what it is.
template <Kind of>
struct HandleOf : Handle {
  static constexpr Kind own = of;
  HandleOf() noexcept : Handle(of) {}
};

template <class T>
[[nodiscard]] bool is(const T* handle) noexcept {
  return handle != nullptr && handle->kind == T::own;
}

/// Whether its content may be read: a child has no right to a parent's locks.
template <class T>
[[nodiscard]] bool readable(const T* handle) noexcept {
  return is(handle) && !forked();
}

template <class T>
T* retain(T* handle) noexcept {
  if (!is(handle)) return nullptr;
  handle->references.fetch_add(1, std::memory_order_relaxed);
  return handle;
}

template <class T>
void release(T* handle) noexcept {
  if (!readable(handle)) return;
  if (handle->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete handle;
}

/// One reference, given back in the end.
template <class T>
class Ref {
 public:
  Ref() noexcept = default;
  /// Takes over the reference that the caller has.
  explicit Ref(T* owned) noexcept : handle_(owned) {}
  [[nodiscard]] static Ref another(T& handle) noexcept { return Ref(retain(&handle)); }
  Ref(Ref&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Ref() { release(handle_); }

  [[nodiscard]] T* get() const noexcept { return handle_; }
  [[nodiscard]] T* operator->() const noexcept { return handle_; }
  [[nodiscard]] T& operator*() const noexcept { return *handle_; }
  [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }
  /// Hands the reference to the caller.
  [[nodiscard]] T* give() && noexcept { return std::exchange(handle_, nullptr); }

 private:
  T* handle_ = nullptr;
};

}  // namespace confab::capi
