/// @file
/// Result: a value or an Error. Every operation of the library ends in one.
///
///     if (sent) use(*sent);
///     else if (sent.error().retriable()) ...
///
/// The library throws nothing for what can go wrong at run time; a Result that is ignored draws a compiler warning. The
/// headers compile with -fno-exceptions.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include <confab/error.hpp>

namespace confab {

namespace detail {
/// What value() does on an error: throws std::logic_error whose text names the code, and nothing the server said. In a
/// host built with -fno-exceptions nothing can catch that, so the process terminates: test has_value() first.
[[noreturn]] CONFAB_EXPORT void bad_result_access(const Error& error);
}  // namespace detail

/// A value of type T, or the Error that stands in its place.
///
/// @par Errors     No member fails, except that value(), * and -> on an error throw std::logic_error (see below).
/// @par Lifetime   A value. It owns what it holds and refers to nothing else; after a move only assign or destroy it.
/// @par Threads    As for a plain value: no sharing without a lock while one side writes.
template <class T>
class [[nodiscard("a Result may hold an error")]] Result {
 public:
  /// The type of the value inside.
  using value_type = T;

  /// Succeed with a value.
  ///
  /// @param value    Moved in. Implicit, so that a function that returns a Result can simply return its value.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by intent
  /// Fail with an error.
  ///
  /// @param error    Shared, not copied: an Error is a counted pointer.
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by intent

  /// Whether there is a value; if not, error() tells why there is none.
  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  /// Whether there is a value, for conditions: `if (result)`. Explicit, so that a Result is never taken for its value.
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// The value.
  ///
  /// @par Errors     On an error: throws std::logic_error naming the code; terminates where exceptions are off.
  /// @par Lifetime   The reference lives until this object is assigned to, moved from or destroyed.
  [[nodiscard]] T& value()& {
    require();
    return *std::get_if<0>(&state_);
  }
  /// The value, read only. On an error: as above.
  ///
  /// @par Lifetime   As above.
  [[nodiscard]] const T& value() const& {
    require();
    return *std::get_if<0>(&state_);
  }
  /// The value, to be moved out. On an error: as above.
  ///
  /// @par Lifetime   The reference lives as long as this object, so bind it to a value, not to a reference.
  [[nodiscard]] T&& value() && {
    require();
    return std::move(*std::get_if<0>(&state_));
  }
  /// The value, moved out, or `fallback` on an error. Never fails, which suits hosts built without exceptions.
  [[nodiscard]] T value_or(T fallback) && {
    return has_value() ? std::move(*std::get_if<0>(&state_)) : std::move(fallback);
  }

  /// Short for value(). It checks, unlike that of std::optional.
  [[nodiscard]] T& operator*()& { return value(); }
  /// Short for value(), read only. Checked, too.
  [[nodiscard]] const T& operator*() const& { return value(); }
  /// Short for value(), to be moved out: `*std::move(result)`.
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  /// Reach a member of the value: `page->messages()`. On an error: as value().
  [[nodiscard]] T* operator->() { return &value(); }
  /// Reach a member of the value, read only. On an error: as value().
  ///
  /// @par Lifetime   As value().
  [[nodiscard]] const T* operator->() const { return &value(); }

  /// The error. Precondition: has_value() is false; otherwise the behaviour is undefined.
  ///
  /// @par Lifetime   As value(); copying the Error is cheap and keeps it.
  [[nodiscard]] const Error& error() const& noexcept { return *std::get_if<1>(&state_); }
  /// The error, to be moved out. Precondition: has_value() is false.
  [[nodiscard]] Error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

 private:
  /// Go on only with a value.
  void require() const {
    if (!has_value()) detail::bad_result_access(error());
  }
  /// Never without a value: both alternatives move without throwing where T does.
  std::variant<T, Error> state_;
};

/// Success without a value, or the Error that stands in its place. Members as in Result<T>.
///
/// @par Errors     value() on an error throws std::logic_error; no other member fails.
/// @par Threads    As Result<T>.
template <>
class [[nodiscard("a Result may hold an error")]] Result<void> {
 public:
  /// The type of the value inside: none.
  using value_type = void;

  /// Succeed. Implicit in `return {};` and `return Result<void>();`.
  Result() noexcept : state_(std::in_place_index<0>) {}
  /// Fail with an error.
  ///
  /// @param error    Shared, not copied.
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by intent

  /// Whether it succeeded; if not, error() tells why.
  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  /// Whether it succeeded, for conditions: `if (result)`. Explicit, as above.
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
  /// Nothing; on an error as Result<T>::value(). For hosts that want a failure to be an exception.
  void value() const {
    if (!has_value()) detail::bad_result_access(error());
  }
  /// The error. Precondition: has_value() is false; otherwise the behaviour is undefined.
  [[nodiscard]] const Error& error() const& noexcept { return *std::get_if<1>(&state_); }
  /// The error, to be moved out. Precondition: has_value() is false.
  [[nodiscard]] Error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

 private:
  /// The first alternative stands for success.
  std::variant<std::monostate, Error> state_;
};

}  // namespace confab
