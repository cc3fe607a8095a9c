#include "report.hpp"

#include <cstdio>
#include <string>

namespace program {
namespace {

// In one call, so that lines of several threads do not mix.
bool write_line(std::FILE* file, const JsonLine& line) {
  const std::string text = line.str() + "\n";
  return std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
}

// An operator looks for the key or argument in the message.
std::string full_message(const confab::Error& error) {
  std::string message(error.message());
  const std::string_view subject = error.subject();
  if (subject.empty() || message.find(subject) != std::string::npos) return message;
  return std::string(subject) + ": " + message;
}

int exit_code_of(confab::Errc code) {
  switch (code) {
    case confab::Errc::config:
      return exit_usage;
    case confab::Errc::unreachable:
      return exit_unreachable;
    default:
      return exit_failed;
  }
}

}  // namespace

confab::Result<void> print(const JsonLine& line) {
  if (write_line(stdout, line)) return {};
  return confab::Error(confab::Errc::store, "standard output cannot be written to");
}

void diagnose(const JsonLine& line) { (void)write_line(stderr, line); }

int fail(const confab::Error& error) {
  JsonLine inside;
  inside.text("code", confab::errc_name(error.code())).text_or_null("errcode", error.errcode());
  if (error.http_status() != 0)
    inside.number("http_status", error.http_status());
  else
    inside.null("http_status");
  inside.text("message", full_message(error));
  if (const auto wait = error.retry_after())
    inside.number("retry_after_ms", wait->count());
  else
    inside.null("retry_after_ms");
  if (!error.subject().empty()) inside.text("subject", error.subject());
  diagnose(JsonLine().object("error", inside));
  return exit_code_of(error.code());
}

int refuse(std::string_view message, confab::Errc code) {
  (void)fail(confab::Error(code, std::string(message)));
  return exit_usage;
}

void log(const confab::LogRecord& record) {
  static constexpr std::string_view levels[] = {"debug", "info", "warning", "error"};
  JsonLine inside;
  inside.text("level", levels[static_cast<int>(record.level())]).text("component", record.component());
  inside.text("code", record.code()).text("message", record.message());
  diagnose(JsonLine().object("log", inside));
}

}  // namespace program
