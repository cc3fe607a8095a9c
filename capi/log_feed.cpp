#include "capi/log_feed.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include <confab/alert.hpp>

#include "capi/guard.hpp"
#include "util/json.hpp"

namespace confab::capi {
namespace {

// Of what is an alert, the end of an outage matters least.
constexpr LogLevel least_alert = LogLevel::info;

constexpr std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      break;
  }
  return "error";
}

constexpr int no_lines = static_cast<int>(LogLevel::error) + 1;

int level_of(std::int32_t asked) {
  switch (asked) {
    case CONFAB_LOG_ALERTS:
      return no_lines;
    case CONFAB_LOG_ERROR:
      return static_cast<int>(LogLevel::error);
    case CONFAB_LOG_WARNING:
      return static_cast<int>(LogLevel::warning);
    case CONFAB_LOG_INFO:
      return static_cast<int>(LogLevel::info);
    case CONFAB_LOG_DEBUG:
      return static_cast<int>(LogLevel::debug);
    default:
      refuse(Errc::invalid_argument, "log_level", "this is no CONFAB_LOG_...");
  }
}

void write_line(json::Writer& out, const LogRecord& line) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  out.member("level", level_name(line.level())).member("component", line.component()).member("code", line.code());
  out.member("message", line.message());
  if (!line.subject().empty()) out.member("subject", line.subject());
  out.member("time", std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()});
}

}  // namespace

std::shared_ptr<LogFeed> LogFeed::asked_for(const confab_runtime_options& options) {
  if (options.log_queue == nullptr) {
    if (options.log_level != 0 || options.log_tag != 0 || options.most_logs != 0) {
      refuse(Errc::invalid_argument, "log_queue", "log lines are asked for without a queue");
    }
    return nullptr;
  }
  if (options.most_logs > most_logs) refuse(Errc::invalid_argument, "most_logs", "most_logs is out of range");
  return std::make_shared<LogFeed>(require(options.log_queue, "log_queue").core, options.log_tag,
                                   level_of(options.log_level),
                                   options.most_logs == 0 ? default_logs : options.most_logs);
}

LogLevel LogFeed::needed() const noexcept {
  return static_cast<LogLevel>(std::min(from_, static_cast<int>(least_alert)));
}

void LogFeed::take(const LogRecord& line) noexcept {
  if (static_cast<int>(line.level()) >= from_) {
    lines_.tell([&line](json::Writer& out) { write_line(out, line); });
  }
  const std::optional<AlertKind> alert = alert_kind_of(line.level(), line.code());
  if (!alert) return;
  alerts_.tell([&line, alert](json::Writer& out) {
    out.member("alert", alert_kind_name(*alert));
    write_line(out, line);
  });
}

}  // namespace confab::capi
