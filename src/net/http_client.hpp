// HttpClient: one homeserver's requests on one loop, over libcurl. It moves bytes, in time and bounded; when to send,
// and whether to repeat, is decided above it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "net/body_flow.hpp"
#include "net/call_context.hpp"
#include "net/headers.hpp"
#include "net/url.hpp"
#include "util/task.hpp"

namespace confab::net {

class NameResolver;
class TrustStore;

// Which connections a request may use: a long poll holds its connection for half a minute and must not be in the way.
enum class Lane { interactive, long_poll };

class HttpRequest {
 public:
  HttpRequest(std::string method, std::string target) : method_(std::move(method)), target_(std::move(target)) {}
  HttpRequest& body(std::string json) {
    body_ = std::move(json);
    has_body_ = true;
    return *this;
  }
  HttpRequest& bearer(Secret token) {
    bearer_ = std::move(token);
    return *this;
  }
  HttpRequest& lane(Lane lane) {
    lane_ = lane;
    return *this;
  }
  HttpRequest& expects(Expected amount) {
    expected_ = amount;
    return *this;
  }
  // Largest answer body accepted, after decompression.
  HttpRequest& max_answer(std::size_t bytes) {
    max_answer_ = bytes;
    return *this;
  }
  // Hand body bytes over as they arrive instead of keeping them; false aborts the transfer. Only for 2xx answers.
  HttpRequest& on_body(std::function<bool(std::string_view)> sink) {
    on_body_ = std::move(sink);
    return *this;
  }

  // Whose reader may hold the body up for a while: the deadline is put off by as long. Over HTTP/2, where one transfer
  // that is held up would hold up all on its connection, nothing is.
  HttpRequest& flow(std::shared_ptr<BodyFlow> flow) {
    flow_ = std::move(flow);
    return *this;
  }

  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  [[nodiscard]] const std::string& target() const noexcept { return target_; }  // path and query, encoded
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  [[nodiscard]] bool has_body() const noexcept { return has_body_; }
  [[nodiscard]] const Secret& bearer() const noexcept { return bearer_; }
  [[nodiscard]] Lane lane() const noexcept { return lane_; }
  [[nodiscard]] Expected expected() const noexcept { return expected_; }
  [[nodiscard]] std::size_t max_answer() const noexcept { return max_answer_; }
  [[nodiscard]] const std::function<bool(std::string_view)>& body_sink() const noexcept { return on_body_; }
  [[nodiscard]] const std::shared_ptr<BodyFlow>& body_flow() const noexcept { return flow_; }

 private:
  std::string method_;
  std::string target_;
  std::string body_;
  Secret bearer_;
  std::function<bool(std::string_view)> on_body_;
  std::shared_ptr<BodyFlow> flow_;
  std::size_t max_answer_ = 8U << 20U;
  Lane lane_ = Lane::interactive;
  Expected expected_ = Expected::usual;
  bool has_body_ = false;
};

// One pointer wide: every coroutine that waits for an answer has room for several in its frame.
class HttpAnswer {
 public:
  HttpAnswer(int status, Headers headers, std::string body)
      : parts_(std::make_unique<Parts>(status, std::move(headers), std::move(body))) {}
  [[nodiscard]] int status() const noexcept { return parts_->status; }
  [[nodiscard]] const Headers& headers() const noexcept { return parts_->headers; }
  [[nodiscard]] const std::string& body() const& noexcept { return parts_->body; }
  [[nodiscard]] std::string body() && noexcept { return std::move(parts_->body); }

 private:
  struct Parts {
    Parts(int of, Headers fields, std::string text) : status(of), headers(std::move(fields)), body(std::move(text)) {}
    int status;
    Headers headers;
    std::string body;
  };
  std::unique_ptr<Parts> parts_;
};

// A transfer that brought no answer: whether anything can have reached the homeserver decides what may be repeated.
enum class TransferFailure {
  name,       // the host's name did not resolve
  connect,    // refused, unreachable, TLS refused or untrusted: nothing was sent
  not_sent,   // the connection ended before the request was written, or the peer said it took nothing (GOAWAY,
              // REFUSED_STREAM)
  cut,        // written, then reset, truncated or unreadable
  too_large,  // the answer passed max_answer
  timed_out,  // the deadline; see `sent`
  cancelled,  // the stop token; see `sent`
  trust,      // the certificate is expired, for another name, or of an unknown authority
  protocol,   // the peer speaks no HTTP
  no_memory,  // for the request, or for its answer; see `sent`
};

class HttpOutcome {
 public:
  explicit HttpOutcome(HttpAnswer answer) : answer_(std::move(answer)), sent_(true) {}
  HttpOutcome(TransferFailure failure, bool sent, std::string reason)
      : failure_(failure), sent_(sent), reason_(std::move(reason)) {}
  HttpOutcome(TransferFailure failure, bool sent) noexcept : failure_(failure), sent_(sent) {}
  [[nodiscard]] bool answered() const noexcept { return answer_.has_value(); }
  [[nodiscard]] const HttpAnswer& answer() const& { return *answer_; }
  [[nodiscard]] HttpAnswer answer() && { return std::move(*answer_); }
  [[nodiscard]] TransferFailure failure() const noexcept { return failure_; }
  // Whether any byte of the request may have left.
  [[nodiscard]] bool sent() const noexcept { return sent_; }
  // Our words, safe to log ("certificate has expired").
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::optional<HttpAnswer> answer_;
  TransferFailure failure_ = TransferFailure::connect;
  bool sent_ = false;
  std::string reason_;
};

class HttpClientOptions {
 public:
  explicit HttpClientOptions(Url base) : base_(std::move(base)) {}
  HttpClientOptions& base(Url url) {
    base_ = std::move(url);
    return *this;
  }
  HttpClientOptions& ca_file(std::string path) {
    ca_file_ = std::move(path);
    return *this;
  }
  HttpClientOptions& proxy(std::string url) {
    proxy_ = std::move(url);
    return *this;
  }
  HttpClientOptions& force_http1(bool on) {
    force_http1_ = on;
    return *this;
  }
  HttpClientOptions& connect_timeout(std::chrono::milliseconds limit) {
    connect_timeout_ = limit;
    return *this;
  }
  // How long, all in all, the reader of a body may hold up its transfer; then the rest is handed to it all the same.
  HttpClientOptions& longest_hold(std::chrono::milliseconds limit) {
    longest_hold_ = limit;
    return *this;
  }
  HttpClientOptions& user_agent(std::string text) {
    user_agent_ = std::move(text);
    return *this;
  }
  // Connections kept per lane to this homeserver; a long-poll shard holds this many transfers.
  HttpClientOptions& max_interactive(std::size_t count) {
    max_interactive_ = count;
    return *this;
  }
  HttpClientOptions& polls_per_shard(std::size_t count) {
    polls_per_shard_ = count;
    return *this;
  }

  [[nodiscard]] const Url& base() const noexcept { return base_; }
  [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }
  [[nodiscard]] const std::string& proxy() const noexcept { return proxy_; }
  [[nodiscard]] bool force_http1() const noexcept { return force_http1_; }
  [[nodiscard]] std::chrono::milliseconds connect_timeout() const noexcept { return connect_timeout_; }
  [[nodiscard]] std::chrono::milliseconds longest_hold() const noexcept { return longest_hold_; }
  [[nodiscard]] const std::string& user_agent() const noexcept { return user_agent_; }
  [[nodiscard]] std::size_t max_interactive() const noexcept { return max_interactive_; }
  [[nodiscard]] std::size_t polls_per_shard() const noexcept { return polls_per_shard_; }

 private:
  Url base_;
  std::string ca_file_;
  std::string proxy_;
  std::string user_agent_ = "confab";
  std::chrono::milliseconds connect_timeout_{10000};
  std::chrono::milliseconds longest_hold_{10000};
  std::size_t max_interactive_ = 64;
  // Two connections of HTTP/2, whole. With each request libcurl looks at half the connections of its multi handle, or
  // all: of 512, that was a twentieth of a poll's time.
  std::size_t polls_per_shard_ = 160;
  bool force_http1_ = false;
};

class HttpClient {
 public:
  // Loop thread only, all members. The resolver and the trust store are shared by all clients of a Runtime.
  HttpClient(EventLoop& loop, HttpClientOptions options, std::shared_ptr<NameResolver> resolver,
             std::shared_ptr<TrustStore> trust);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // One request, one try. Ends at the deadline (put off while a reader holds the body up) or within 10 ms of a stop,
  // with the transfer freed. The request is shared, because it may be sent again, and because libcurl reads from it.
  [[nodiscard]] Task<HttpOutcome> perform(std::shared_ptr<const HttpRequest> request, TimePoint deadline,
                                          std::stop_token stop);
  [[nodiscard]] Task<HttpOutcome> perform(HttpRequest request, TimePoint deadline, std::stop_token stop) {
    return perform(std::make_shared<const HttpRequest>(std::move(request)), deadline, std::move(stop));
  }

  // Transfers that hold a libcurl handle now, for tests and metrics.
  [[nodiscard]] std::size_t transfers() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace confab::net
