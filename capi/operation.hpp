// How a call becomes an operation: describe it, start it, and deliver its result as one event.
#pragma once

#include <type_traits>
#include <utility>

#include <confab/pending.hpp>

#include "capi/guard.hpp"
#include "capi/handle.hpp"
#include "capi/queue.hpp"
#include "util/json.hpp"

struct confab_operation : confab::capi::HandleOf<confab::capi::Kind::operation> {
  confab::Operation running;
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

/// `describe` checks the arguments and gives a pair: a Pending, and what puts its result's members into an object.
template <class Describe>
confab_status start(const Ask& ask, Describe describe) noexcept {
  if (ask.operation != nullptr) *ask.operation = nullptr;
  return guarded(ask.error, [&] {
    const std::shared_ptr<QueueCore> queue = require(ask.queue, "queue").core;
    auto described = describe();
    using Value = typename decltype(described.first)::value_type;
    Ref<confab_operation> handle(ask.operation == nullptr ? nullptr : new confab_operation);
    Ticket ticket(queue, CONFAB_EVENT_COMPLETION, ask.tag);
    const Operation running = std::move(described.first)
                                  .start([ticket = std::move(ticket),
                                          write = std::move(described.second)](const Result<Value>& result) mutable {
                                    tell(ticket.event(), result, write);
                                    ticket.deliver();
                                  });
    if (!handle) return;
    handle->running = running;
    *ask.operation = std::move(handle).give();
  });
}

}  // namespace confab::capi
