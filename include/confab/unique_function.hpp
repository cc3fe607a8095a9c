/// @file
/// UniqueFunction: a callable that is moved, never copied; handlers and tasks are passed in it.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace confab {

template <class Signature>
class UniqueFunction;

/// Holds any callable that can be invoked as R(Args...), move-only captures included.
///
/// std::function needs copyable callables, which a handler that owns a connection or a promise is not.
///
/// @par Errors     Making one may throw std::bad_alloc. Invoking an empty one is undefined: test it first.
/// @par Threads    As for a plain value.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  /// Make an empty function.
  UniqueFunction() noexcept = default;
  /// Make an empty function, so that `= {}` and nullptr read naturally.
  UniqueFunction(std::nullptr_t) noexcept {}  // NOLINT: implicit by intent

  /// Take over a callable.
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, UniqueFunction> &&
                                              std::is_invocable_r_v<R, std::decay_t<F>&, Args...>>>
  UniqueFunction(F&& f)  // NOLINT: implicit by intent
      : target_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(f))) {}

  /// Whether there is something to call.
  [[nodiscard]] explicit operator bool() const noexcept { return target_ != nullptr; }

  /// Call it. Precondition: not empty.
  R operator()(Args... args) const { return target_->call(std::forward<Args>(args)...); }

 private:
  struct Target {
    Target() = default;
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    virtual ~Target() = default;
    virtual R call(Args... args) = 0;
  };
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
    F f;
  };
  std::unique_ptr<Target> target_;
};

}  // namespace confab
