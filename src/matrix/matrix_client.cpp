#include "matrix/matrix_client.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "matrix/error_answer.hpp"
#include "net/retry_after.hpp"
#include "util/frame_allocator.hpp"

namespace confab::matrix {

namespace {

constexpr int too_many_requests = 429;

// A server that has not answered a long poll this long after it should have is gone.
constexpr std::chrono::seconds long_poll_grace{15};
// What is not to be held at all mostly has much to be gathered for it.
constexpr std::chrono::milliseconds least_poll{30'000};

}  // namespace

Error blame_url(const Error& error) {
  Error blaming = error.with_message(std::string(error.message()) + "; check homeserver.url");
  return error.subject().empty() ? blaming.with_subject("homeserver.url") : blaming;
}

net::AttemptOutcome read_answer(const net::HttpAnswer& answer) {
  net::AttemptOutcome outcome = net::AttemptOutcome::answer(answer.status());
  if (answer.status() != too_many_requests && answer.status() < 500) return outcome;
  const ErrorAnswer failure(answer.status(), answer.body());
  outcome.error(failure.error());
  outcome.retry_after(net::retry_after(answer.headers(), failure.retry_after_ms(),
                                       std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())));
  return outcome;
}

Result<json::Document> MatrixClient::parsed(net::HttpAnswer answer) {
  const int status = answer.status();
  Result<json::Document> body = json::parse(std::move(answer).body());
  if (body) return body;
  return blame_url(
             Error(Errc::protocol, "the answer is not JSON, so this is no homeserver, or a proxy stands in between"))
      .with_http_status(status);
}

MatrixClient::Outgoing::Outgoing(EndpointRequest request, Secret token, std::optional<net::Repeatable> repeatable,
                                 BodySink sink) {
  const auto made = std::allocate_shared<net::HttpRequest>(
      FrameAllocator<net::HttpRequest>(), std::string(method_name(request.method())), std::move(request).target());
  net::HttpRequest& http = *made;
  if (request.has_body()) http.body(std::move(request).body());
  if (request.needs_token()) http.bearer(std::move(token));
  http.max_answer(request.max_answer());
  if (sink) http.on_body(std::move(sink)).flow(request.flow());
  http.expects(request.expected_amount());
  if (request.long_poll()) {
    http.lane(net::Lane::long_poll);
    latest_ = net::Clock::now() + std::max(*request.long_poll(), least_poll) + long_poll_grace;
  }
  if (request.method() == Method::get) {
    repeatable_ = net::Repeatable::safe;
  } else if (request.idempotent()) {
    repeatable_ = net::Repeatable::idempotent;
  }
  if (repeatable) repeatable_ = *repeatable;
  http_ = made;
}

MatrixClient::Sending MatrixClient::send(const Outgoing& request, std::string flow, net::CallContext context) {
  if (request.latest() < context.deadline()) context = context.until(request.latest());
  return scheduler_->perform(request.http(), request.repeatable(), &read_answer, std::move(flow), std::move(context));
}

Result<net::HttpAnswer> MatrixClient::accepted(Result<net::HttpAnswer> answer) {
  if (!answer) return answer;
  const int status = answer->status();
  if (status >= 200 && status < 300) return answer;
  Error refused = error_from_answer(status, answer->body());
  if (refused.code() == Errc::protocol) return blame_url(refused);
  return refused;
}

}  // namespace confab::matrix
