// How a call becomes an operation: describe it, start it, and deliver its result as one event.
#pragma once

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include <confab/pending.hpp>

#include "capi/guard.hpp"
#include "capi/handle.hpp"
#include "capi/queue.hpp"
#include "util/json.hpp"

namespace confab::capi {

/// An operation that may still have to begin. Any thread.
class Begun {
 public:
  void set(const Operation& operation) {
    const std::lock_guard lock(mutex_);
    begun_ = true;
    operation_ = operation;
    if (cancelled_) operation_.cancel();
  }
  /// What is done before it begins.
  void set_before(Operation operation) {
    const std::lock_guard lock(mutex_);
    if (!begun_) operation_ = std::move(operation);
  }
  void cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    operation_.cancel();
  }

 private:
  std::mutex mutex_;
  Operation operation_;
  bool begun_ = false;
  bool cancelled_ = false;
};

}  // namespace confab::capi

struct confab_operation : confab::capi::HandleOf<confab::capi::Kind::operation> {
  const std::shared_ptr<confab::capi::Begun> running = std::make_shared<confab::capi::Begun>();
};

namespace confab::capi {

/// The tail of every operation's arguments.
struct Ask {
  confab_queue* queue;
  std::uint64_t tag;
  confab_operation** operation;
  confab_error** error;
};

/// Turns a result into the event's JSON object.
template <class T, class Write>
void tell(confab_event& event, const Result<T>& result, const Write& write) noexcept try {
  if (!result) return event.fail(result.error());
  json::Writer object;
  object.object();
  if constexpr (std::is_void_v<T>) {
    write(object);
  } else {
    write(object, *result);
  }
  event.succeed(std::move(object).finish());
} catch (...) {
  event.fail_without_memory();
}

/// Starts what was described, a pair of a Pending and what puts its result's members into an object.
template <class Described>
Operation run(Ticket ticket, Described described) {
  using Value = typename decltype(described.first)::value_type;
  return std::move(described.first)
      .start([ticket = std::move(ticket), write = std::move(described.second)](const Result<Value>& result) mutable {
        tell(ticket.event(), result, write);
        ticket.deliver();
      });
}

/// `describe` checks the arguments and gives such a pair.
template <class Describe>
confab_status start(const Ask& ask, Describe describe) noexcept {
  if (ask.operation != nullptr) *ask.operation = nullptr;
  return guarded(ask.error, [&] {
    const std::shared_ptr<QueueCore> queue = require(ask.queue, "queue").core;
    auto described = describe();
    Ref<confab_operation> handle(ask.operation == nullptr ? nullptr : new confab_operation);
    const Operation running = run(Ticket(queue, CONFAB_EVENT_COMPLETION, ask.tag), std::move(described));
    if (!handle) return;
    handle->running->set(running);
    *ask.operation = std::move(handle).give();
  });
}

}  // namespace confab::capi
