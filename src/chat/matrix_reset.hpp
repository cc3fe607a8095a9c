// How is what is remembered of a tenant's users forgotten, so that a full reset that was begun is never left half done?
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include <confab/chat_provider.hpp>

#include "chat/matrix_backend.hpp"
#include "net/call_context.hpp"
#include "util/task.hpp"

namespace confab::chat {

// A provider that ends what a process before it had begun. A host's own provider need not.
class FinishesResets {
 public:
  FinishesResets() = default;
  FinishesResets(const FinishesResets&) = delete;
  FinishesResets& operator=(const FinishesResets&) = delete;
  virtual ~FinishesResets() = default;
  // Behind the caller's back. `request`: the full reset of all users of the tenant, of which this does what is left of
  // the one that was begun; nothing where none was. `forgotten` is called once when something was. Readers that begin
  // meanwhile wait for its end.
  virtual void finish_reset(ProviderReset request, std::function<void()> forgotten) = 0;
};

// For that, with a store that is slow.
inline constexpr std::chrono::minutes finishing_limit{10};

// A user of another server, a malformed id, or the library's own account is refused before anything is sent.
[[nodiscard]] std::optional<Error> wrong_user(const MatrixUserId& user, const detail::MatrixBackend& backend);

// A full one is noted in the store before anything is forgotten, and the note goes when everything is: whoever finds it
// does the rest. Each record is changed by itself, in one step.
[[nodiscard]] Task<Result<ResetCounts>> forget(std::shared_ptr<detail::MatrixBackend> backend, ProviderReset request,
                                               net::CallContext context);
[[nodiscard]] Task<Result<ResetCounts>> finish_reset(std::shared_ptr<detail::MatrixBackend> backend,
                                                     ProviderReset request, net::CallContext context);

}  // namespace confab::chat
