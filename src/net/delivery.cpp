#include "net/delivery.hpp"

#include <exception>
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

SerialDelivery::~SerialDelivery() {
  while (first_) (void)take_first();  // one by one: a chain would go down as deep as it is long
}

void SerialDelivery::deliver(std::unique_ptr<confab::detail::Completion> completion) noexcept {
  {
    const std::lock_guard lock(mutex_);
    confab::detail::Completion* const added = completion.get();
    (first_ ? last_->behind : first_) = std::move(completion);
    last_ = added;
    if (std::exchange(scheduled_, true)) return;
  }
  if (!shared_->dispatcher().post(shared_from_this())) run_on_a_thread_of_its_own();
}

void SerialDelivery::run() noexcept {
  bool with_executor = static_cast<bool>(shared_->executor());
  {
    const std::lock_guard lock(mutex_);
    // Once it is finished nobody would come back for what an executor sits on.
    with_executor = with_executor && !finished_ && !std::exchange(rescued_, false);
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

void SerialDelivery::rescue() noexcept {
  {
    const std::lock_guard lock(mutex_);
    rescued_ = true;
  }
  if (!shared_->dispatcher().post(shared_from_this())) {
    // The Runtime is going away; finish() runs what is queued.
    return;
  }
  shared_->log().write(LogLevel::warning, "net", "executor.dropped",
                       "the host's executor dropped a task; it runs on the dispatcher");
}

void SerialDelivery::run_on_a_thread_of_its_own() noexcept {
  // Only for a Pending that is started after its Runtime is gone: there is no other thread left to run its handler.
  try {
    std::thread([self = shared_from_this()] { self->drain(); }).detach();
  } catch (...) {
    drain();  // no thread to be had: late and inline beats never
  }
}

void SerialDelivery::drain() noexcept {
  std::unique_lock lock(mutex_);
  drain_locked(lock);
}

bool SerialDelivery::drain_locked(std::unique_lock<std::mutex>& lock) noexcept {
  if (draining_ != std::thread::id()) return false;
  draining_ = std::this_thread::get_id();
  bool ran = false;
  while (first_) {
    tell_first(lock);
    ran = true;
  }
  draining_ = std::thread::id();
  scheduled_ = false;
  idle_.notify_all();
  return ran;
}

std::unique_ptr<confab::detail::Completion> SerialDelivery::take_first() noexcept {
  std::unique_ptr<confab::detail::Completion> first = std::move(first_);
  first_ = std::move(first->behind);
  return first;
}

void SerialDelivery::tell_first(std::unique_lock<std::mutex>& lock) noexcept {
  std::unique_ptr<confab::detail::Completion> first = take_first();
  lock.unlock();
  try {
    const confab::detail::LibraryThreadScope scope;
    first->run();
    first = nullptr;
  } catch (...) {
    shared_->log().write(LogLevel::error, "net", "handler.threw",
                         "a handler of the host threw an exception; it was dropped");
  }
  lock.lock();
}

bool SerialDelivery::finish() {
  std::unique_lock lock(mutex_);
  finished_ = true;
  if (draining_ == std::this_thread::get_id()) {
    // The Runtime is destroyed from inside one of these handlers: run the rest here; the loop above then finds nothing.
    bool ran = false;
    for (; first_; ran = true) tell_first(lock);
    return ran;
  }
  idle_.wait(lock, [this] { return draining_ == std::thread::id(); });
  return drain_locked(lock);
}

}  // namespace confab::net
