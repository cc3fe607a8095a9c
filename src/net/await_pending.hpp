// Awaits a Pending from a coroutine of ours and comes back on the same loop, without a hop over the host's executor.
#pragma once

#include <coroutine>
#include <memory>
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
  PendingOnLoop(CallContext context, Pending<T> pending) : context_(std::move(context)), pending_(std::move(pending)) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    EventLoop& loop = context_.loop();
    // Resumed by a post: only when this function has returned, so the awaiter is alive while it is used here.
    auto running = confab::detail::begin(std::move(pending_), UniqueFunction<void(Result<T>)>([this, waiting, &loop](Result<T> result) {
      result_.emplace(std::move(result));
      loop.post([waiting] { waiting.resume(); });
    }));
    if (running && context_.stop().stop_possible()) {
      on_stop_.emplace(context_.stop(), Cancel{std::move(running)});
    }
  }
  [[nodiscard]] Result<T> await_resume() {
    on_stop_.reset();
    return std::move(*result_);
  }

 private:
  struct Cancel {
    std::shared_ptr<confab::detail::RunningOperation> running;
    void operator()() const noexcept { running->cancel(); }
  };
  CallContext context_;
  Pending<T> pending_;
  std::optional<Result<T>> result_;
  std::optional<std::stop_callback<Cancel>> on_stop_;
};

template <class T>
[[nodiscard]] PendingOnLoop<T> on_loop(CallContext context, Pending<T> pending) {
  return PendingOnLoop<T>(std::move(context), std::move(pending));
}

}  // namespace confab::net
