// MatrixClient: calls one homeserver's endpoints. Typed requests in, typed answers or an Error out; whose token is used
// is decided above it.
#pragma once

#include <functional>
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
[[nodiscard]] inline Error blame_if_no_matrix(const Error& error) {
  return error.code() == Errc::protocol ? blame_url(error) : error;
}

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
    using Answer = typename Endpoint::Answer;
    Result<EndpointRequest> request = endpoint.encode();
    if (!request) return refused<Answer>(std::move(request).error());
    if constexpr (requires { endpoint.reader(); }) {
      // What came of an answer that was cut has gone to its reader: whether to ask again is decided there.
      auto reader = endpoint.reader();
      Outgoing out(std::move(request).value(), std::move(token), net::Repeatable::once,
                   [reader](std::string_view bytes) { return reader->feed(bytes); });
      return streamed<Answer>(send(out, std::move(flow), std::move(context)), std::move(reader));
    } else {
      Decoder<Answer> decoder{&Endpoint::decode, nullptr};
      if constexpr (requires { Endpoint::quick_decode(std::string_view()); }) decoder.quick = &Endpoint::quick_decode;
      const Outgoing out(std::move(request).value(), std::move(token), repeatable, nullptr);
      return decoded<Answer>(send(out, std::move(flow), std::move(context)), decoder);
    }
  }

  [[nodiscard]] const std::shared_ptr<net::Scheduler>& scheduler() const noexcept { return scheduler_; }

 private:
  using BodySink = std::function<bool(std::string_view)>;
  using Sending = Task<Result<net::HttpAnswer>>;

  // A request in the words of net. The body of an answer of 2xx goes to the sink, if there is one.
  class Outgoing {
   public:
    Outgoing(EndpointRequest request, Secret token, std::optional<net::Repeatable> repeatable, BodySink sink);
    [[nodiscard]] const std::shared_ptr<const net::HttpRequest>& http() const noexcept { return http_; }
    [[nodiscard]] net::Repeatable repeatable() const noexcept { return repeatable_; }
    [[nodiscard]] net::TimePoint latest() const noexcept { return latest_; }

   private:
    std::shared_ptr<const net::HttpRequest> http_;
    net::Repeatable repeatable_ = net::Repeatable::once;
    net::TimePoint latest_ = net::TimePoint::max();
  };

  template <class Answer>
  struct Decoder {
    Result<Answer> (*decode)(const json::Value&);
    // For an answer of a shape that nearly all of its kind have; nothing for any other, and for what is no answer.
    std::optional<Answer> (*quick)(std::string_view);
  };
  [[nodiscard]] static Result<json::Document> parsed(net::HttpAnswer answer);

  template <class Answer>
  [[nodiscard]] static Task<Result<Answer>> refused(Error error) {
    co_return error;
  }
  // Thousands of these wait for a long poll's answer: what is not needed then is not in their frames.
  template <class Answer>
  [[nodiscard]] static Task<Result<Answer>> decoded(Sending sending, Decoder<Answer> decoder) {
    Result<net::HttpAnswer> answer = accepted(co_await std::move(sending));
    if (!answer) co_return std::move(answer).error();
    if (decoder.quick != nullptr) {
      if (std::optional<Answer> seen = decoder.quick(answer->body())) co_return *std::move(seen);
    }
    Result<json::Document> document = parsed(std::move(*answer));
    if (!document) co_return std::move(document).error();
    Result<Answer> decoded = decoder.decode(document->root());
    if (!decoded) co_return blame_if_no_matrix(decoded.error());
    co_return decoded;
  }
  template <class Answer, class Reader>
  [[nodiscard]] static Task<Result<Answer>> streamed(Sending sending, std::shared_ptr<Reader> reader) {
    Result<net::HttpAnswer> sent = accepted(co_await std::move(sending));
    if (reader->error()) co_return blame_if_no_matrix(*reader->error());
    if (!sent) co_return std::move(sent).error();
    Result<Answer> whole = reader->finish();
    if (!whole) co_return blame_if_no_matrix(whole.error());
    co_return whole;
  }
  // An answer, or what became of the request; the body of one of 2xx goes to the sink, if there is one.
  [[nodiscard]] Sending send(const Outgoing& request, std::string flow, net::CallContext context);
  // An answer of 2xx.
  [[nodiscard]] static Result<net::HttpAnswer> accepted(Result<net::HttpAnswer> answer);

  std::shared_ptr<net::Scheduler> scheduler_;
};

// What the scheduler has to know of an answer; only failures are parsed.
[[nodiscard]] net::AttemptOutcome read_answer(const net::HttpAnswer& answer);

}  // namespace confab::matrix
