/// @file
/// LogSink: how the host hears what the library has to say. Without one, it says nothing.
///
/// The library never writes to standard output, standard error or a file. What an operation failed with is in its Error
/// and is not logged again; log lines tell what no caller is told, for example that a handler threw, or that a
/// homeserver is away.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/export.hpp>

namespace confab {

/// How much a log line matters; the order is that of the numbers.
enum class LogLevel {
  debug,    ///< Every request; for developers.
  info,     ///< What changed: connected again, a token was replaced.
  warning,  ///< It works, but somebody should look.
  error,    ///< Something the library could not do, and will not try again by itself.
};

/// One log line. It never holds a token, a password or the body of a message: every line passes a redactor, too.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   Valid inside the call of the sink; copy it to keep it. The views live as long as the record.
/// @par Threads    Immutable.
class LogRecord {
 public:
  /// Make a line; used by the library and by tests of sinks.
  ///
  /// @param component The layer that speaks; a text with static storage duration.
  /// @param code      The kind of line; a text with static storage duration.
  /// @param message   The line, moved in.
  /// @param subject   See subject().
  LogRecord(LogLevel level, std::string_view component, std::string_view code, std::string message,
            std::string subject = {})
      : level_(level), component_(component), code_(code), message_(std::move(message)), subject_(std::move(subject)) {}

  /// How much it matters. Lines below RuntimeOptions::log's level do not come at all.
  [[nodiscard]] LogLevel level() const noexcept { return level_; }
  /// The layer that speaks, for example "net" or "credentials": to filter by.
  [[nodiscard]] std::string_view component() const noexcept { return component_; }
  /// A stable word for the kind of line, for example "executor.threw": match on this, not on the message.
  [[nodiscard]] std::string_view code() const noexcept { return code_; }
  /// The line itself, UTF-8, without a newline. Its wording may change with any version.
  [[nodiscard]] std::string_view message() const noexcept { return message_; }
  /// Whom or what the line is about, where its code has such: the Matrix user id of "matrix.user.token.updated" and
  /// "matrix.admin.token.updated". Else empty.
  [[nodiscard]] std::string_view subject() const noexcept { return subject_; }

 private:
  LogLevel level_;
  /// Views of static texts.
  std::string_view component_;
  std::string_view code_;
  /// Owned: made for this line.
  std::string message_;
  std::string subject_;
};

/// Receives log lines.
///
/// @par Errors     An exception it throws is swallowed.
/// @par Lifetime   Copied into the Runtime and destroyed with it, at the latest when its last operation is gone.
/// @par Threads    Called from any of the library's threads, several at once; it must not block, because a loop waits
///                 for it, and must not call back into the library.
using LogSink = std::function<void(const LogRecord&)>;

}  // namespace confab
