// Runs coroutines of the library as operations of a Runtime, one or many at once, and hands their results to the test.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <confab/call_options.hpp>
#include <confab/pending.hpp>
#include <confab/result.hpp>
#include <confab/runtime.hpp>
#include <confab/unique_function.hpp>

#include "net/runtime_core.hpp"
#include "util/task.hpp"

namespace confab::test {

namespace detail {
/// Waits for the task and keeps what it gives, which is read only after the operation has ended well.
template <class T>
Task<Result<void>> keep(Task<Result<T>> task, std::shared_ptr<std::optional<Result<T>>> kept) {
  kept->emplace(co_await std::move(task));
  if (!**kept) co_return (*kept)->error();
  co_return Result<void>();
}
}  // namespace detail

/// What `body(CallContext)` gives, on the loop of `user`. Whatever it is, one kind of operation carries it: each kind
/// takes the compiler half a second.
template <class T, class Body>
[[nodiscard]] Result<T> run(Runtime& runtime, Body body, CallOptions options = CallOptions(),
                            const std::string& user = "test") {
  using Work = UniqueFunction<Task<Result<void>>(net::CallContext)>;
  auto kept = std::make_shared<std::optional<Result<T>>>();
  Work work = [body = std::move(body), kept](net::CallContext context) mutable {
    return detail::keep<T>(body(std::move(context)), kept);
  };
  Result<void> ended = net::describe<void>(runtime.core(), user, std::move(options), std::move(work)).wait();
  if (!ended) return ended.error();
  return std::move(**kept);
}

/// The results of operations that run at the same time.
template <class T>
class Together {
 public:
  Together() : state_(std::make_shared<State>()) {}

  Operation start(Pending<T> pending) {
    std::size_t place = 0;
    {
      const std::lock_guard lock(state_->mutex);
      place = state_->results.size();
      state_->results.emplace_back();
    }
    return std::move(pending).start([state = state_, place](Result<T> result) {
      const std::lock_guard lock(state->mutex);
      state->results[place].emplace(std::move(result));
      ++state->ended;
      state->changed.notify_all();
    });
  }
  template <class Body>
  Operation start(Runtime& runtime, Body body, CallOptions options = CallOptions(), const std::string& user = "test") {
    return start(net::describe<T>(runtime.core(), user, std::move(options), std::move(body)));
  }

  /// Whether at least so many have ended, in time.
  [[nodiscard]] bool wait_for(std::size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, timeout, [&] { return state_->ended >= count; });
  }
  [[nodiscard]] std::size_t ended() const {
    const std::lock_guard lock(state_->mutex);
    return state_->ended;
  }
  /// All of them, in the order in which they were started; waits half a minute at most, then tells fewer. Of results
  /// that cannot be copied, once.
  [[nodiscard]] std::vector<Result<T>> all() {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_for(lock, std::chrono::seconds(30), [&] { return state_->ended == state_->results.size(); });
    std::vector<Result<T>> out;
    for (auto& result : state_->results) {
      if (!result) continue;
      if constexpr (std::is_copy_constructible_v<T>) {
        out.push_back(*result);
      } else {
        out.push_back(*std::move(result));
      }
    }
    return out;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::optional<Result<T>>> results;
    std::size_t ended = 0;
  };
  std::shared_ptr<State> state_;
};

}  // namespace confab::test
