/// @file
/// UniqueFunction: a callable that is moved, never copied; handlers and tasks are passed in it.
///
/// std::function needs copyable callables, which a handler that owns a connection, a promise or a std::unique_ptr is
/// not; std::move_only_function comes with C++23.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace confab {

/// Only UniqueFunction<R(Args...)> exists; see below.
template <class Signature>
class UniqueFunction;

/// Holds any callable that can be invoked as R(Args...), move-only captures included.
///
/// One pointer wide; the callable lives on the heap, so that moving is cheap and never fails.
///
/// @par Errors     Making one from a callable may throw std::bad_alloc, or what moving the callable throws. Invoking an
///                 empty one is undefined: test it first.
/// @par Lifetime   The callable is destroyed with the function, or when another is assigned to it.
/// @par Threads    As for a plain value: one thread at a time, handed over with a lock or a queue.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  /// Make an empty function.
  ///
  /// @par Errors     None.
  UniqueFunction() noexcept = default;
  /// Make an empty function, so that `= {}` and nullptr read naturally.
  ///
  /// @par Errors     None.
  UniqueFunction(std::nullptr_t) noexcept {}  // NOLINT: implicit by intent

  /// Take over a callable.
  ///
  /// @param f        Any object that can be called as R(Args...); moved or copied into the function.
  /// @par Errors     std::bad_alloc; what the callable's move or copy throws. `f` is unchanged when memory is missing.
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, UniqueFunction> &&
                                              std::is_invocable_r_v<R, std::decay_t<F>&, Args...>>>
  UniqueFunction(F&& f)                                              // NOLINT: implicit by intent
      : target_(new Holder<std::decay_t<F>>(std::forward<F>(f))) {}  // make_unique would double what is compiled

  /// Whether there is something to call.
  ///
  /// @returns        False after construction without a callable, after a move from it, and after assigning nullptr.
  /// @par Errors     None.
  [[nodiscard]] explicit operator bool() const noexcept { return target_ != nullptr; }

  /// Call it. Precondition: not empty.
  ///
  /// It may be called more than once where the callable allows that; the library calls handlers and tasks once. The
  /// call is const although the callable may change itself (a `mutable` lambda): what is constant is which callable is
  /// held.
  ///
  /// @param args     Handed on; move-only values are moved.
  /// @returns        What the callable returns; nothing where R is void, whatever the callable returns.
  /// @par Errors     Whatever the callable throws.
  R operator()(Args... args) const { return target_->call(std::forward<Args>(args)...); }

 private:
  /// What is called, whatever its type.
  struct Target {
    Target() = default;
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    virtual ~Target() = default;
    /// Call the callable.
    virtual R call(Args... args) = 0;
  };
  /// A callable of type F on the heap.
  template <class F>
  struct Holder final : Target {
    template <class G>
    explicit Holder(G&& g) : f(std::forward<G>(g)) {}
    R call(Args... args) override {
      if constexpr (std::is_void_v<R>) {
        f(std::forward<Args>(args)...);
      } else {
        return f(std::forward<Args>(args)...);
      }
    }
    /// The callable, owned.
    F f;
  };
  /// Null: empty.
  std::unique_ptr<Target> target_;
};

}  // namespace confab
