#include "net/dispatcher.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "util/library_thread.hpp"

namespace confab::net {

struct Dispatcher::State {
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<UniqueFunction<void()>> tasks;
  bool stopped = false;
  std::thread thread;

  void run() {
    const confab::detail::LibraryThreadScope scope;
    std::unique_lock lock(mutex);
    for (;;) {
      ready.wait(lock, [this] { return stopped || !tasks.empty(); });
      if (tasks.empty()) return;
      UniqueFunction<void()> task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();  // never throws: deliveries catch what handlers throw
      task = nullptr;
      lock.lock();
    }
  }
};

Dispatcher::Dispatcher() : state_(std::make_shared<State>()) {
  state_->thread = std::thread([state = state_] { state->run(); });
}

Dispatcher::~Dispatcher() { stop(); }

bool Dispatcher::post(UniqueFunction<void()> task) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopped) return false;
  state_->tasks.push_back(std::move(task));
  state_->ready.notify_one();
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
