#include "util/log.hpp"

#include "util/redact.hpp"

namespace confab {

void Log::write(LogLevel level, std::string_view component, std::string_view code, std::string_view message,
                std::string_view subject) const noexcept {
  if (!wants(level)) return;
  try {
    sink_(LogRecord(level, component, code, redact(message), redact(subject)));
  } catch (...) {  // NOLINT: a sink that throws must not end the work it was told about
  }
}

}  // namespace confab
