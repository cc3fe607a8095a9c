/// @file
/// Runtime: owns the threads, loops, connections and timers. One per process is enough for many tenants.
///
/// Nothing of the library is global: a process may hold several Runtimes, and when the last one is gone, no thread,
/// timer or descriptor of the library is left.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <confab/alert.hpp>
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
/// @par Lifetime   Copied into the Runtime; changing it afterwards changes nothing.
/// @par Threads    As for a plain value.
class RuntimeOptions {
 public:
  /// The defaults stated at each setter.
  RuntimeOptions() = default;

  /// How many loop threads do the network work; a user stays on one of them for life. More than one pays only when one
  /// core is not enough: a loop serves thousands of connections.
  ///
  /// @param count    Default 1; 0 counts as 1, and more than 64 as 64.
  RuntimeOptions& loop_threads(unsigned count) {
    loop_threads_ = count;
    return *this;
  }
  /// Where handlers run. Default: one dispatcher thread that the Runtime owns.
  ///
  /// @param executor See Executor for what it may do. Empty: the default.
  RuntimeOptions& executor(Executor executor) {
    executor_ = std::move(executor);
    return *this;
  }
  /// Where log lines go. Default: nowhere.
  ///
  /// @param sink     Called on the library's threads; see LogSink. Empty: nowhere.
  /// @param from     Lines that matter less are not made at all, which costs nothing.
  RuntimeOptions& log(LogSink sink, LogLevel from = LogLevel::info) {
    log_ = std::move(sink);
    log_from_ = from;
    return *this;
  }

  /// Who is told what an operator must know. Default: nobody; Runtime::alerts() tells it, too.
  ///
  /// @param handler  Called on the executor, whatever level log() has; see AlertHandler. Empty: nobody.
  RuntimeOptions& alerts(AlertHandler handler) {
    alerts_ = std::move(handler);
    return *this;
  }

  /// As set, before it is brought into bounds.
  [[nodiscard]] unsigned loop_threads() const noexcept { return loop_threads_; }
  /// As set; empty for the default.
  [[nodiscard]] const Executor& executor() const noexcept { return executor_; }
  /// As set; empty for none.
  [[nodiscard]] const LogSink& log_sink() const noexcept { return log_; }
  /// As set.
  [[nodiscard]] LogLevel log_from() const noexcept { return log_from_; }
  /// As set; empty for nobody.
  [[nodiscard]] const AlertHandler& alert_handler() const noexcept { return alerts_; }

 private:
  unsigned loop_threads_ = 1;
  Executor executor_;
  LogSink log_;
  LogLevel log_from_ = LogLevel::info;
  AlertHandler alerts_;
};

/// Owns the threads, loops, connections and timers of everything that is made with it: the loop threads, the dispatcher
/// thread, and threads that resolve names.
///
/// @par Lifetime   It should outlive what is made with it. What does outlive it stays safe to use: operations complete
///                 with Errc::closed.
/// @par Threads    Any thread may use it; one thread destroys it. After fork() the child must not use or destroy it.
class CONFAB_EXPORT Runtime {
 public:
  /// Start the threads. Nothing is connected to.
  ///
  /// @param options  Copied.
  /// @par Errors     std::system_error when the system refuses a thread or a descriptor; std::bad_alloc. No other part
  ///                 of the library throws for what can go wrong at run time.
  /// @par Threads    Any. Signals are left as they are: mask what shall not reach the library's threads before this
  ///                 call.
  explicit Runtime(RuntimeOptions options = RuntimeOptions());

  /// Cancel everything, run every completion that is still owed (with Errc::closed where nothing better is known), and
  /// join the threads. Afterwards no thread of the library runs. What the host's executor was handed and has not
  /// begun to run is run here instead, so an executor that stands still cannot block the destructor.
  ///
  /// It waits for handlers that run on other threads, and at most 5 seconds for the operations of each loop to unwind;
  /// normally milliseconds. A handler that starts another operation for every completion has to stop at Errc::closed,
  /// or this never ends.
  ///
  /// Destroyed from inside a handler or a resumed coroutine, it does the same, except that it cannot wait for that
  /// handler itself: the dispatcher thread ends when the handler returns.
  ///
  /// @par Errors     None.
  /// @par Threads    Any one thread, those of handlers included. Other threads may start operations meanwhile.
  ~Runtime();

  /// Not copied: it owns threads.
  Runtime(const Runtime&) = delete;
  /// Not copied: it owns threads.
  Runtime& operator=(const Runtime&) = delete;

  /// Open a stream of what an operator must know, beside the handler of RuntimeOptions::alerts().
  ///
  /// @returns        What happens from here on. Each stream is told every alert.
  /// @par Errors     std::bad_alloc.
  /// @par Threads    Any.
  [[nodiscard]] AlertStream alerts() const;

  /// For the library's own constructors that take a Runtime. The type is not public.
  [[nodiscard]] const std::shared_ptr<net::RuntimeCore>& core() const noexcept { return core_; }

 private:
  std::shared_ptr<net::RuntimeCore> core_;
};

}  // namespace confab
