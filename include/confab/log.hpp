/// @file
/// LogSink: how the host hears what the library has to say. Without one, it says nothing.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/export.hpp>

namespace confab {

/// How much a log line matters.
enum class LogLevel {
  debug,    ///< Every request; for developers.
  info,     ///< What changed: connected again, a token was replaced.
  warning,  ///< It works, but somebody should look.
  error,    ///< Something the library could not do, and will not try again by itself.
};

/// One log line. It never holds a token, a password or the body of a message.
///
/// @par Lifetime   The views live as long as the record.
/// @par Threads    Immutable.
class LogRecord {
 public:
  /// Make a line; used by the library and by tests of sinks.
  LogRecord(LogLevel level, std::string_view component, std::string_view code, std::string message)
      : level_(level), component_(component), code_(code), message_(std::move(message)) {}

  /// How much it matters.
  [[nodiscard]] LogLevel level() const noexcept { return level_; }
  /// The layer that speaks, for example "net" or "credentials".
  [[nodiscard]] std::string_view component() const noexcept { return component_; }
  /// A stable word for the kind of line, for example "breaker.open": match on this, not on the message.
  [[nodiscard]] std::string_view code() const noexcept { return code_; }
  /// The line itself, UTF-8, without a newline.
  [[nodiscard]] std::string_view message() const noexcept { return message_; }

 private:
  LogLevel level_;
  std::string_view component_;
  std::string_view code_;
  std::string message_;
};

/// Receives log lines.
///
/// @par Errors     An exception it throws is swallowed.
/// @par Lifetime   Copied into the Runtime and destroyed with it.
/// @par Threads    Called from any of the library's threads, several at once; it must not block, and must not call back
///                 into the library.
using LogSink = std::function<void(const LogRecord&)>;

}  // namespace confab
