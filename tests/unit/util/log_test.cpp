#include "util/log.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

using confab::Log;
using confab::LogLevel;
using confab::LogRecord;

TEST_CASE("log: lines from the level that was asked for reach the sink, whole") {
  std::vector<std::string> lines;
  const Log log(
      [&lines](const LogRecord& record) {
        lines.push_back(std::string(record.component()) + "/" + std::string(record.code()) + "/" +
                        std::string(record.message()));
      },
      LogLevel::warning);
  CHECK(!log.wants(LogLevel::debug));
  CHECK(!log.wants(LogLevel::info));
  CHECK(log.wants(LogLevel::warning));
  CHECK(log.wants(LogLevel::error));
  log.write(LogLevel::info, "net", "quiet", "not wanted");
  log.write(LogLevel::error, "net", "loud", "wanted");
  CHECK(lines == std::vector<std::string>{"net/loud/wanted"});
}

TEST_CASE("log: without a sink nothing is wanted") {
  const Log log;
  CHECK(!log.wants(LogLevel::error));
  log.write(LogLevel::error, "net", "code", "nobody hears");
}

TEST_CASE("log: every line passes the redactor") {
  std::string line;
  const Log log([&line](const LogRecord& record) { line = record.message(); }, LogLevel::debug);
  log.write(LogLevel::debug, "net", "request", "GET /x?access_token=syt_c2VjcmV0_abcdef answered 200");
  CHECK(line.find("syt_c2VjcmV0") == std::string::npos);
  CHECK(line.find("answered 200") != std::string::npos);
}

TEST_CASE("log: whom a line is about stands beside it, and passes the redactor too") {
  std::string subject = "none";
  const Log log([&subject](const LogRecord& record) { subject = record.subject(); }, LogLevel::debug);
  log.write(LogLevel::debug, "net", "code", "line", "@ana:hs.test");
  CHECK(subject == "@ana:hs.test");
  log.write(LogLevel::debug, "net", "code", "line", "syt_c2VjcmV0_abcdef_0123");
  CHECK(subject.find("c2VjcmV0") == std::string::npos);
  log.write(LogLevel::debug, "net", "code", "line");
  CHECK(subject.empty());
}

TEST_CASE("log: a sink that throws ends nothing") {
  int calls = 0;
  const Log log(
      [&calls](const LogRecord&) {
        ++calls;
        throw std::runtime_error("from a sink");
      },
      LogLevel::info);
  log.write(LogLevel::info, "net", "code", "one");
  log.write(LogLevel::info, "net", "code", "two");
  CHECK(calls == 2);
}
