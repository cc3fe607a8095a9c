/// @file
/// Runtime: owns the threads, loops, connections and timers. One per process is enough for many tenants.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <confab/executor.hpp>
#include <confab/export.hpp>
#include <confab/log.hpp>

namespace confab {

namespace net {
class RuntimeCore;
}

/// How a Runtime is set up. Every setter returns the options, so that they chain.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   Copied into the Runtime.
/// @par Threads    As for a plain value.
class RuntimeOptions {
 public:
  /// The defaults stated at each setter.
  RuntimeOptions() = default;

  /// How many loop threads do the network work; a user stays on one of them for life. Default 1, at most 64.
  RuntimeOptions& loop_threads(unsigned count) {
    loop_threads_ = count;
    return *this;
  }
  /// Where handlers run. Default: one dispatcher thread that the Runtime owns.
  RuntimeOptions& executor(Executor executor) {
    executor_ = std::move(executor);
    return *this;
  }
  /// Where log lines go. Default: nowhere.
  RuntimeOptions& log(LogSink sink, LogLevel from = LogLevel::info) {
    log_ = std::move(sink);
    log_from_ = from;
    return *this;
  }

  /// As set.
  [[nodiscard]] unsigned loop_threads() const noexcept { return loop_threads_; }
  /// As set; empty for the default.
  [[nodiscard]] const Executor& executor() const noexcept { return executor_; }
  /// As set; empty for none.
  [[nodiscard]] const LogSink& log_sink() const noexcept { return log_; }
  /// As set.
  [[nodiscard]] LogLevel log_from() const noexcept { return log_from_; }

 private:
  unsigned loop_threads_ = 1;
  Executor executor_;
  LogSink log_;
  LogLevel log_from_ = LogLevel::info;
};

/// Owns the threads, loops, connections and timers of everything that is made with it.
///
/// @par Threads    Any thread may use it; one thread destroys it.
class CONFAB_EXPORT Runtime {
 public:
  /// Start the threads.
  /// @par Errors     std::system_error when the system refuses a thread or a descriptor; std::bad_alloc.
  explicit Runtime(RuntimeOptions options = RuntimeOptions());

  /// Cancel everything, run every completion that is still owed (with Errc::closed where nothing better is known), and
  /// join the threads. Afterwards no thread of the library runs. What the host's executor was handed and has not
  /// begun to run is run here instead, so an executor that stands still cannot block the destructor.
  ///
  /// Destroyed from inside a handler, it does the same, except that it cannot wait for that handler itself: the
  /// dispatcher thread ends when the handler returns.
  /// @par Threads    Any one thread.
  ~Runtime();

  /// Not copied: it owns threads.
  Runtime(const Runtime&) = delete;
  /// Not copied: it owns threads.
  Runtime& operator=(const Runtime&) = delete;

  /// For the library's own constructors that take a Runtime.
  [[nodiscard]] const std::shared_ptr<net::RuntimeCore>& core() const noexcept { return core_; }

 private:
  std::shared_ptr<net::RuntimeCore> core_;
};

}  // namespace confab
