// The pattern of a tenant's operations: read the request, ask the tenant's ChatService, write the result.
#pragma once

#include <memory>
#include <utility>

#include "capi/asked_directory.hpp"
#include "capi/client.hpp"
#include "capi/operation.hpp"
#include "capi/request.hpp"

namespace confab::capi {

/// Begins an operation once all that it needs was asked for. `describe` as for start().
template <class Describe>
confab_status start_knowing(const Ask& ask, const std::shared_ptr<const AskedDirectory>& directory, Needs needs,
                            Describe describe) noexcept {
  bool known = true;
  const confab_status looked = guarded(ask.error, [&] { known = directory == nullptr || directory->knows(needs); });
  if (looked == CONFAB_OK && known) return start(ask, std::move(describe));
  if (ask.operation != nullptr) *ask.operation = nullptr;
  if (looked != CONFAB_OK) return looked;
  return guarded(ask.error, [&] {
    const std::shared_ptr<QueueCore> queue = require(ask.queue, "queue").core;
    auto described = describe();
    Ref<confab_operation> handle(ask.operation == nullptr ? nullptr : new confab_operation);
    auto begun = handle ? handle->running : nullptr;
    Ticket ticket(queue, CONFAB_EVENT_COMPLETION, ask.tag);
    Operation asking = directory->ask(std::move(needs), [ticket = std::move(ticket), described = std::move(described),
                                                         begun = std::move(begun)](const Result<void>& told) mutable {
      ticket.owe();
      if (!told) {
        ticket.event().fail(told.error());
        return ticket.deliver();
      }
      try {
        const Operation running = run(std::move(ticket), std::move(described));
        if (begun) begun->set(running);
      } catch (...) {  // NOLINT: the ticket has told that memory was short
      }
    });
    if (!handle) return;
    handle->running->set_before(std::move(asking));
    *ask.operation = std::move(handle).give();
  });
}

/// `describe` takes the ChatService, the request and CallOptions, and gives the pair that start() wants.
template <class Request, class Describe>
confab_status start(const Ask& ask, confab_tenant* tenant, const Request* request, Describe describe) noexcept {
  std::shared_ptr<const AskedDirectory> directory;
  Needs needs;
  const confab_status read = guarded(ask.error, [&] {
    directory = require(tenant, "tenant").asked;
    if (directory) needs = needs_of(read_struct(request, "request", earlier_size<Request>));
  });
  if (read != CONFAB_OK) {
    if (ask.operation != nullptr) *ask.operation = nullptr;
    return read;
  }
  return start_knowing(ask, directory, std::move(needs), [&] {
    const Request given = read_struct(request, "request", earlier_size<Request>);
    return describe(*tenant->chat, given, call_options(given.timeout_ms));
  });
}

}  // namespace confab::capi
