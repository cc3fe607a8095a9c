#include "net/runtime_core.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "net/name_resolver.hpp"
#include "net/trust_store.hpp"
#include "util/no_memory.hpp"

namespace confab::net {

namespace {
constexpr unsigned max_loop_threads = 64;
// How long a loop may take to unwind what it was doing before its operations are completed without it.
constexpr std::chrono::milliseconds unwind_patience{5000};
// A turn of a loop that takes longer is told: everybody else on that loop waits for it.
constexpr std::chrono::milliseconds stall_bound{5};
}  // namespace

RuntimeCore::RuntimeCore(const RuntimeOptions& options)
    : alerts_(std::make_shared<AlertNews>()),
      log_(options.log_sink(), options.log_from(), [news = alerts_](const Alert& alert) { news->tell(alert); }),
      shared_delivery_(std::make_shared<SerialDelivery::Shared>(options.executor(), log_)),
      alert_delivery_(std::make_shared<SerialDelivery>(shared_delivery_)),
      resolver_(std::make_shared<NameResolver>()) {
  for (auto& delivery : deliveries_) delivery = std::make_shared<SerialDelivery>(shared_delivery_);
  const unsigned count = std::clamp(options.loop_threads(), 1U, max_loop_threads);
  for (unsigned i = 0; i < count; ++i) loops_.push_back(std::make_unique<EventLoop>());
  // Only where somebody listens: it costs two readings of the clock a turn.
  if (log_.wants(LogLevel::debug)) {
    for (auto& loop : loops_)
      loop->watch_stalls(stall_bound, [this](std::chrono::nanoseconds took) { log_stall(took); });
  }
  for (auto& loop : loops_) loop->start_thread();
  // Last: who is told holds the log, and so itself, until close().
  if (options.alert_handler()) alerts_->handle_by(options.alert_handler(), alert_delivery_);
}

RuntimeCore::~RuntimeCore() = default;

void RuntimeCore::log_stall(std::chrono::nanoseconds took) const {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  log_.write(LogLevel::debug, "net", "loop.stalled", "a turn of the event loop took " + std::to_string(ms) + " ms");
}

EventLoop& RuntimeCore::loop_for(std::string_view user) noexcept {
  return *loops_[std::hash<std::string_view>()(user) % loops_.size()];
}

std::shared_ptr<SerialDelivery> RuntimeCore::delivery_for(std::string_view user) noexcept {
  return deliveries_[std::hash<std::string_view>()(user) % deliveries_.size()];
}

std::shared_ptr<TrustStore> RuntimeCore::trust(const std::string& ca_file) {
  const std::lock_guard lock(trust_mutex_);
  std::weak_ptr<TrustStore>& known = trust_[ca_file];
  std::shared_ptr<TrustStore> store = known.lock();
  if (!store) {
    store = std::make_shared<TrustStore>(ca_file);
    known = store;
  }
  return store;
}

bool RuntimeCore::add(ActiveOperation& operation) noexcept {
  const std::lock_guard lock(active_mutex_);
  if (closing_.load(std::memory_order_relaxed)) return false;
  operation.next_ = active_;
  operation.previous_ = nullptr;
  if (active_ != nullptr) active_->previous_ = &operation;
  active_ = &operation;
  operation.listed_ = true;
  return true;
}

void RuntimeCore::remove(ActiveOperation& operation) noexcept {
  const std::lock_guard lock(active_mutex_);
  if (!operation.listed_) return;
  operation.listed_ = false;
  if (operation.previous_ != nullptr) operation.previous_->next_ = operation.next_;
  if (operation.next_ != nullptr) operation.next_->previous_ = operation.previous_;
  if (active_ == &operation) active_ = operation.next_;
}

void RuntimeCore::cancel_all() {
  std::shared_ptr<ActiveOperation> running;  // cancelled outside the lock: the last reference may be ours
  {
    const std::lock_guard lock(active_mutex_);
    closing_.store(true, std::memory_order_release);
    for (ActiveOperation* each = active_; each != nullptr; each = each->next_) {
      if (auto held = each->hold()) {
        held->also_cancelled_ = std::move(running);
        running = std::move(held);
      }
    }
  }
  while (running) {
    running->cancel();
    running = std::shared_ptr<ActiveOperation>(std::move(running->also_cancelled_));
  }
}

void RuntimeCore::close_all() {
  for (;;) {
    std::shared_ptr<ActiveOperation> first;
    {
      const std::lock_guard lock(active_mutex_);
      if (active_ == nullptr) break;
      first = active_->hold();
    }
    if (first) {
      first->close();
    } else {
      std::this_thread::yield();  // its destructor is about to take it off the list
    }
  }
}

Error error_of_exception() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return no_memory();
  } catch (...) {
    return Error(Errc::internal, "an unexpected exception ended the operation; please report it");
  }
}

void RuntimeCore::shut_down() {
  cancel_all();
  for (auto& loop : loops_) loop->stop_and_join(unwind_patience);
  // Every coroutine that heard the stop has completed its operation. What is left was never started or did not listen.
  close_all();
  // Handlers may start operations, which complete with Errc::closed and queue further handlers.
  bool ran = true;
  while (ran) {
    ran = false;
    for (auto& delivery : deliveries_) ran = delivery->finish() || ran;
    ran = alert_delivery_->finish() || ran;
  }
  alerts_->close();
  shared_delivery_->dispatcher().stop();
}

}  // namespace confab::net

namespace confab {

Runtime::Runtime(RuntimeOptions options) : core_(std::make_shared<net::RuntimeCore>(options)) {}
Runtime::~Runtime() { core_->shut_down(); }
AlertStream Runtime::alerts() const { return net::AlertNews::open(core_->alerts(), core_); }

}  // namespace confab
