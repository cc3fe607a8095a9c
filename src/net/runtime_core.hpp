// RuntimeCore: what a Runtime owns, and how an operation is described, begun, cancelled and completed on it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <confab/call_options.hpp>
#include <confab/pending.hpp>
#include <confab/runtime.hpp>

#include "net/alert_news.hpp"
#include "net/call_context.hpp"
#include "net/delivery.hpp"
#include "net/event_loop.hpp"
#include "util/log.hpp"
#include "util/no_memory.hpp"
#include "util/task.hpp"

namespace confab::net {

class NameResolver;
class TrustStore;

// One running operation in the list that ~Runtime closes.
class ActiveOperation : public confab::detail::RunningOperation, public EventLoop::Errand {
 public:
  // Completes with Errc::closed unless it has completed already.
  virtual void close() noexcept = 0;
  // A reference that keeps it alive, or null when its last one is just going away.
  [[nodiscard]] virtual std::shared_ptr<ActiveOperation> hold() noexcept = 0;

 private:
  friend class RuntimeCore;
  ActiveOperation* previous_ = nullptr;
  ActiveOperation* next_ = nullptr;
  bool listed_ = false;
  std::shared_ptr<ActiveOperation> also_cancelled_;
};

class RuntimeCore : public std::enable_shared_from_this<RuntimeCore> {
 public:
  explicit RuntimeCore(const RuntimeOptions& options);
  ~RuntimeCore();
  RuntimeCore(const RuntimeCore&) = delete;
  RuntimeCore& operator=(const RuntimeCore&) = delete;

  [[nodiscard]] std::size_t loops() const noexcept { return loops_.size(); }
  [[nodiscard]] EventLoop& loop(std::size_t index) noexcept { return *loops_[index]; }
  // The loop on which everything of one user happens, and the delivery that serialises its handlers.
  [[nodiscard]] EventLoop& loop_for(std::string_view user) noexcept;
  [[nodiscard]] std::shared_ptr<SerialDelivery> delivery_for(std::string_view user) noexcept;
  [[nodiscard]] const Log& log() const noexcept { return log_; }
  [[nodiscard]] const std::shared_ptr<AlertNews>& alerts() const noexcept { return alerts_; }

  // Shared by all clients: names are resolved once, and each file of authorities is read once.
  [[nodiscard]] const std::shared_ptr<NameResolver>& resolver() const noexcept { return resolver_; }
  [[nodiscard]] std::shared_ptr<TrustStore> trust(const std::string& ca_file);

  // False when the Runtime is going away: the operation is not listed, and its caller closes it.
  [[nodiscard]] bool add(ActiveOperation& operation) noexcept;
  void remove(ActiveOperation& operation) noexcept;

  // Whether ~Runtime has begun: what ends from here on by a cancellation was closed.
  [[nodiscard]] bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }

  // Made beforehand, so that what ends an operation where nothing else does needs no memory.
  [[nodiscard]] const Error& closed_error() const noexcept { return closed_error_; }
  [[nodiscard]] const Error& lost_error() const noexcept { return lost_error_; }

  // What ~Runtime does; once.
  void shut_down();

 private:
  void cancel_all();
  void close_all();

  static constexpr std::size_t deliveries_count = 64;  // handlers of users that share one of these run one at a time
  const Error closed_error_{Errc::closed, "the Runtime of this operation was closed"};
  const Error lost_error_{Errc::internal, "the operation was lost; please report it"};
  void log_stall(std::chrono::nanoseconds took) const;

  std::shared_ptr<AlertNews> alerts_;
  Log log_;
  std::shared_ptr<SerialDelivery::Shared> shared_delivery_;
  std::shared_ptr<SerialDelivery> alert_delivery_;  // its own: an alert waits for no user's handler
  std::array<std::shared_ptr<SerialDelivery>, deliveries_count> deliveries_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::shared_ptr<NameResolver> resolver_;
  std::mutex trust_mutex_;
  std::map<std::string, std::weak_ptr<TrustStore>> trust_;
  std::mutex active_mutex_;
  ActiveOperation* active_ = nullptr;
  std::atomic<bool> closing_{false};  // set under the mutex, so that no operation slips in behind the list
};

// The error for the exception that is being handled; none is expected.
[[nodiscard]] Error error_of_exception();

template <class T>
class OperationCore final : public ActiveOperation, public std::enable_shared_from_this<OperationCore<T>> {
 public:
  OperationCore(std::shared_ptr<RuntimeCore> core, EventLoop& loop, const CallOptions& options,
                UniqueFunction<void(Result<T>)> done)
      : core_(std::move(core)), loop_(&loop), deadline_(options.deadline_from(Clock::now())), done_(std::move(done)) {}
  // Dropped without a completion: the loop stopped before it ran, or destroyed it where it waited. It still answers.
  ~OperationCore() override {
    if (finished_.load(std::memory_order_acquire)) return;
    finish(core_->closing() ? core_->closed_error() : core_->lost_error());
  }

  // Once.
  [[nodiscard]] CallContext context() {
    AttemptsBudget attempts(std::shared_ptr<unsigned>(this->shared_from_this(), &attempts_));
    return CallContext(*loop_, deadline_, stop_.get_token(), std::move(attempts));
  }
  [[nodiscard]] EventLoop& loop() noexcept { return *loop_; }

  // Hears the host's stop token until the operation ends.
  void listen(const std::stop_token& host) {
    if (host.stop_possible()) host_stop_.emplace(host, Canceller(this->weak_from_this()));
  }

  void cancel() noexcept override {
    if (finished_.load(std::memory_order_acquire)) return;
    loop_->post(std::shared_ptr<EventLoop::Errand>(this->shared_from_this()));
  }
  void run() override { stop_.request_stop(); }

  void finish(Result<T> result) noexcept {
    if (finished_.exchange(true, std::memory_order_acq_rel)) return;
    core_->remove(*this);
    UniqueFunction<void(Result<T>)> done = std::move(done_);
    // ~Runtime ends operations by cancelling them; their callers did not.
    const bool closed = !result.has_value() && result.error().code() == Errc::cancelled && core_->closing();
    done(closed ? Result<T>(core_->closed_error()) : std::move(result));
    host_stop_.reset();
  }
  // Ends it without a completion, as if it had never begun. False where it has ended otherwise.
  [[nodiscard]] bool forget() noexcept {
    if (finished_.exchange(true, std::memory_order_acq_rel)) return false;
    core_->remove(*this);
    done_ = nullptr;
    host_stop_.reset();
    return true;
  }

  void close() noexcept override { finish(core_->closed_error()); }
  std::shared_ptr<ActiveOperation> hold() noexcept override { return this->weak_from_this().lock(); }

 private:
  class Canceller {
   public:
    explicit Canceller(std::weak_ptr<OperationCore> operation) : operation_(std::move(operation)) {}
    void operator()() const noexcept {
      if (auto operation = operation_.lock()) operation->cancel();
    }

   private:
    std::weak_ptr<OperationCore> operation_;
  };

  std::shared_ptr<RuntimeCore> core_;
  EventLoop* loop_;
  TimePoint deadline_;
  std::stop_source stop_;
  unsigned attempts_ = 0;
  UniqueFunction<void(Result<T>)> done_;
  std::optional<std::stop_callback<Canceller>> host_stop_;
  std::atomic<bool> finished_{false};
};

// What describe() makes: an operation of its own once it is started, or a part of one that runs already. All but the
// work itself is here, compiled once per result and not once per operation.
template <class T>
class DescribedWork : public confab::detail::Work<T> {
 public:
  DescribedWork(std::shared_ptr<RuntimeCore> core, EventLoop& loop, CallOptions options)
      : core_(std::move(core)), loop_(&loop), options_(std::move(options)) {}

  std::shared_ptr<confab::detail::RunningOperation> begin(std::unique_ptr<confab::detail::Work<T>> self,
                                                          UniqueFunction<void(Result<T>)> done) final;
  // Whether an operation on this loop may run it as a part of itself.
  [[nodiscard]] bool runs_on(const EventLoop& loop) const noexcept {
    return loop_ == &loop && !options_.stop_token().stop_possible();
  }
  // As a part of the operation that `whole` belongs to: with its stop, at most its deadline, and a budget of its own.
  [[nodiscard]] CallContext part_of(CallContext whole) const {
    return whole.detached(std::min(whole.deadline(), options_.deadline_from(Clock::now())), whole.stop());
  }
  // Once. This object outlives the task.
  [[nodiscard]] virtual Task<Result<T>> run(CallContext context) = 0;

 private:
  std::shared_ptr<RuntimeCore> core_;
  EventLoop* loop_;
  CallOptions options_;
};

template <class T>
Task<Result<T>> run_described(std::unique_ptr<DescribedWork<T>> work, CallContext context) {
  std::optional<Result<T>> result;
  try {
    result.emplace(co_await work->run(std::move(context)));
  } catch (...) {
    result.emplace(error_of_exception());
  }
  co_return std::move(*result);
}

template <class T>
Task<void> run_operation(std::shared_ptr<OperationCore<T>> operation, std::unique_ptr<DescribedWork<T>> work) {
  std::optional<Result<T>> result;
  try {
    result.emplace(co_await work->run(operation->context()));
  } catch (...) {
    result.emplace(error_of_exception());
  }
  operation->finish(std::move(*result));
}

template <class T>
std::shared_ptr<confab::detail::RunningOperation> DescribedWork<T>::begin(std::unique_ptr<confab::detail::Work<T>> self,
                                                                          UniqueFunction<void(Result<T>)> done) {
  std::unique_ptr<DescribedWork<T>> work(static_cast<DescribedWork<T>*>(self.release()));
  auto operation = std::make_shared<OperationCore<T>>(core_, *loop_, options_, std::move(done));
  operation->listen(options_.stop_token());  // before others can see it, and end it
  try {
    const bool posted = core_->add(*operation) && loop_->post([operation, work = std::move(work)]() mutable {
      try {
        operation->loop().spawn(run_operation<T>(operation, std::move(work)));
      } catch (const std::bad_alloc&) {
        operation->finish(no_memory());  // no frame to run in
      }
    });
    if (!posted) operation->close();
  } catch (const std::bad_alloc&) {  // nobody has heard of it yet, but for a Runtime that ends at this moment
    if (operation->forget()) throw;
  }
  return operation;
}

template <class T, class Body>
class Described final : public DescribedWork<T> {
 public:
  Described(std::shared_ptr<RuntimeCore> core, EventLoop& loop, CallOptions options, Body body)
      : DescribedWork<T>(std::move(core), loop, std::move(options)), body_(std::move(body)) {}
  [[nodiscard]] Task<Result<T>> run(CallContext context) override { return body_(std::move(context)); }

 private:
  Body body_;
};

// Describes an operation whose work is the coroutine that `body(CallContext)` returns, on the loop of `user`. The body
// object lives as long as the coroutine, so it may be a lambda with captures.
template <class T, class Body>
[[nodiscard]] Pending<T> describe(const std::shared_ptr<RuntimeCore>& core, std::string_view user, CallOptions options,
                                  Body body) {
  std::unique_ptr<confab::detail::Work<T>> work(
      new Described<T, Body>(core, core->loop_for(user), std::move(options), std::move(body)));
  return Pending<T>(core->delivery_for(user), std::move(work));
}

}  // namespace confab::net
