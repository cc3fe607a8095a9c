#include "net/dispatcher.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "net/event_loop.hpp"
#include "util/library_thread.hpp"

namespace confab::net {

struct Dispatcher::State {
  std::mutex mutex;
  std::condition_variable ready;
  std::shared_ptr<Task> first;
  Task* last = nullptr;  // of what waits
  bool stopped = false;
  bool wake_planned = false;
  std::thread thread;

  void wake() {
    const std::lock_guard lock(mutex);
    wake_planned = false;
    ready.notify_one();
  }

  void run() {
    const confab::detail::LibraryThreadScope scope;
    std::unique_lock lock(mutex);
    for (;;) {
      ready.wait(lock, [this] { return stopped || first; });
      if (!first) return;
      std::shared_ptr<Task> task = std::exchange(first, std::move(first->behind_));
      task->waits_ = false;
      lock.unlock();
      task->run();
      task = nullptr;
      lock.lock();
    }
  }
};

namespace {

// Wakes the dispatcher when it is destroyed: whether the loop ran it or stopped before it could.
class PlannedWake {
 public:
  explicit PlannedWake(std::function<void()> wake) : wake_(std::move(wake)) {}
  PlannedWake(PlannedWake&& other) noexcept : wake_(std::exchange(other.wake_, nullptr)) {}
  PlannedWake& operator=(PlannedWake&&) = delete;
  ~PlannedWake() {
    if (wake_) wake_();
  }
  void operator()() const noexcept {}

 private:
  std::function<void()> wake_;
};

}  // namespace

Dispatcher::Dispatcher() : state_(std::make_shared<State>()) {
  state_->thread = std::thread([state = state_] { state->run(); });
}

Dispatcher::~Dispatcher() { stop(); }

bool Dispatcher::post(std::shared_ptr<Task> task) noexcept {
  EventLoop* const loop = EventLoop::current();
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopped) return false;
    if (std::exchange(task->waits_, true)) return true;
    Task* const added = task.get();
    (state_->first ? state_->last->behind_ : state_->first) = std::move(task);
    state_->last = added;
    if (loop == nullptr) state_->ready.notify_one();
    if (loop == nullptr || std::exchange(state_->wake_planned, true)) return true;
  }
  // A loop wakes it once for all that it completes before it looks for new events: each wake costs a system call and,
  // on a busy machine, two changes of thread.
  try {
    loop->post(PlannedWake([state = state_] { state->wake(); }));
  } catch (...) {  // no memory to plan it
    state_->wake();
  }
  return true;
}

bool Dispatcher::on_thread() const noexcept { return state_->thread.get_id() == std::this_thread::get_id(); }

void Dispatcher::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    state_->ready.notify_one();
  }
  if (!state_->thread.joinable()) return;
  if (on_thread()) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

}  // namespace confab::net
