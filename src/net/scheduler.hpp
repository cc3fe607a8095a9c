// Scheduler: when may a request go to this homeserver, and shall it go again? It knows opaque flow keys, not tenants.
// One per homeserver, shared by all loops; what it shares between them stands behind one lock that is never held while
// waiting.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <confab/result.hpp>

#include "net/attempt_outcome.hpp"
#include "net/call_context.hpp"
#include "net/circuit_breaker.hpp"
#include "net/http_client.hpp"
#include "net/rate_gate.hpp"
#include "net/retry_policy.hpp"
#include "net/runtime_core.hpp"
#include "net/turns.hpp"
#include "util/task.hpp"

namespace confab::net {

// Reads an answer as far as retrying needs it: its status, what it asks to wait, the error it holds.
using AnswerReader = AttemptOutcome (*)(const HttpAnswer& answer);

class Scheduler : public std::enable_shared_from_this<Scheduler> {
 public:
  Scheduler(std::shared_ptr<RuntimeCore> core, HttpClientOptions options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // `flow`: whose limits on what the homeserver counts together (a user and a kind of request), opaque here; a 429
  // holds back all of one flow. Fair between the groups of contexts. Sends until an answer settles the request, it
  // cannot be repeated, the attempts are spent, or the deadline comes. An answer comes back whatever its status below
  // 500, 429 apart: reading it is the caller's business.
  [[nodiscard]] Task<Result<HttpAnswer>> perform(std::shared_ptr<const HttpRequest> request, Repeatable repeatable,
                                                 AnswerReader reader, std::string flow, CallContext context);
  [[nodiscard]] Task<Result<HttpAnswer>> perform(HttpRequest request, Repeatable repeatable, AnswerReader reader,
                                                 std::string flow, CallContext context) {
    return perform(std::make_shared<const HttpRequest>(std::move(request)), repeatable, reader, std::move(flow),
                   std::move(context));
  }

  [[nodiscard]] const std::shared_ptr<RuntimeCore>& runtime() const noexcept { return core_; }
  [[nodiscard]] const HttpClientOptions& options() const noexcept { return options_; }

 private:
  [[nodiscard]] HttpClient& client_of(EventLoop& loop);
  void log_attempt(const HttpRequest& request, const HttpOutcome& outcome, std::chrono::milliseconds took) const;
  // The caller's frame, which waits for it, keeps what is referred to.
  [[nodiscard]] Task<AttemptOutcome> attempt(const std::shared_ptr<const HttpRequest>& request, AnswerReader reader,
                                             const std::string& flow, const CallContext& context,
                                             std::optional<HttpAnswer>& answer);
  // With the lock held.
  void record(CircuitBreaker::Ticket ticket, CircuitBreaker::Verdict verdict, TimePoint now);

  std::shared_ptr<RuntimeCore> core_;
  HttpClientOptions options_;
  Turns turns_;
  std::mutex mutex_;  // guards all below but the clients
  RandomSource random_;
  CircuitBreaker breaker_;
  RateGate gate_;
  // It goes to its loop to end there, which needs no memory.
  struct LoopClient final : EventLoop::Errand {
    std::optional<HttpClient> client;
    void run() override { client.reset(); }
  };
  std::vector<std::shared_ptr<LoopClient>> clients_;  // one per loop, made and used on it
};

}  // namespace confab::net
