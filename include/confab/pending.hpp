/// @file
/// Pending: an operation that has been described and not yet started; and Operation, its handle once it runs.
///
/// Every asynchronous member of the library returns a Pending. It is consumed once, in the style that suits the caller:
///
///     service.send(message).start([](Result<EventId> sent) { ... });   // a handler, on the host's executor
///     Result<EventId> sent = service.send(message).wait();             // block this thread
///     Result<EventId> sent = co_await service.send(message);           // suspend this coroutine
///
/// Beneath all three is one promise: completion with a Result, exactly once, never inside the call that started it, and
/// never two at a time for one user. It holds when the operation is cancelled, when the host's executor throws or drops
/// what it is handed, and when the Runtime is destroyed meanwhile. docs/threading.md says where things run.
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

/// A running operation, as its handle sees it. An implementer of ChatProvider or EventSource derives its own from it,
/// or returns a null pointer for operations that cannot be cancelled.
///
/// @par Lifetime   Shared by the handle and by whatever does the work; it may outlive the operation.
/// @par Threads    Any, several at once.
class CONFAB_EXPORT RunningOperation {
 public:
  /// For implementers to derive from.
  RunningOperation() = default;
  /// Not copied: handles share it.
  RunningOperation(const RunningOperation&) = delete;
  /// Not assigned: handles share it.
  RunningOperation& operator=(const RunningOperation&) = delete;
  /// Drops what the operation held. Not a cancellation.
  virtual ~RunningOperation();
  /// Ask it to end early. The completion comes as it would otherwise, later and once.
  ///
  /// @par Errors     None.
  /// @par Threads    Any. It must only post: it is called from stop callbacks, on threads that must not block.
  virtual void cancel() noexcept = 0;
};

/// A handler with the result that it is to be told. Made when the operation is started, so that telling needs no
/// memory.
///
/// @par Lifetime   Owned by whoever carries it.
/// @par Threads    One at a time.
class CONFAB_EXPORT Completion {
 public:
  /// For the library to derive from.
  Completion() = default;
  /// Not copied: it is told once.
  Completion(const Completion&) = delete;
  /// Not assigned: it is told once.
  Completion& operator=(const Completion&) = delete;
  /// Drops the handler.
  virtual ~Completion();
  /// Call the handler. Once.
  ///
  /// @par Errors     What the handler throws.
  virtual void run() = 0;
  /// For whoever carries it: the one behind it in a queue.
  std::unique_ptr<Completion> behind;
};

/// Carries completions to the host's executor, one at a time and in the order in which they were given.
///
/// @par Lifetime   Shared by every Pending that was made with it; it may outlive its Runtime.
/// @par Threads    Any, several at once.
class CONFAB_EXPORT Delivery {
 public:
  /// For implementers to derive from.
  Delivery() = default;
  /// Not copied: it keeps an order.
  Delivery(const Delivery&) = delete;
  /// Not assigned: it keeps an order.
  Delivery& operator=(const Delivery&) = delete;
  /// Runs nothing: what is queued keeps its Delivery alive until it has run.
  virtual ~Delivery();
  /// Run `completion` later, never inside this call, and never while another one of the same Delivery runs.
  ///
  /// @param completion Run exactly once, then destroyed. It may throw: that is caught, and logged.
  /// @par Errors     None: it needs no memory.
  virtual void deliver(std::unique_ptr<Completion> completion) noexcept = 0;
};

/// Whether the calling thread is one that wait() must not block: a loop, the dispatcher, or any thread inside a
/// handler.
///
/// @par Threads    Any; the answer is about the caller.
[[nodiscard]] CONFAB_EXPORT bool on_library_thread() noexcept;
/// The error of a second start: Errc::consumed.
[[nodiscard]] CONFAB_EXPORT Error consumed_error();
/// The error of a wait() that could never end: Errc::would_deadlock.
[[nodiscard]] CONFAB_EXPORT Error would_deadlock_error();

/// Starts the work, and calls its argument exactly once, from any thread, possibly before it returns.
template <class T>
using Begin = UniqueFunction<std::shared_ptr<RunningOperation>(UniqueFunction<void(Result<T>)>)>;

/// What a Pending holds until it is started. Implementers of the interfaces give it a Begin instead.
///
/// @par Lifetime   Owned by the Pending, and destroyed with it or once it has been begun.
/// @par Threads    One thread at a time.
template <class T>
class Work {
 public:
  /// For the library to derive from.
  Work() = default;
  /// Not copied: it is begun once.
  Work(const Work&) = delete;
  /// Not assigned: it is begun once.
  Work& operator=(const Work&) = delete;
  /// Drops what was not begun, which then never happens.
  virtual ~Work() = default;
  /// Start it. Once.
  ///
  /// @param self     This object, which belongs to the running operation from here on.
  /// @param done     Called exactly once, from any thread, possibly before begin() returns.
  /// @returns        What cancels it; null when there is nothing to cancel.
  /// @par Errors     Through `done`.
  virtual std::shared_ptr<RunningOperation> begin(std::unique_ptr<Work> self, UniqueFunction<void(Result<T>)> done) = 0;
};

/// Work that is a function.
///
/// @par Errors     None of its own; what the function throws leaves begin().
/// @par Lifetime   As Work.
/// @par Threads    As Work.
template <class T>
class BeginWork final : public Work<T> {
 public:
  /// Hold the function.
  ///
  /// @param begin    Not empty.
  explicit BeginWork(Begin<T> begin) noexcept : begin_(std::move(begin)) {}
  /// Call it. The function is destroyed when it returns.
  std::shared_ptr<RunningOperation> begin(std::unique_ptr<Work<T>> /*self*/,
                                          UniqueFunction<void(Result<T>)> done) override {
    return begin_(std::move(done));
  }

 private:
  /// Called once.
  Begin<T> begin_;
};

/// Take the work out, which leaves `pending` consumed: for parts of the library that wait for each other.
///
/// @returns        Null when it was consumed before.
template <class T>
std::unique_ptr<Work<T>> take_work(Pending<T>&& pending) noexcept;

/// Start without the executor: for parts of the library that wait for each other.
///
/// @param done     Called once, on whatever thread the completion happens; inside the call when `pending` was consumed.
/// @returns        What cancels it; null when there is nothing to cancel.
template <class T>
std::shared_ptr<RunningOperation> begin(Pending<T>&& pending, UniqueFunction<void(Result<T>)> done);

/// What start() has carried to the host: its handler, and the result once there is one.
///
/// @par Lifetime   Made by start(); it goes when the handler has run, or when nothing could be started.
/// @par Threads    One at a time: the result is put where the operation ends, the handler runs where it is delivered.
template <class T>
class HandlerCompletion final : public Completion {
 public:
  /// Without a result, and with the memory for it.
  explicit HandlerCompletion(UniqueFunction<void(Result<T>)> handler) noexcept : handler_(std::move(handler)) {}
  /// Take the result. Once, before it is carried anywhere.
  void put(Result<T> result) noexcept { result_.emplace(std::move(result)); }
  /// Call the handler, if there is one.
  ///
  /// @par Errors     What the handler throws.
  void run() override {
    if (handler_) handler_(std::move(*result_));
  }

 private:
  UniqueFunction<void(Result<T>)> handler_;
  std::optional<Result<T>> result_;
};

/// Where wait() sleeps: filled once by the completion, emptied once by the waiter.
template <class T>
class WaitSlot {
 public:
  /// Wake the waiter. Any thread; once.
  void put(Result<T> result) {
    const std::lock_guard lock(mutex_);
    result_.emplace(std::move(result));
    ready_.notify_one();  // under the lock: the waiter may destroy the slot as soon as it sees the result
  }
  /// Sleep until put(). One thread; once.
  [[nodiscard]] Result<T> take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return result_.has_value(); });
    return std::move(*result_);
  }

 private:
  /// Guards the result, and orders it before the waiter.
  std::mutex mutex_;
  /// Told when the result is there.
  std::condition_variable ready_;
  /// Set by the completion, before the waiting side goes on.
  std::optional<Result<T>> result_;
};

}  // namespace detail

/// Names a running operation, so that it can be cancelled. Dropping the handle does not cancel and does not wait.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   A handle; copies name the same operation. It may outlive the operation, its service and its Runtime.
/// @par Threads    Any; several threads may cancel the same operation.
class Operation {
 public:
  /// Name no operation; cancel() does nothing.
  ///
  /// Useful as a member that is assigned to later.
  Operation() noexcept = default;
  /// Used by Pending::start.
  ///
  /// @param running  What cancel() reaches; null for an operation that cannot be cancelled.
  explicit Operation(std::shared_ptr<detail::RunningOperation> running) noexcept : running_(std::move(running)) {}

  /// Ask the operation to end early, and return at once. Its completion still runs once, later: with Errc::cancelled,
  /// with Errc::outcome_unknown when a request had been written already, or with the result that won the race.
  /// Cancelling an operation that has ended, or twice, does nothing.
  ///
  /// @par Threads    Any, also inside handlers and stop callbacks: it only posts.
  void cancel() const noexcept {
    if (running_) running_->cancel();
  }

 private:
  /// Null when no operation is named, or when it cannot be cancelled.
  std::shared_ptr<detail::RunningOperation> running_;
};

/// An operation that has been described but not started. Consume it once, in the style that suits the caller.
///
/// Which style: start() from event-driven code and where many operations run at once; wait() in programs and tests,
/// on threads that have nothing else to do; co_await in coroutines, where code reads as with wait() and blocks nobody.
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
  /// What the completion carries beside an Error: Result<value_type>.
  using value_type = T;

  /// Describe an operation. Used by the library, and by those who implement its interfaces.
  ///
  /// @param delivery Carries the completion to the host; not null.
  /// @param begin    Starts the work when it is called, and calls what it is given once, from any thread. Not called
  ///                 when the Pending is dropped; what it captured is then destroyed with it.
  Pending(std::shared_ptr<detail::Delivery> delivery, detail::Begin<T> begin) : delivery_(std::move(delivery)) {
    if (begin) work_ = std::make_unique<detail::BeginWork<T>>(std::move(begin));
  }
  /// Describe an operation. Used by the library.
  ///
  /// @param delivery As above.
  /// @param work     Begun once, or destroyed with the Pending.
  Pending(std::shared_ptr<detail::Delivery> delivery, std::unique_ptr<detail::Work<T>> work) noexcept
      : delivery_(std::move(delivery)), work_(std::move(work)) {}
  /// Move the description; `other` then counts as started, and answers Errc::consumed.
  ///
  /// @par Errors     None.
  Pending(Pending && other) noexcept : delivery_(other.delivery_), work_(std::move(other.work_)) {}
  /// Descriptions are made, not reassigned: an assignment could drop one that was meant to run.
  Pending& operator=(Pending&&) = delete;

  /// Start, and have `handler` called with the result on the executor of the Runtime.
  ///
  /// @param handler  Called exactly once, never inside start(). An exception that it throws is swallowed and logged.
  ///                 Empty: the operation runs, and its result is dropped.
  /// @returns        A handle to cancel with; it may be dropped.
  /// @par Errors     Through the handler; Errc::consumed when it was started before. std::bad_alloc where there is no
  ///                 memory to start it: nothing was started, and the handler is destroyed without a call.
  /// @par Lifetime   The handler, with what it captured, is destroyed on the executor right after it has run.
  /// @par Threads    Any, also inside handlers.
  /// @par Cancel     By the handle, or by the stop token of CallOptions.
  Operation start(UniqueFunction<void(Result<T>)> handler) && {
    // make_unique would double what is compiled.
    std::unique_ptr<detail::HandlerCompletion<T>> completion(new detail::HandlerCompletion<T>(std::move(handler)));
    if (!work_) {
      completion->put(detail::consumed_error());
      delivery_->deliver(std::move(completion));
      return Operation();
    }
    detail::Work<T>& work = *work_;
    return Operation(work.begin(std::move(work_),
                                [delivery = delivery_, completion = std::move(completion)](Result<T> result) mutable {
                                  completion->put(std::move(result));
                                  delivery->deliver(std::move(completion));
                                }));
  }

  /// Start, and block the calling thread until the result is there. The deadline of the call (30 s unless CallOptions
  /// says otherwise) bounds the wait. The executor is not used: an executor that stands still cannot hold it up.
  ///
  /// @returns        The result of the operation.
  /// @par Errors     Errc::would_deadlock on a thread of the library, inside a handler or in a resumed coroutine; the
  ///                 operation is then not started and may still be consumed otherwise. Errc::consumed as above.
  /// @par Threads    Threads of the host, outside handlers.
  /// @par Cancel     By the stop token of CallOptions, from another thread.
  [[nodiscard]] Result<T> wait() && {
    if (!work_) return detail::consumed_error();
    if (detail::on_library_thread()) return detail::would_deadlock_error();
    auto slot = std::make_shared<detail::WaitSlot<T>>();
    detail::Work<T>& work = *work_;
    work.begin(std::move(work_), [slot](Result<T> result) { slot->put(std::move(result)); });
    return slot->take();
  }

  /// What co_await works with; not for use by name.
  class Awaiter {
   public:
    /// Hold the operation until the coroutine has been suspended.
    explicit Awaiter(Pending pending) noexcept : pending_(std::move(pending)) {}
    /// Never: a completion does not run inside the call that starts it, so the coroutine always suspends.
    ///
    /// @returns        False.
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    /// Start the operation; its completion resumes the coroutine.
    ///
    /// @param waiting  The coroutine; by the time this returns it may have run to its end on another thread.
    void await_suspend(std::coroutine_handle<> waiting) {
      // The completion may run on another thread, and destroy the frame that holds this awaiter, before start()
      // returns: from here on only the stack is touched.
      Pending pending(std::move(pending_));
      std::move(pending).start([this, waiting](Result<T> result) {
        result_.emplace(std::move(result));
        waiting.resume();
      });
    }
    /// Hand over the result.
    ///
    /// @returns        What the co_await expression is worth.
    [[nodiscard]] Result<T> await_resume() { return std::move(*result_); }

   private:
    /// Emptied by await_suspend(), before the operation can complete.
    Pending pending_;
    std::optional<Result<T>> result_;
  };

  /// Start, and suspend the coroutine until the result is there; it goes on, on the executor, with a Result<T>.
  ///
  /// @returns        From the co_await expression: the result. An error is a value here too, nothing is thrown.
  /// @par Errors     As start().
  /// @par Lifetime   The coroutine must not be destroyed while it is suspended here: cancel, and let it be resumed.
  /// @par Threads    The coroutine goes on where handlers run, so wait() answers Errc::would_deadlock from there on.
  /// @par Cancel     By the stop token of CallOptions.
  [[nodiscard]] Awaiter operator co_await() && noexcept { return Awaiter(std::move(*this)); }

 private:
  template <class U>
  friend std::unique_ptr<detail::Work<U>> detail::take_work(Pending<U> && pending) noexcept;

  /// Kept when moved from, so that a second start can still answer.
  std::shared_ptr<detail::Delivery> delivery_;
  /// Null once started or moved from.
  std::unique_ptr<detail::Work<T>> work_;
};

namespace detail {
template <class T>
std::unique_ptr<Work<T>> take_work(Pending<T>&& pending) noexcept {
  return std::move(pending.work_);
}

template <class T>
std::shared_ptr<RunningOperation> begin(Pending<T>&& pending, UniqueFunction<void(Result<T>)> done) {
  std::unique_ptr<Work<T>> owned = take_work(std::move(pending));
  if (!owned) {
    done(consumed_error());
    return nullptr;
  }
  Work<T>& work = *owned;
  return work.begin(std::move(owned), std::move(done));
}
}  // namespace detail

}  // namespace confab
