// Where exceptions stop: every function with a status runs inside guarded().
#pragma once

#include <exception>
#include <string_view>
#include <utility>

#include <confab/error.hpp>
#include <confab/result.hpp>

#include "capi/error.hpp"
#include "capi/handle.hpp"

namespace confab::capi {

/// Thrown inside guarded(): the call ends with this error.
class Refusal : public std::exception {
 public:
  explicit Refusal(Error error) noexcept : error_(std::move(error)) {}
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

[[noreturn]] void refuse(Errc code, std::string_view subject, std::string_view message);

/// The argument `name`, which has to be a handle of this kind.
template <class T>
T& require(T* handle, std::string_view name) {
  if (!is(handle)) refuse(Errc::invalid_argument, name, "this argument is NULL or another kind of handle");
  return *handle;
}

/// Where a new handle goes, which has to be somewhere.
template <class T>
T** require_place(T** place, std::string_view name) {
  if (place == nullptr) refuse(Errc::invalid_argument, name, "this argument is NULL");
  *place = nullptr;
  return place;
}

template <class T>
T value_or_refuse(Result<T> result) {
  if (!result) throw Refusal(std::move(result).error());
  return std::move(*result);
}

/// That memory is exhausted. It needs none.
[[nodiscard]] Error no_memory() noexcept;

/// What the exception that is being handled comes to. `error` may be null.
[[nodiscard]] confab_status caught(confab_error** error) noexcept;

/// Run `body`; OK where it returns.
template <class Body>
[[nodiscard]] confab_status guarded(confab_error** error, Body body) noexcept {
  if (error != nullptr) *error = nullptr;
  if (forked()) return CONFAB_FORKED;
  try {
    body();
    return CONFAB_OK;
  } catch (...) {
    return caught(error);
  }
}

}  // namespace confab::capi
