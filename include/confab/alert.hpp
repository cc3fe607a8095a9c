/// @file
/// Alert: what an operator must know, told once when it begins and once when it is over.
///
///     Runtime runtime(RuntimeOptions().alerts([](const Alert& alert) { page(alert.message()); }));
///
/// or pulled, where that fits better:
///
///     AlertStream alerts = runtime.alerts();
///     while (auto batch = co_await alerts.next(CallOptions().within(1h))) show(*batch);
///
/// Each is a log line, too. docs/operations.md tells what to do about which.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/call_options.hpp>
#include <confab/export.hpp>
#include <confab/log.hpp>
#include <confab/pending.hpp>

namespace confab {

/// What an alert is about. More kinds may be added: treat one you do not know as `failure`.
enum class AlertKind {
  homeserver_failing,  ///< The homeserver does not answer, or with errors: requests are held back for a while.
  homeserver_back,     ///< It answers again.
  admin_refused,       ///< The homeserver does not let the admin account in; once per outage.
  admin_back,          ///< It lets it in again.
  appservice_refused,  ///< The homeserver does not know the application service's token; once per outage.
  appservice_back,     ///< It knows it again.
  failure,             ///< Anything else that the library could not do, and will not try again by itself.
};

/// Tell the stable name of a kind, for example "admin_refused".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* alert_kind_name(AlertKind kind) noexcept;

/// Tell whether a log line is an alert: for a LogSink that does with one what it does with lines.
///
/// @param level    LogRecord::level().
/// @param code     LogRecord::code().
/// @returns        What it is about; nothing for a line that is none.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT std::optional<AlertKind> alert_kind_of(LogLevel level, std::string_view code) noexcept;

/// One thing that an operator must know. It never holds a token, a password or the body of a message.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value; it refers to nothing else.
/// @par Threads    As for a plain value.
class Alert {
 public:
  /// Made by the library, and by hosts' tests.
  ///
  /// @param kind     What it is about.
  /// @param line     The log line that says it; copied.
  /// @param time     When it was noticed.
  Alert(AlertKind kind, const LogRecord& line, std::chrono::system_clock::time_point time)
      : kind_(kind),
        level_(line.level()),
        component_(line.component()),
        code_(line.code()),
        message_(line.message()),
        subject_(line.subject()),
        time_(time) {}

  /// What it is about: decide by this.
  [[nodiscard]] AlertKind kind() const noexcept { return kind_; }
  /// How much it matters: what is over is LogLevel::info.
  [[nodiscard]] LogLevel level() const noexcept { return level_; }
  /// As LogRecord::component(), for example "credentials".
  [[nodiscard]] const std::string& component() const noexcept { return component_; }
  /// As LogRecord::code(), for example "admin.refused".
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  /// For a person, UTF-8, without a newline. Its wording may change with any version.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// As LogRecord::subject().
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  /// When it was noticed.
  [[nodiscard]] std::chrono::system_clock::time_point time() const noexcept { return time_; }
  /// How many alerts were lost just before this one, because the host was too far behind to take them. Usually 0.
  [[nodiscard]] std::size_t dropped() const noexcept { return dropped_; }
  /// Set how many were lost before it.
  ///
  /// @returns        This alert.
  Alert& dropped(std::size_t count) {
    dropped_ = count;
    return *this;
  }

 private:
  AlertKind kind_;
  LogLevel level_;
  std::string component_;
  std::string code_;
  std::string message_;
  std::string subject_;
  std::chrono::system_clock::time_point time_;
  std::size_t dropped_ = 0;
};

/// Is told each alert.
///
/// @par Errors     An exception it throws is swallowed, and not logged: that would be an alert again.
/// @par Lifetime   Copied into the Runtime and destroyed with it. While it is behind, 64 alerts wait; of further ones
///                 the next one that finds a place tells how many there were, by Alert::dropped().
/// @par Threads    On the executor, as any handler: one alert at a time, in their order. It may start operations.
using AlertHandler = std::function<void(const Alert&)>;

/// Alerts in the order in which they came. Never empty when next() succeeds.
using AlertBatch = std::vector<Alert>;

namespace detail {
/// What feeds an AlertStream.
class AlertFeed;
}  // namespace detail

/// The alerts of a Runtime from the opening of the stream on, pulled. Of those that nobody pulls the oldest are
/// forgotten, beyond 64; Alert::dropped() of the next one tells how many.
///
/// @par Errors     Those of next(); close() does not fail.
/// @par Lifetime   A handle; the last copy that goes away closes the stream. It may outlive its Runtime.
/// @par Threads    Any; at most one next() at a time.
class CONFAB_EXPORT AlertStream {
 public:
  /// Used by Runtime::alerts().
  ///
  /// @param feed     Not null; shared by the copies of this handle.
  explicit AlertStream(std::shared_ptr<detail::AlertFeed> feed) : feed_(std::move(feed)) {}

  /// Wait for the next alerts.
  ///
  /// @param options  The deadline bounds the waiting: hours are fine here. Default 30 seconds.
  /// @returns        At least one alert, oldest first.
  /// @par Errors     Errc::timed_out when there was none before the deadline: call again. Errc::busy while another
  ///                 next() is outstanding. Errc::closed when the stream or its Runtime was closed.
  /// @par Threads    Any; one at a time.
  /// @par Cancel     Nothing is lost: they come with the following next().
  [[nodiscard]] Pending<AlertBatch> next(CallOptions options = CallOptions());

  /// End the stream: an outstanding next() completes with Errc::closed. Closing twice does nothing.
  ///
  /// @par Threads    Any; it only posts.
  void close() noexcept;

 private:
  /// Never null.
  std::shared_ptr<detail::AlertFeed> feed_;
};

}  // namespace confab
