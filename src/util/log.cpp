#include "util/log.hpp"

namespace confab {

void Log::write(LogLevel level, std::string_view component, std::string_view code, std::string message) const noexcept {
  if (!wants(level)) return;
  try {
    sink_(LogRecord(level, component, code, std::move(message)));
  } catch (...) {  // NOLINT: a sink that throws must not end the work it was told about
  }
}

}  // namespace confab
