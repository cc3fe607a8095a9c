// Handover: one coroutine waits on its loop for a value that another thread makes, until a deadline or a stop.
#pragma once

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "net/event_loop.hpp"
#include "net/stop_wake.hpp"

namespace confab::net {

template <class T>
class Handover final : public EventLoop::Errand, public std::enable_shared_from_this<Handover<T>> {
 public:
  explicit Handover(EventLoop& loop) : loop_(&loop) {}

  // Any thread. Nothing happens when nobody waits any more: the loop may be gone by then, which is why the mutex is
  // held. It needs no memory.
  void deliver(T value) noexcept {
    const std::lock_guard lock(mutex_);
    if (loop_ == nullptr || value_) return;
    value_.emplace(std::move(value));
    loop_->post(std::shared_ptr<EventLoop::Errand>(this->shared_from_this()));
  }
  // Any thread. Whether nobody waits any more.
  [[nodiscard]] bool abandoned() const {
    const std::lock_guard lock(mutex_);
    return loop_ == nullptr;
  }
  // Loop thread. No value came because of the stop, not the deadline.
  [[nodiscard]] bool by_stop() const noexcept { return by_stop_; }

  // Awaited once, as a named object. Gives no value when the deadline or the stop came first.
  class Wait {
   public:
    Wait(std::shared_ptr<Handover> handover, TimePoint deadline, std::stop_token stop)
        : handover_(std::move(handover)), deadline_(deadline), stop_(std::move(stop)) {}
    ~Wait() { handover_->abandon(); }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      handover_->waiting_ = waiting;
      handover_->timer_ = handover_->loop_->at(deadline_, [weak = std::weak_ptr(handover_)] {
        if (const auto handover = weak.lock()) handover->resume();
      });
      on_stop_.listen(stop_, *handover_->loop_, handover_);
    }
    [[nodiscard]] std::optional<T> await_resume() {
      const std::lock_guard lock(handover_->mutex_);
      return std::move(handover_->value_);
    }

   private:
    std::shared_ptr<Handover> handover_;
    TimePoint deadline_;
    std::stop_token stop_;
    StopWake on_stop_;
  };

  // The value came, or else the stop.
  void run() override {
    {
      const std::lock_guard lock(mutex_);
      by_stop_ = !value_;
    }
    resume();
  }

 private:
  void resume() {
    timer_.cancel();
    if (waiting_) std::exchange(waiting_, nullptr).resume();
  }
  void abandon() {
    timer_.cancel();
    waiting_ = nullptr;
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

  mutable std::mutex mutex_;
  EventLoop* loop_;  // guarded by the mutex; changed on the loop's thread only
  std::coroutine_handle<> waiting_;
  EventLoop::Timer timer_;
  std::optional<T> value_;  // guarded by the mutex
  bool by_stop_ = false;
};

}  // namespace confab::net
