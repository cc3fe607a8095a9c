#include "net/event_loop.hpp"

#include <atomic>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <coroutine>
#include <cstddef>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "net/handler_memory.hpp"
#include "net/stop_wake.hpp"
#include "util/library_thread.hpp"

namespace confab::net {

namespace asio = boost::asio;

namespace {

thread_local EventLoop* current_loop = nullptr;

// Of the loop's own executor, which takes a quarter of what any executor does; there are as many timers as users.
using AsioTimer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, asio::io_context::executor_type>;

// Posted tasks that run before sockets and timers have a turn again.
constexpr std::size_t tasks_per_turn = 64;

// Of those who wait until the loop is quiet, while it is not: one at each look, and one more for so many turns of
// others. Of more others, what arrived reaches its readers sooner still, but all that a stream has in memory is far
// away by the time of its poll.
constexpr std::uint64_t turns_for_a_quiet_one = 4;

class CurrentLoop {
 public:
  explicit CurrentLoop(EventLoop* loop) noexcept : before_(std::exchange(current_loop, loop)) {}
  ~CurrentLoop() { current_loop = before_; }
  CurrentLoop(const CurrentLoop&) = delete;
  CurrentLoop& operator=(const CurrentLoop&) = delete;

 private:
  EventLoop* before_;
};

}  // namespace

struct EventLoop::State {
  // A spawned task's frame. It has its place in a list, so that a loop that stops can destroy what never ended.
  struct Background {
    struct promise_type {
      promise_type(State& owner, Task<void>& task) noexcept;
      ~promise_type();
      promise_type(const promise_type&) = delete;
      promise_type& operator=(const promise_type&) = delete;

      [[nodiscard]] static void* operator new(std::size_t bytes) { return FrameCache::take(bytes); }
      static void operator delete(void* frame, std::size_t bytes) noexcept { FrameCache::give(frame, bytes); }
      [[nodiscard]] Background get_return_object() const noexcept { return {}; }
      [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
      [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() const noexcept { state.report_exception(); }

      State& state;
      promise_type* previous = nullptr;
      promise_type* next = nullptr;
    };
  };
  static Background run_in_background(State& /*owner*/, Task<void> task) { co_await std::move(task); }

  void run(EventLoop& loop, UniqueFunction<void()>& task) noexcept;
  void drain(EventLoop& loop);
  // Only while none is on its way.
  void wake_drain(EventLoop& loop) {
    asio::post(io, asio::bind_allocator(drain_memory.allocator(), [this, &loop] { drain(loop); }));
  }
  void run_errands(EventLoop& loop) noexcept;
  void wake_quiet(EventLoop& loop) noexcept {
    turns_at_quiet = turns;
    asio::post(io, asio::bind_allocator(quiet_memory.allocator(), [this, &loop] { run_quiet(loop); }));
  }
  void run_quiet(EventLoop& loop) noexcept;
  [[nodiscard]] std::size_t quiet_ones_due() const noexcept;
  Quiet& take_quiet() noexcept;
  void begin_to_end() noexcept;
  static std::shared_ptr<Errand> take_first(std::shared_ptr<Errand>& chain) noexcept {
    std::shared_ptr<Errand> first = std::move(chain);
    chain = std::move(first->behind_);
    return first;
  }
  void report_exception() const noexcept {
    try {
      if (exception_hook) exception_hook();
    } catch (...) {  // NOLINT: nobody is left to tell
    }
  }
  void end_if_idle() noexcept {
    if (ending && spawned.load(std::memory_order_relaxed) == 0) io.stop();
  }
  void destroy_what_is_left(EventLoop& loop);

  HandlerMemory drain_memory;  // there is one drain on its way at most
  HandlerMemory quiet_memory;  // and one look at who waits for quiet
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread;
  std::stop_source stopping;
  std::chrono::nanoseconds stall_bound{0};
  StallHook stall_hook;
  ExceptionHook exception_hook;

  std::mutex mutex;  // guards the six below
  std::vector<UniqueFunction<void()>> posted;
  std::shared_ptr<Errand> first_errand;
  Errand* last_errand = nullptr;
  bool awake = false;  // drain() is on its way and takes what is posted
  bool closed = false;
  bool end_asked = false;

  // The loop's thread only, but for reading `spawned`.
  std::vector<UniqueFunction<void()>> batch;
  std::size_t next_in_batch = 0;
  std::shared_ptr<Errand> errands;
  Background::promise_type* backgrounds = nullptr;
  Quiet* first_quiet = nullptr;
  Quiet* last_quiet = nullptr;
  bool quiet_is_awake = false;  // run_quiet() is on its way
  std::uint64_t turns_at_quiet = 0;
  std::atomic<std::size_t> spawned{0};
  std::optional<AsioTimer> patience;
  std::chrono::milliseconds patience_for{0};  // set before the end is asked for
  bool end_due = false;                       // when the batch has run
  bool ending = false;
  int depth = 0;  // of nested turns: the outermost is measured
  std::uint64_t turns = 0;
};

EventLoop::State::Background::promise_type::promise_type(State& owner, Task<void>& /*task*/) noexcept
    : state(owner), next(owner.backgrounds) {
  if (next != nullptr) next->previous = this;
  state.backgrounds = this;
  state.spawned.fetch_add(1, std::memory_order_relaxed);
}

EventLoop::State::Background::promise_type::~promise_type() {
  if (next != nullptr) next->previous = previous;
  (previous != nullptr ? previous->next : state.backgrounds) = next;
  state.spawned.fetch_sub(1, std::memory_order_relaxed);
  state.end_if_idle();
}

void EventLoop::State::run(EventLoop& loop, UniqueFunction<void()>& task) noexcept {
  const Turn turn(loop);
  try {
    task();
    task = {};  // what it holds is destroyed within the turn, too
  } catch (...) {
    report_exception();
  }
}

void EventLoop::State::drain(EventLoop& loop) {
  {
    const std::lock_guard lock(mutex);
    if (next_in_batch == batch.size()) {
      batch.clear();
      next_in_batch = 0;
      batch.swap(posted);
      end_due = std::exchange(end_asked, false) || end_due;  // errands may still be in its way
    }
    if (!errands) errands = std::move(first_errand);
  }
  run_errands(loop);
  for (std::size_t ran = 0; ran < tasks_per_turn && next_in_batch < batch.size(); ++ran) {
    // Moved out first: the task may post, and a stop may end the loop between two tasks.
    UniqueFunction<void()> task = std::move(batch[next_in_batch++]);
    run(loop, task);
  }
  if (next_in_batch == batch.size() && !errands) {
    if (std::exchange(end_due, false)) begin_to_end();
    const std::lock_guard lock(mutex);
    awake = !posted.empty() || first_errand || end_asked;
    if (!awake) return;
  }
  wake_drain(loop);
}

void EventLoop::State::run_errands(EventLoop& loop) noexcept {
  for (std::size_t ran = 0; ran < tasks_per_turn && errands; ++ran) {
    std::shared_ptr<Errand> errand;
    {
      const std::lock_guard lock(mutex);
      errand = take_first(errands);
      errand->waits_ = false;
    }
    const Turn turn(loop);
    try {
      errand->run();
    } catch (...) {
      report_exception();
    }
    errand.reset();  // within the turn
  }
}

// Between two looks the loop has asked for what arrived: without a turn of anybody else there was nothing.
std::size_t EventLoop::State::quiet_ones_due() const noexcept {
  const std::uint64_t busy = turns - turns_at_quiet;
  if (busy == 0 || Clock::now() - first_quiet->since_ >= longest_quiet_wait) return tasks_per_turn;
  return 1 + busy / turns_for_a_quiet_one;
}

EventLoop::Quiet& EventLoop::State::take_quiet() noexcept {
  Quiet& first = *first_quiet;
  first_quiet = first.next_;
  (first_quiet != nullptr ? first_quiet->previous_ : last_quiet) = nullptr;
  return first;
}

void EventLoop::State::run_quiet(EventLoop& loop) noexcept {
  std::size_t due = first_quiet != nullptr ? quiet_ones_due() : 0;
  for (; due > 0 && first_quiet != nullptr; --due) {
    const Turn turn(loop);
    std::exchange(take_quiet().waiting_, nullptr).resume();
  }
  quiet_is_awake = first_quiet != nullptr;
  if (quiet_is_awake) wake_quiet(loop);
}

void EventLoop::State::begin_to_end() noexcept {
  ending = true;
  try {
    patience.emplace(io, patience_for);
    patience->async_wait([this](const boost::system::error_code&) { io.stop(); });
  } catch (...) {  // no memory to be patient with
    io.stop();
  }
  end_if_idle();
}

void EventLoop::State::destroy_what_is_left(EventLoop& loop) {
  const CurrentLoop here(&loop);  // so that destructors find themselves on their loop
  std::vector<UniqueFunction<void()>> unrun;
  std::shared_ptr<Errand> dropped;
  {
    const std::lock_guard lock(mutex);
    closed = true;
    unrun.swap(posted);
    dropped = std::move(first_errand);
  }
  unrun.clear();
  // One by one: a chain would go down as deep as it is long.
  while (errands) (void)take_first(errands);
  while (dropped) (void)take_first(dropped);
  std::exchange(batch, {}).clear();
  while (backgrounds != nullptr) {
    std::coroutine_handle<Background::promise_type>::from_promise(*backgrounds).destroy();
  }
}

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}

EventLoop::~EventLoop() { stop_and_join(std::chrono::milliseconds(0)); }

bool EventLoop::post(UniqueFunction<void()> task) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.closed) return false;  // `task` is destroyed by the caller, after the lock is released
  state.posted.push_back(std::move(task));
  if (!std::exchange(state.awake, true)) state.wake_drain(*this);
  return true;
}

void EventLoop::post(std::shared_ptr<Errand> errand) noexcept {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.closed || std::exchange(errand->waits_, true)) return;
  Errand* const added = errand.get();
  (state.first_errand ? state.last_errand->behind_ : state.first_errand) = std::move(errand);
  state.last_errand = added;
  if (!std::exchange(state.awake, true)) state.wake_drain(*this);
}

bool EventLoop::in_loop() const noexcept { return current_loop == this; }

EventLoop* EventLoop::current() noexcept { return current_loop; }

void EventLoop::spawn(Task<void> task) { State::run_in_background(*state_, std::move(task)); }

void EventLoop::Quiet::await_suspend(std::coroutine_handle<> waiting) noexcept {
  State& state = *loop_->state_;
  waiting_ = waiting;
  since_ = Clock::now();
  previous_ = state.last_quiet;
  (previous_ != nullptr ? previous_->next_ : state.first_quiet) = this;
  state.last_quiet = this;
  if (!std::exchange(state.quiet_is_awake, true)) state.wake_quiet(*loop_);
}

EventLoop::Quiet::~Quiet() {
  if (!waiting_) return;
  State& state = *loop_->state_;
  (previous_ != nullptr ? previous_->next_ : state.first_quiet) = next_;
  (next_ != nullptr ? next_->previous_ : state.last_quiet) = previous_;
}

std::size_t EventLoop::spawned() const noexcept { return state_->spawned.load(std::memory_order_relaxed); }

std::stop_token EventLoop::stopping() const noexcept { return state_->stopping.get_token(); }

void EventLoop::start_thread() {
  state_->thread = std::thread([this] {
    const detail::LibraryThreadScope library_thread;
    const CurrentLoop here(this);
    while (!state_->io.stopped()) {
      try {
        state_->io.run();
      } catch (...) {
        state_->report_exception();
      }
    }
  });
}

void EventLoop::stop_and_join(std::chrono::milliseconds patience) {
  State& state = *state_;
  state.stopping.request_stop();
  if (state.thread.joinable()) {
    // By the queue, so that everything posted before is run before.
    state.patience_for = patience;
    {
      const std::lock_guard lock(state.mutex);
      state.end_asked = true;
      if (!std::exchange(state.awake, true)) state.wake_drain(*this);
    }
    state.thread.join();
    state.patience.reset();
  }
  state.destroy_what_is_left(*this);
}

void EventLoop::watch_stalls(std::chrono::nanoseconds bound, StallHook hook) {
  state_->stall_bound = bound;
  state_->stall_hook = std::move(hook);
}

void EventLoop::on_exception(ExceptionHook hook) { state_->exception_hook = std::move(hook); }

asio::io_context& EventLoop::context() noexcept { return state_->io; }

std::uint64_t EventLoop::turns() const noexcept { return state_->turns; }

EventLoop::Turn::Turn(EventLoop& loop) noexcept : loop_(&loop) {
  if (++loop_->state_->depth != 1) return;
  ++loop_->state_->turns;
  if (loop_->state_->stall_hook) begun_ = Clock::now();
}

EventLoop::Turn::~Turn() {
  const State& state = *loop_->state_;
  if (--loop_->state_->depth != 0 || !state.stall_hook) return;
  const auto took = Clock::now() - begun_;
  if (took <= state.stall_bound) return;
  try {
    state.stall_hook(took);
  } catch (...) {
    state.report_exception();
  }
}

// ---- timers

struct EventLoop::Timer::State {
  State(asio::io_context& io, TimePoint when, UniqueFunction<void()> what) : timer(io, when), task(std::move(what)) {}
  AsioTimer timer;
  UniqueFunction<void()> task;
};

EventLoop::Timer::Timer() noexcept = default;
EventLoop::Timer::Timer(Timer&& other) noexcept = default;
EventLoop::Timer& EventLoop::Timer::operator=(Timer&& other) noexcept = default;
EventLoop::Timer::~Timer() = default;
void EventLoop::Timer::cancel() noexcept { state_.reset(); }

EventLoop::Timer EventLoop::at(TimePoint when, UniqueFunction<void()> task) {
  Timer timer;
  timer.state_ = std::make_shared<Timer::State>(state_->io, when, std::move(task));
  timer.state_->timer.async_wait([this, weak = std::weak_ptr(timer.state_)](const boost::system::error_code& failure) {
    if (failure) return;
    // A Timer that is gone means nobody wants this any more, however late the handler was queued.
    if (const auto alive = weak.lock()) {
      UniqueFunction<void()> due = std::move(alive->task);
      state_->run(*this, due);
    }
  });
  return timer;
}

// ---- sleeping

namespace {

// Woken by the timer or the stop, whichever comes first; shared, because a stop that was posted may come late.
struct Sleep final : EventLoop::Errand {
  std::coroutine_handle<> waiting;
  EventLoop::Timer timer;
  bool came = false;

  void wake(bool by_time) {
    timer.cancel();
    came = by_time;
    if (waiting) std::exchange(waiting, nullptr).resume();
  }
  void run() override { wake(false); }  // stopped
};

class SleepAwaiter {
 public:
  SleepAwaiter(EventLoop& loop, TimePoint when, std::stop_token stop)
      : loop_(&loop), when_(when), stop_(std::move(stop)), sleep_(std::make_shared<Sleep>()) {}
  ~SleepAwaiter() { sleep_->waiting = nullptr; }
  SleepAwaiter(const SleepAwaiter&) = delete;
  SleepAwaiter& operator=(const SleepAwaiter&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return stop_.stop_requested(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    sleep_->waiting = waiting;
    sleep_->timer = loop_->at(when_, [weak = std::weak_ptr(sleep_)] {
      if (const auto sleep = weak.lock()) sleep->wake(true);
    });
    on_stop_.listen(stop_, *loop_, sleep_);
  }
  [[nodiscard]] bool await_resume() const noexcept { return sleep_->came; }

 private:
  EventLoop* loop_;
  TimePoint when_;
  std::stop_token stop_;
  std::shared_ptr<Sleep> sleep_;
  StopWake on_stop_;
};

}  // namespace

Task<bool> EventLoop::sleep_until(TimePoint when, std::stop_token stop) {
  SleepAwaiter awaiter(*this, when, std::move(stop));
  const bool came = co_await awaiter;
  co_return came;
}

}  // namespace confab::net
