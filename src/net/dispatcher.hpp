// Dispatcher: the Runtime's own thread for handlers, and the one that hands tasks to the host's executor, so that no
// host code, not even an executor that runs tasks inline, ever holds up a loop.
#pragma once

#include <memory>

namespace confab::net {

class Dispatcher {
 public:
  Dispatcher();
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Made beforehand, so that posting it needs no memory. It can wait in one Dispatcher only.
  class Task {
   public:
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    virtual ~Task() = default;
    virtual void run() noexcept = 0;

   private:
    friend class Dispatcher;
    std::shared_ptr<Task> behind_;
    bool waits_ = false;
  };

  // Any thread. False once stopped: the task is then not run. One that waits already is run once.
  bool post(std::shared_ptr<Task> task) noexcept;
  [[nodiscard]] bool on_thread() const noexcept;
  // Runs what is queued, then ends the thread. Called on that thread itself, it lets the thread end by itself instead.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the thread, which may outlive this object when stopped from within
};

}  // namespace confab::net
