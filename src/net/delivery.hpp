// SerialDelivery: carries completions to the host's executor one at a time, and survives executors that throw, drop
// tasks, or stand still while the Runtime goes away.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include <confab/executor.hpp>
#include <confab/pending.hpp>

#include "net/dispatcher.hpp"
#include "util/log.hpp"

namespace confab::net {

class SerialDelivery final : public confab::detail::Delivery,
                             public Dispatcher::Task,
                             public std::enable_shared_from_this<SerialDelivery> {
 public:
  // What all deliveries of one Runtime share; it outlives the Runtime for the sake of late starts.
  class Shared {
   public:
    Shared(Executor executor, Log log) : executor_(std::move(executor)), log_(std::move(log)) {}
    [[nodiscard]] const Executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const Log& log() const noexcept { return log_; }
    [[nodiscard]] Dispatcher& dispatcher() noexcept { return dispatcher_; }

   private:
    Executor executor_;
    Log log_;
    Dispatcher dispatcher_;
  };

  explicit SerialDelivery(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~SerialDelivery() override;

  void deliver(std::unique_ptr<confab::detail::Completion> completion) noexcept override;

  // For ~Runtime: runs everything queued on the calling thread, after waiting for a handler that runs elsewhere.
  // Returns whether anything was run.
  bool finish();

 private:
  class Ticket;
  // On the dispatcher: to the executor, or where that has failed, here.
  void run() noexcept override;
  void rescue() noexcept;
  void drain() noexcept;
  bool drain_locked(std::unique_lock<std::mutex>& lock) noexcept;
  [[nodiscard]] std::unique_ptr<confab::detail::Completion> take_first() noexcept;
  void tell_first(std::unique_lock<std::mutex>& lock) noexcept;
  void run_on_a_thread_of_its_own() noexcept;

  std::shared_ptr<Shared> shared_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::unique_ptr<confab::detail::Completion> first_;
  confab::detail::Completion* last_ = nullptr;  // of what waits
  std::thread::id draining_;                    // who runs handlers now; the default id: nobody
  bool scheduled_ = false;
  bool rescued_ = false;   // the executor failed: what it was given runs on the dispatcher
  bool finished_ = false;  // ~Runtime has come by: what is delivered from here on bypasses the host's executor
};

}  // namespace confab::net
