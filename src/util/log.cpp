#include "util/log.hpp"

#include <chrono>

#include "util/redact.hpp"

namespace confab {

namespace {

struct AlertLine {
  std::string_view code;
  AlertKind kind;
  const char* name;
};

// A new one is added here, to AlertKind and to the C ABI's schema.
constexpr AlertLine alert_lines[] = {
    {"breaker.open", AlertKind::homeserver_failing, "homeserver_failing"},
    {"breaker.closed", AlertKind::homeserver_back, "homeserver_back"},
    {"admin.refused", AlertKind::admin_refused, "admin_refused"},
    {"admin.back", AlertKind::admin_back, "admin_back"},
    {"appservice.refused", AlertKind::appservice_refused, "appservice_refused"},
    {"appservice.back", AlertKind::appservice_back, "appservice_back"},
};

}  // namespace

const char* alert_kind_name(AlertKind kind) noexcept {
  for (const AlertLine& each : alert_lines) {
    if (each.kind == kind) return each.name;
  }
  return "failure";
}

std::optional<AlertKind> alert_kind_of(LogLevel level, std::string_view code) noexcept {
  for (const AlertLine& each : alert_lines) {
    if (each.code == code) return each.kind;
  }
  if (level == LogLevel::error) return AlertKind::failure;
  return std::nullopt;
}

void Log::write(LogLevel level, std::string_view component, std::string_view code, std::string_view message,
                std::string_view subject) const noexcept {
  const std::optional<AlertKind> alert = alerts_ ? alert_kind_of(level, code) : std::nullopt;
  if (!wants(level) && !alert) return;
  try {
    const LogRecord line(level, component, code, redact(message), redact(subject));
    if (alert) alerts_(Alert(*alert, line, std::chrono::system_clock::now()));
    if (wants(level)) sink_(line);
  } catch (...) {  // NOLINT: a sink that throws must not end the work it was told about
  }
}

}  // namespace confab
