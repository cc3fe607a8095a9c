// Log: the only way a line leaves the library. Every line passes the redactor, and a sink that throws is ignored. What
// an operator must know is an alert, too, whatever level is listened to.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/alert.hpp>
#include <confab/log.hpp>

namespace confab {

class Log {
 public:
  using AlertSink = std::function<void(const Alert&)>;

  Log() = default;
  Log(LogSink sink, LogLevel from, AlertSink alerts = {})
      : sink_(std::move(sink)), from_(from), alerts_(std::move(alerts)) {}

  // Cheap enough to ask before building a message.
  [[nodiscard]] bool wants(LogLevel level) const noexcept { return sink_ && level >= from_; }
  void write(LogLevel level, std::string_view component, std::string_view code, std::string_view message,
             std::string_view subject = {}) const noexcept;

 private:
  LogSink sink_;
  LogLevel from_ = LogLevel::info;
  AlertSink alerts_;
};

}  // namespace confab
