// How does the program tell what it did: lines, errors, exit codes?
#pragma once

#include <string_view>

#include <confab/error.hpp>
#include <confab/log.hpp>
#include <confab/result.hpp>

#include "json_line.hpp"

namespace program {

enum ExitCode : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,  // the command line or the configuration
  exit_unreachable = 3,
};

// One line on standard output, at once. Errc::store when nobody can read it any more.
[[nodiscard]] confab::Result<void> print(const JsonLine& line);
// One line on standard error, at once.
void diagnose(const JsonLine& line);
// The error as a line on standard error, and the exit code that goes with it.
[[nodiscard]] int fail(const confab::Error& error);
// Wrong usage.
[[nodiscard]] int refuse(std::string_view message, confab::Errc code = confab::Errc::invalid_argument);
// What the library has to say.
void log(const confab::LogRecord& record);

}  // namespace program
