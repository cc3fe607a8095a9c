/// @file
/// Result: a value or an Error. Every operation of the library ends in one.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include <confab/error.hpp>

namespace confab {

namespace detail {
/// What value() does on an error: throws std::logic_error whose text names the code. In a host built with
/// -fno-exceptions nothing can catch that, so the process terminates: test has_value() first.
[[noreturn]] CONFAB_EXPORT void bad_result_access(const Error& error);
}  // namespace detail

/// A value of type T, or the Error that stands in its place.
///
/// @par Errors     No member fails, except that value() on an error throws std::logic_error (see below).
/// @par Threads    As for a plain value: no sharing without a lock while one side writes.
template <class T>
class [[nodiscard("a Result may hold an error")]] Result {
 public:
  /// The type of the value inside.
  using value_type = T;

  /// Succeed with a value.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by intent
  /// Fail with an error.
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by intent

  /// Whether there is a value.
  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  /// Whether there is a value, for conditions.
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// The value. On an error: throws std::logic_error naming the code; terminates where exceptions are off.
  [[nodiscard]] T& value() & {
    require();
    return *std::get_if<0>(&state_);
  }
  /// The value, read only. On an error: as above.
  [[nodiscard]] const T& value() const& {
    require();
    return *std::get_if<0>(&state_);
  }
  /// The value, moved out. On an error: as above.
  [[nodiscard]] T&& value() && {
    require();
    return std::move(*std::get_if<0>(&state_));
  }
  /// The value, or `fallback` on an error.
  [[nodiscard]] T value_or(T fallback) && {
    return has_value() ? std::move(*std::get_if<0>(&state_)) : std::move(fallback);
  }

  /// Short for value().
  [[nodiscard]] T& operator*() & { return value(); }
  /// Short for value(), read only.
  [[nodiscard]] const T& operator*() const& { return value(); }
  /// Short for value(), moved out.
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  /// Reach a member of the value. On an error: as value().
  [[nodiscard]] T* operator->() { return &value(); }
  /// Reach a member of the value, read only. On an error: as value().
  [[nodiscard]] const T* operator->() const { return &value(); }

  /// The error. Precondition: has_value() is false.
  [[nodiscard]] const Error& error() const& noexcept { return *std::get_if<1>(&state_); }
  /// The error, moved out. Precondition: has_value() is false.
  [[nodiscard]] Error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

 private:
  void require() const {
    if (!has_value()) detail::bad_result_access(error());
  }
  std::variant<T, Error> state_;
};

/// Success without a value, or the Error that stands in its place. Members as in Result<T>.
template <>
class [[nodiscard("a Result may hold an error")]] Result<void> {
 public:
  /// The type of the value inside: none.
  using value_type = void;

  /// Succeed.
  Result() noexcept : state_(std::in_place_index<0>) {}
  /// Fail with an error.
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by intent

  /// Whether it succeeded.
  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  /// Whether it succeeded, for conditions.
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
  /// Nothing; on an error as Result<T>::value().
  void value() const {
    if (!has_value()) detail::bad_result_access(error());
  }
  /// The error. Precondition: has_value() is false.
  [[nodiscard]] const Error& error() const& noexcept { return *std::get_if<1>(&state_); }
  /// The error, moved out. Precondition: has_value() is false.
  [[nodiscard]] Error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace confab
