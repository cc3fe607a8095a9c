/// @file
/// Pending: an operation that has been described and not yet started; and Operation, its handle once it runs.
///
/// Every asynchronous member of the library returns a Pending. It is consumed once, in the style that suits the caller:
/// `.start(handler)`, `.wait()` or `co_await`. Beneath all three is one promise: completion with a Result, exactly
/// once, never inside the call that started it, never two at a time for one user.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <confab/export.hpp>
#include <confab/result.hpp>
#include <confab/unique_function.hpp>

namespace confab {

template <class T>
class Pending;

namespace detail {

/// A running operation, as its handle sees it.
class CONFAB_EXPORT RunningOperation {
 public:
  RunningOperation() = default;
  RunningOperation(const RunningOperation&) = delete;
  RunningOperation& operator=(const RunningOperation&) = delete;
  virtual ~RunningOperation();
  /// Ask it to end early; any thread; only posts.
  virtual void cancel() noexcept = 0;
};

/// Carries completions to the host's executor, one at a time.
class CONFAB_EXPORT Delivery {
 public:
  Delivery() = default;
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  virtual ~Delivery();
  /// Run `task` later, never inside this call.
  virtual void deliver(UniqueFunction<void()> task) = 0;
};

/// Whether the calling thread is one that wait() must not block: a loop, the dispatcher, or inside a handler.
[[nodiscard]] CONFAB_EXPORT bool on_library_thread() noexcept;
/// The error of a second start.
[[nodiscard]] CONFAB_EXPORT Error consumed_error();
/// The error of a wait() that could never end.
[[nodiscard]] CONFAB_EXPORT Error would_deadlock_error();

/// Starts the work; calls its argument exactly once, from any thread.
template <class T>
using Begin = UniqueFunction<std::shared_ptr<RunningOperation>(UniqueFunction<void(Result<T>)>)>;

/// Start without the executor: for parts of the library that wait for each other.
template <class T>
std::shared_ptr<RunningOperation> begin(Pending<T>&& pending, UniqueFunction<void(Result<T>)> done);

/// Where wait() sleeps.
template <class T>
class WaitSlot {
 public:
  /// Wake the waiter.
  void put(Result<T> result) {
    const std::lock_guard lock(mutex_);
    result_.emplace(std::move(result));
    ready_.notify_one();  // under the lock: the waiter may destroy the slot as soon as it sees the result
  }
  /// Sleep until put().
  [[nodiscard]] Result<T> take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return result_.has_value(); });
    return std::move(*result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::optional<Result<T>> result_;
};

}  // namespace detail

/// Names a running operation. Dropping it does not cancel.
///
/// @par Threads    Any; several threads may cancel the same operation.
class Operation {
 public:
  /// Name no operation; cancel() does nothing.
  Operation() noexcept = default;
  /// Used by Pending::start.
  explicit Operation(std::shared_ptr<detail::RunningOperation> running) noexcept : running_(std::move(running)) {}

  /// Ask the operation to end early. Its completion still runs once: with Errc::cancelled, with Errc::outcome_unknown
  /// when a request had been written already, or with the result that won the race. Returns at once; a no-op on an
  /// operation that has ended.
  void cancel() const noexcept {
    if (running_) running_->cancel();
  }

 private:
  std::shared_ptr<detail::RunningOperation> running_;
};

/// An operation that has been described but not started. Consume it once, in the style that suits the caller.
///
/// A Pending that is dropped does nothing at all. Starting one twice (after a move the source counts as started) gives
/// Errc::consumed. Wrong arguments are reported the same way as every failure: by the completion.
///
/// @par Lifetime   Arguments were copied when it was made; it may outlive the handle it came from. Started after its
///                 Runtime is gone, it completes with Errc::closed.
/// @par Threads    One thread at a time.
template <class T>
class [[nodiscard("nothing runs until start(), wait() or co_await")]] Pending {
 public:
  /// What the completion carries.
  using value_type = T;

  /// Used by the library and by those who implement its interfaces: describe an operation.
  Pending(std::shared_ptr<detail::Delivery> delivery, detail::Begin<T> begin)
      : delivery_(std::move(delivery)), begin_(std::move(begin)) {}
  /// Move the description; `other` then counts as started.
  Pending(Pending&& other) noexcept : delivery_(other.delivery_), begin_(std::move(other.begin_)) {}
  /// Descriptions are made, not reassigned.
  Pending& operator=(Pending&&) = delete;

  /// Start, and have `handler` called with the result on the executor of the Runtime.
  ///
  /// @param handler  Called exactly once, never inside start(). An exception that it throws is swallowed and logged.
  /// @returns        A handle to cancel with; it may be dropped.
  /// @par Errors     Through the handler; Errc::consumed when it was started before.
  Operation start(UniqueFunction<void(Result<T>)> handler) && {
    if (!begin_) {
      delivery_->deliver([handler = std::move(handler)] { handler(detail::consumed_error()); });
      return Operation();
    }
    return Operation(take_begin()([delivery = delivery_, handler = std::move(handler)](Result<T> result) mutable {
      delivery->deliver([handler = std::move(handler), result = std::move(result)]() mutable { handler(std::move(result)); });
    }));
  }

  /// Start, and block the calling thread until the result is there. The deadline of the call bounds the wait.
  ///
  /// @par Errors     Errc::would_deadlock on a thread of the library, inside a handler or in a resumed coroutine; the
  ///                 operation is then not started and may still be consumed otherwise. Errc::consumed as above.
  [[nodiscard]] Result<T> wait() && {
    if (!begin_) return detail::consumed_error();
    if (detail::on_library_thread()) return detail::would_deadlock_error();
    auto slot = std::make_shared<detail::WaitSlot<T>>();
    take_begin()([slot](Result<T> result) { slot->put(std::move(result)); });
    return slot->take();
  }

  /// What co_await works with; not for use by name.
  class Awaiter {
   public:
    explicit Awaiter(Pending pending) noexcept : pending_(std::move(pending)) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      // The completion may run on another thread, and destroy the frame that holds this awaiter, before start()
      // returns: from here on only the stack is touched.
      Pending pending(std::move(pending_));
      std::move(pending).start([this, waiting](Result<T> result) {
        result_.emplace(std::move(result));
        waiting.resume();
      });
    }
    [[nodiscard]] Result<T> await_resume() { return std::move(*result_); }

   private:
    Pending pending_;
    std::optional<Result<T>> result_;
  };

  /// Start, and suspend the coroutine until the result is there; it goes on, on the executor, with a Result<T>.
  [[nodiscard]] Awaiter operator co_await() && noexcept { return Awaiter(std::move(*this)); }

 private:
  template <class U>
  friend std::shared_ptr<detail::RunningOperation> detail::begin(Pending<U>&& pending, UniqueFunction<void(Result<U>)> done);
  detail::Begin<T> take_begin() noexcept { return std::exchange(begin_, nullptr); }

  std::shared_ptr<detail::Delivery> delivery_;  // kept when moved from, so that a second start can still answer
  detail::Begin<T> begin_;
};

namespace detail {
template <class T>
std::shared_ptr<RunningOperation> begin(Pending<T>&& pending, UniqueFunction<void(Result<T>)> done) {
  if (!pending.begin_) {
    done(consumed_error());
    return nullptr;
  }
  return pending.take_begin()(std::move(done));
}
}  // namespace detail

}  // namespace confab
