// SharedResult: one result that many operations wait for, on any loop, each with its own deadline and stop. Whoever
// gives up waiting leaves the others, and the work itself, alone.
#pragma once

#include <atomic>
#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <confab/result.hpp>

#include "net/call_context.hpp"
#include "util/task.hpp"

namespace confab::net {

// Wakes one suspended coroutine on its loop, at most once, whoever comes first: the result, the deadline, the stop. It
// needs no memory to do so.
class Waker final : public EventLoop::Errand, public std::enable_shared_from_this<Waker> {
 public:
  explicit Waker(EventLoop& loop) : loop_(&loop) {}
  void arm(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }
  void wake() noexcept {
    if (woken_.exchange(true)) return;
    loop_->post(std::shared_ptr<EventLoop::Errand>(shared_from_this()));
  }
  // Nobody is to be woken any more. Loop thread.
  void disarm() noexcept { waiting_ = nullptr; }
  void run() override {
    if (waiting_) waiting_.resume();
  }

 private:
  EventLoop* loop_;
  std::atomic<bool> woken_{false};
  std::coroutine_handle<> waiting_;
};

// Suspends until somebody calls wake() on the waker that `enrol` was given, the deadline passes, or the stop comes.
template <class Enrol>
class WakeAwaiter {
 public:
  WakeAwaiter(CallContext context, Enrol enrol) : context_(std::move(context)), enrol_(std::move(enrol)) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    // Resumed by a post to this loop, so nothing here is destroyed before this function returns.
    auto waker = std::make_shared<Waker>(context_.loop());
    waker->arm(waiting);
    try {
      if (context_.deadline() != TimePoint::max())
        timer_ = context_.loop().at(context_.deadline(), [waker] { waker->wake(); });
      if (context_.stop().stop_possible()) on_stop_.emplace(context_.stop(), Wake{waker});
      enrol_(waker);
    } catch (...) {
      waker->disarm();  // the coroutine goes on with the exception: what was posted meanwhile must not resume it
      throw;
    }
  }
  void await_resume() noexcept {
    on_stop_.reset();
    timer_.cancel();
  }

 private:
  struct Wake {
    std::shared_ptr<Waker> waker;
    void operator()() const noexcept { waker->wake(); }
  };
  CallContext context_;
  Enrol enrol_;
  EventLoop::Timer timer_;
  std::optional<std::stop_callback<Wake>> on_stop_;
};

[[nodiscard]] inline Error stopped_error(const CallContext& context) {
  if (context.stop().stop_requested()) return Error(Errc::cancelled, "cancelled before anything was sent");
  return Error(Errc::timed_out, "the deadline passed before anything was sent");
}

template <class T>
class SharedResult : public std::enable_shared_from_this<SharedResult<T>> {
 public:
  void set(Result<T> result) {
    std::vector<std::shared_ptr<Waker>> waiters;
    {
      const std::lock_guard lock(mutex_);
      if (result_) return;
      result_.emplace(std::move(result));
      waiters.swap(waiters_);
    }
    for (auto& waiter : waiters) waiter->wake();
  }

  // The result, or timed_out / cancelled when this waiter gives up first.
  [[nodiscard]] static Task<Result<T>> wait(std::shared_ptr<SharedResult> self, CallContext context) {
    if (!self->ready()) {
      auto enrol = [self](std::shared_ptr<Waker> waker) { self->enrol(std::move(waker)); };
      co_await WakeAwaiter<decltype(enrol)>(context, std::move(enrol));
    }
    std::optional<Result<T>> copy = self->copy();
    if (copy) co_return std::move(*copy);
    co_return stopped_error(context);
  }

 private:
  [[nodiscard]] bool ready() const {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
  }
  [[nodiscard]] std::optional<Result<T>> copy() const {
    const std::lock_guard lock(mutex_);
    return result_;
  }
  void enrol(std::shared_ptr<Waker> waker) {
    {
      const std::lock_guard lock(mutex_);
      if (!result_) {
        waiters_.push_back(std::move(waker));
        return;
      }
    }
    waker->wake();
  }

  mutable std::mutex mutex_;
  std::optional<Result<T>> result_;
  std::vector<std::shared_ptr<Waker>> waiters_;
};

}  // namespace confab::net
