// Awaits a Pending from a coroutine of ours and comes back on the same loop, without a hop over the host's executor.
//
// A Pending of this library that runs on the same loop, as all of one user do, becomes a part of the operation that
// waits for it. Anything else, a host's own provider above all, is an operation of its own.
#pragma once

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include <confab/pending.hpp>

#include "net/call_context.hpp"
#include "net/runtime_core.hpp"
#include "util/task.hpp"

namespace confab::net {

template <class T>
class PendingOnLoop {
 public:
  PendingOnLoop(CallContext context, std::unique_ptr<confab::detail::Work<T>> work)
      : context_(std::move(context)), work_(std::move(work)), slot_(std::make_shared<Slot>()) {}
  // The frame may be destroyed where it waits, when a loop stops: a completion that comes later finds nobody.
  ~PendingOnLoop() { slot_->leave(); }
  PendingOnLoop(const PendingOnLoop&) = delete;
  PendingOnLoop& operator=(const PendingOnLoop&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    EventLoop& loop = context_.loop();
    slot_->waiting = waiting;
    // Resumed by a post: only when this function has returned, so the awaiter is alive while it is used here.
    confab::detail::Work<T>& work = *work_;
    auto running = work.begin(std::move(work_), [slot = slot_, &loop](Result<T> result) mutable {
      const std::lock_guard lock(slot->mutex);
      if (!slot->waiting) return;
      slot->result.emplace(std::move(result));
      loop.post(std::shared_ptr<EventLoop::Errand>(slot));
    });
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
  struct Slot final : EventLoop::Errand {
    void run() override {
      if (const auto resumed = leave()) resumed.resume();
    }
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
  std::unique_ptr<confab::detail::Work<T>> work_;
  std::shared_ptr<Slot> slot_;
  std::optional<std::stop_callback<Cancel>> on_stop_;
};

template <class T>
[[nodiscard]] Task<Result<T>> run_apart(std::unique_ptr<confab::detail::Work<T>> work, CallContext context) {
  if (!work) co_return confab::detail::consumed_error();
  PendingOnLoop<T> waiting(std::move(context), std::move(work));
  Result<T> result = co_await waiting;
  co_return result;
}

// To be awaited at once.
template <class T>
[[nodiscard]] Task<Result<T>> on_loop(CallContext context, Pending<T> pending) {
  std::unique_ptr<confab::detail::Work<T>> work = confab::detail::take_work(std::move(pending));
  auto* const described = dynamic_cast<DescribedWork<T>*>(work.get());
  if (described != nullptr && described->runs_on(context.loop())) {
    CallContext part = described->part_of(std::move(context));
    static_cast<void>(work.release());
    return run_described<T>(std::unique_ptr<DescribedWork<T>>(described), std::move(part));
  }
  return run_apart<T>(std::move(work), std::move(context));
}

}  // namespace confab::net
