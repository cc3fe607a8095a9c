// MatrixClient: calls one homeserver's endpoints. Typed requests in, typed answers or an Error out; whose token is used
// is decided above it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "matrix/endpoint.hpp"
#include "net/scheduler.hpp"
#include "util/json.hpp"
#include "util/task.hpp"

namespace confab::matrix {

// An answer that is no Matrix mostly means that something else than a homeserver answers at the configured URL.
[[nodiscard]] Error blame_url(const Error& error);

class MatrixClient {
 public:
  explicit MatrixClient(std::shared_ptr<net::Scheduler> scheduler) : scheduler_(std::move(scheduler)) {}

  // `account`: whose limits at the homeserver the call counts against. `repeatable` overrides what the endpoint says of
  // itself, for tokens under which repeating means something else. The endpoint and the account are not needed once
  // this returns, before the task is awaited.
  template <class Endpoint>
  [[nodiscard]] Task<Result<typename Endpoint::Answer>> call(const Endpoint& endpoint, Secret token,
                                                             std::string_view account, net::CallContext context,
                                                             std::optional<net::Repeatable> repeatable = std::nullopt) {
    // The homeserver limits kinds of requests apart: a hold on creating rooms must not hold back messages.
    const std::string_view kind = typeid(Endpoint).name();
    std::string flow;
    flow.reserve(account.size() + 1 + kind.size());
    flow.append(account).append(1, ' ').append(kind);
    return decoded<typename Endpoint::Answer>(endpoint.encode(), &Endpoint::decode, std::move(token), std::move(flow),
                                              std::move(context), repeatable);
  }

  [[nodiscard]] const std::shared_ptr<net::Scheduler>& scheduler() const noexcept { return scheduler_; }

 private:
  template <class Answer>
  [[nodiscard]] Task<Result<Answer>> decoded(Result<EndpointRequest> request,
                                             Result<Answer> (*decode)(const json::Value&), Secret token,
                                             std::string flow, net::CallContext context,
                                             std::optional<net::Repeatable> repeatable) {
    if (!request) co_return std::move(request).error();
    Result<json::Document> answer =
        co_await send(std::move(request).value(), std::move(token), std::move(flow), std::move(context), repeatable);
    if (!answer) co_return std::move(answer).error();
    Result<Answer> decoded = decode(answer->root());
    if (!decoded && decoded.error().code() == Errc::protocol) co_return blame_url(decoded.error());
    co_return decoded;
  }
  [[nodiscard]] Task<Result<json::Document>> send(EndpointRequest request, Secret token, std::string flow,
                                                  net::CallContext context, std::optional<net::Repeatable> repeatable);

  std::shared_ptr<net::Scheduler> scheduler_;
};

// What the scheduler has to know of an answer; only failures are parsed.
[[nodiscard]] net::AttemptOutcome read_answer(const net::HttpAnswer& answer);

}  // namespace confab::matrix
