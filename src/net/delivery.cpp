#include "net/delivery.hpp"

#include <exception>
#include <system_error>
#include <utility>

#include "util/library_thread.hpp"

namespace confab::net {

// What the executor is handed. Destroyed without having been run, it goes back to the dispatcher.
class SerialDelivery::Ticket {
 public:
  explicit Ticket(std::shared_ptr<SerialDelivery> delivery) : delivery_(std::move(delivery)) {}
  Ticket(Ticket&&) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (delivery_) delivery_->rescue();
  }
  void operator()() {
    // A second call finds nothing: an executor that runs a task twice does no harm.
    if (const auto delivery = std::exchange(delivery_, nullptr)) delivery->drain();
  }

 private:
  std::shared_ptr<SerialDelivery> delivery_;
};

void SerialDelivery::deliver(UniqueFunction<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
    if (scheduled_) return;
    scheduled_ = true;
  }
  if (!shared_->dispatcher().post([self = shared_from_this()] { self->hand_over(); })) run_on_a_thread_of_its_own();
}

void SerialDelivery::hand_over() {
  bool with_executor = static_cast<bool>(shared_->executor());
  {
    const std::lock_guard lock(mutex_);
    with_executor = with_executor && !finished_;  // nobody would come back for what an executor sits on
  }
  if (!with_executor) {
    drain();
    return;
  }
  try {
    shared_->executor()(Ticket(shared_from_this()));
  } catch (...) {
    // The ticket died with the exception, and its destructor has already brought the work back here.
    shared_->log().write(LogLevel::warning, "net", "executor.threw",
                         "the host's executor threw; its task runs on the dispatcher");
  }
}

void SerialDelivery::rescue() {
  if (!shared_->dispatcher().post([self = shared_from_this()] { self->drain(); })) {
    // The Runtime is going away; finish() runs what is queued.
    return;
  }
  shared_->log().write(LogLevel::warning, "net", "executor.dropped",
                       "the host's executor dropped a task; it runs on the dispatcher");
}

void SerialDelivery::run_on_a_thread_of_its_own() {
  // Only for a Pending that is started after its Runtime is gone: there is no other thread left to run its handler.
  try {
    std::thread([self = shared_from_this()] { self->drain(); }).detach();
  } catch (const std::system_error&) {
    drain();  // no thread to be had: late and inline beats never
  }
}

void SerialDelivery::drain() {
  std::unique_lock lock(mutex_);
  drain_locked(lock);
}

bool SerialDelivery::drain_locked(std::unique_lock<std::mutex>& lock) {
  if (draining_ != std::thread::id()) return false;
  draining_ = std::this_thread::get_id();
  bool ran = false;
  while (!queue_.empty()) {
    UniqueFunction<void()> task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    try {
      const confab::detail::LibraryThreadScope scope;
      task();
      task = nullptr;
    } catch (...) {
      shared_->log().write(LogLevel::error, "net", "handler.threw",
                           "a handler of the host threw an exception; it was dropped");
    }
    ran = true;
    lock.lock();
  }
  draining_ = std::thread::id();
  scheduled_ = false;
  idle_.notify_all();
  return ran;
}

bool SerialDelivery::finish() {
  std::unique_lock lock(mutex_);
  finished_ = true;
  if (draining_ == std::this_thread::get_id()) {
    // The Runtime is destroyed from inside one of these handlers: run the rest here; the loop above then finds nothing.
    bool ran = false;
    while (!queue_.empty()) {
      UniqueFunction<void()> task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      try {
        task();
        task = nullptr;
      } catch (...) {
        shared_->log().write(LogLevel::error, "net", "handler.threw",
                             "a handler of the host threw an exception; it was dropped");
      }
      ran = true;
      lock.lock();
    }
    return ran;
  }
  idle_.wait(lock, [this] { return draining_ == std::thread::id(); });
  return drain_locked(lock);
}

}  // namespace confab::net
