// EventLoop: one thread that does network work; everything of one user happens on one loop, so needs no lock.
// Asio is behind it and seen by src/net only.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include <confab/unique_function.hpp>

#include "util/task.hpp"

namespace boost::asio {
class io_context;
}

namespace confab::net {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

class EventLoop {
 public:
  // The hook is called on the loop when one task held the loop for longer than the watchdog's bound (5 ms in tests).
  using StallHook = std::function<void(std::chrono::nanoseconds)>;
  // Called on the loop when an exception left a task; Runtime logs it.
  using ExceptionHook = std::function<void()>;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Any thread. False when the loop has been stopped; the task is then destroyed unrun.
  bool post(UniqueFunction<void()> task);

  // Something to do on the loop that was made beforehand, so that asking for it needs no memory: what ends things must
  // not fail. It can wait in one loop only.
  class Errand {
   public:
    Errand() = default;
    Errand(const Errand&) = delete;
    Errand& operator=(const Errand&) = delete;
    virtual void run() = 0;

   protected:
    ~Errand() = default;

   private:
    friend class EventLoop;
    std::shared_ptr<Errand> behind_;
    bool waits_ = false;
  };
  // Any thread. Ahead of tasks that wait. One that waits already is run once; none once the loop is stopped.
  void post(std::shared_ptr<Errand> errand) noexcept;
  [[nodiscard]] bool in_loop() const noexcept;
  // The loop whose thread this is, or null.
  [[nodiscard]] static EventLoop* current() noexcept;

  // A timer runs its task on the loop unless it was destroyed or cancelled before. Loop thread only.
  class Timer {
   public:
    Timer() noexcept;
    Timer(Timer&& other) noexcept;
    Timer& operator=(Timer&& other) noexcept;
    ~Timer();
    void cancel() noexcept;

   private:
    friend class EventLoop;
    struct State;
    std::shared_ptr<State> state_;
  };
  [[nodiscard]] Timer at(TimePoint when, UniqueFunction<void()> task);

  // Sleeps until `when`, or until a stop is requested (on this loop's thread or another). True: the time came.
  [[nodiscard]] Task<bool> sleep_until(TimePoint when, std::stop_token stop);

  // `co_await EventLoop::Quiet(loop)`: goes on once the loop has nothing else to do. For what only begins a long wait,
  // such as a long poll: where much arrives at once, it reaches its readers first. On a loop that stays busy it goes on
  // all the same, a few at a time, and after longest_quiet_wait as soon as its turn comes. Needs no memory. Loop thread
  // only.
  class Quiet {
   public:
    explicit Quiet(EventLoop& loop) noexcept : loop_(&loop) {}
    ~Quiet();
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    void await_resume() const noexcept {}

   private:
    friend class EventLoop;
    EventLoop* loop_;
    std::coroutine_handle<> waiting_;  // null: not in the list
    TimePoint since_;
    Quiet* previous_ = nullptr;
    Quiet* next_ = nullptr;
  };
  static constexpr std::chrono::milliseconds longest_quiet_wait{1000};

  // Runs a task that nobody waits for, until it first has to wait. Loop thread only. An exception that leaves it goes
  // to the hook and no further. What has not ended when the loop has stopped is destroyed where it waits.
  void spawn(Task<void> task);
  // Tasks spawned and not yet ended.
  [[nodiscard]] std::size_t spawned() const noexcept;

  // Asked to stop when the Runtime goes away; background tasks wait with this token.
  [[nodiscard]] std::stop_token stopping() const noexcept;

  void start_thread();
  // Requests stop, runs until all spawned tasks have ended (bounded by `patience`), then ends the thread. Any other
  // thread.
  void stop_and_join(std::chrono::milliseconds patience);

  // Both before start_thread().
  void watch_stalls(std::chrono::nanoseconds bound, StallHook hook);
  void on_exception(ExceptionHook hook);

  // For src/net only: every handler given to Asio directly holds one of these, so that the stall watchdog sees it.
  class Turn {
   public:
    explicit Turn(EventLoop& loop) noexcept;
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    EventLoop* loop_;
    TimePoint begun_;
  };
  [[nodiscard]] boost::asio::io_context& context() noexcept;
  // Counts what the loop has run, for those who do only so much at a time. Loop thread only.
  [[nodiscard]] std::uint64_t turns() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace confab::net
