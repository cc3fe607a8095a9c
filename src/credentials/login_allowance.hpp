// LoginAllowance: the login budget of one homeserver, shared through the store by all processes.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <confab/result.hpp>

#include "credentials/login_budget.hpp"
#include "net/record_store.hpp"
#include "net/turns.hpp"
#include "util/task.hpp"

namespace confab::credentials {

// Where a 429 names no wait.
inline constexpr std::chrono::seconds unnamed_wait{60};

[[nodiscard]] inline Error limited_login(const char* whose) {
  return Error(Errc::rate_limited, std::string("the homeserver limits logins; ") + whose);
}

class LoginAllowance {
 public:
  explicit LoginAllowance(net::RecordStore records) : records_(std::move(records)) {}

  // Nothing: the login may be sent, and is spent. Otherwise how long to leave it. Nobody waits in here.
  using Wait = std::optional<std::chrono::milliseconds>;
  [[nodiscard]] static Task<Result<Wait>> take(std::shared_ptr<LoginAllowance> self, std::string server,
                                               LoginBudget::Haste haste, net::CallContext context);
  // All processes are to know of the 429. One that cannot be told finds out.
  [[nodiscard]] static Task<void> refused(std::shared_ptr<LoginAllowance> self, std::string server,
                                          std::chrono::milliseconds wait, net::CallContext context);

 private:
  // Nothing: it is the caller's turn, until `place` ends.
  [[nodiscard]] static Task<Result<void>> turn(net::Turns::Place& place, net::CallContext context);

  net::RecordStore records_;
  // One after the other: many who write at the same time would be told of each other's writes until they give up.
  net::Turns turns_{net::FairQueueLimits().in_flight(1, 1)};
};

}  // namespace confab::credentials
