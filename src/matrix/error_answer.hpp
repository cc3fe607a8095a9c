// What does an answer that is no success mean? By errcode first, by HTTP status where that says more, never by words.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <confab/error.hpp>

#include "matrix/errcodes.hpp"

namespace confab::matrix {

/// An answer with a status outside 2xx, read as far as it can be. Making one never fails, whatever the body is.
class ErrorAnswer {
 public:
  ErrorAnswer(int status, std::string_view body);

  /// The error for the caller, with errcode, status, the body's retry_after_ms and the server's words. Callers that
  /// hold the headers put the better wait of Retry-After in its place (net/retry_after.hpp).
  [[nodiscard]] const Error& error() const { return error_; }
  /// Whether the body was a Matrix error; if not, something else than a homeserver may have answered.
  [[nodiscard]] bool is_matrix() const { return is_matrix_; }
  [[nodiscard]] Errcode errcode() const { return errcode_; }
  /// The session may be continued by logging in again with the same device; only with M_UNKNOWN_TOKEN or M_USER_LOCKED.
  [[nodiscard]] bool soft_logout() const { return soft_logout_; }
  /// The body's retry_after_ms as it was written, for net::retry_after() to judge together with the headers.
  [[nodiscard]] std::optional<double> retry_after_ms() const { return retry_after_ms_; }
  /// 401 without errcode that lists login flows: the endpoint asks for a password; the token is alive.
  [[nodiscard]] bool wants_interactive_auth() const { return interactive_; }

 private:
  Error error_;
  Errcode errcode_ = Errcode::other;
  bool is_matrix_ = false;
  bool soft_logout_ = false;
  bool interactive_ = false;
  std::optional<double> retry_after_ms_;
};

/// Short for ErrorAnswer(status, body).error().
[[nodiscard]] Error error_from_answer(int status, std::string_view body);

}  // namespace confab::matrix
