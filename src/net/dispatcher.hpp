// Dispatcher: the Runtime's own thread for handlers, and the one that hands tasks to the host's executor, so that no
// host code, not even an executor that runs tasks inline, ever holds up a loop.
#pragma once

#include <memory>

#include <confab/unique_function.hpp>

namespace confab::net {

class Dispatcher {
 public:
  Dispatcher();
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Any thread. False once stopped; the task is then destroyed unrun.
  bool post(UniqueFunction<void()> task);
  [[nodiscard]] bool on_thread() const noexcept;
  // Runs what is queued, then ends the thread. Called on that thread itself, it lets the thread end by itself instead.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the thread, which may outlive this object when stopped from within
};

}  // namespace confab::net
