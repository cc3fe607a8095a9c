// Awaits a Pending from a coroutine of ours and comes back on the same loop, without a hop over the host's executor.
#pragma once

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include <confab/pending.hpp>

#include "net/call_context.hpp"
#include "util/task.hpp"

namespace confab::net {

template <class T>
class PendingOnLoop {
 public:
  PendingOnLoop(CallContext context, Pending<T> pending)
      : context_(std::move(context)), pending_(std::move(pending)), slot_(std::make_shared<Slot>()) {}
  // The frame may be destroyed where it waits, when a loop stops: a completion that comes later finds nobody.
  ~PendingOnLoop() { slot_->leave(); }
  PendingOnLoop(const PendingOnLoop&) = delete;
  PendingOnLoop& operator=(const PendingOnLoop&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    EventLoop& loop = context_.loop();
    slot_->waiting = waiting;
    // Resumed by a post: only when this function has returned, so the awaiter is alive while it is used here.
    auto running = confab::detail::begin(
        std::move(pending_), UniqueFunction<void(Result<T>)>([slot = slot_, &loop](Result<T> result) mutable {
          const std::lock_guard lock(slot->mutex);
          if (!slot->waiting) return;
          slot->result.emplace(std::move(result));
          loop.post([slot] {
            if (const auto resumed = slot->leave()) resumed.resume();
          });
        }));
    if (running && context_.stop().stop_possible()) {
      on_stop_.emplace(context_.stop(), Cancel{std::move(running)});
    }
  }
  [[nodiscard]] Result<T> await_resume() {
    on_stop_.reset();
    return std::move(*slot_->result);
  }

 private:
  // Shared with the completion, which may come from any thread. While somebody waits here, their loop exists.
  struct Slot {
    std::coroutine_handle<> leave() noexcept {
      const std::lock_guard lock(mutex);
      return std::exchange(waiting, nullptr);
    }
    std::mutex mutex;
    std::coroutine_handle<> waiting;
    std::optional<Result<T>> result;
  };
  struct Cancel {
    std::shared_ptr<confab::detail::RunningOperation> running;
    void operator()() const noexcept { running->cancel(); }
  };
  CallContext context_;
  Pending<T> pending_;
  std::shared_ptr<Slot> slot_;
  std::optional<std::stop_callback<Cancel>> on_stop_;
};

template <class T>
[[nodiscard]] PendingOnLoop<T> on_loop(CallContext context, Pending<T> pending) {
  return PendingOnLoop<T>(std::move(context), std::move(pending));
}

}  // namespace confab::net
