// What is sent to call an endpoint? EndpointRequest: method, encoded path and query, body, and how it may be repeated.
//
// Every endpoint is a small class of its own under endpoints/: constructor and chained setters for the request,
//   using Answer = ...;                                       what comes back
//   Result<EndpointRequest> encode() const;                   arguments checked, Errc::invalid_argument
//   static Result<Answer> decode(const json::Value& body);    of a 2xx answer, Errc::protocol naming the JSON path
// An endpoint whose answers are read while they arrive has, in place of decode(),
//   std::shared_ptr<...> reader() const;   with bool feed(std::string_view), error(), and Result<Answer> finish()
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/error.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "net/body_flow.hpp"
#include "util/json.hpp"

namespace confab::matrix {

enum class Method : std::uint8_t { get, put, post, del };

/// "GET", "PUT", "POST", "DELETE".
[[nodiscard]] std::string_view method_name(Method method);

/// Build a path from pieces: the first, third... are literal, the second, fourth... are encoded as one segment each.
///
///     path_of({"/_matrix/client/v3/rooms/", room.str(), "/send/", type, "/", txn.str()})
[[nodiscard]] std::string path_of(std::initializer_list<std::string_view> pieces);

class EndpointRequest {
 public:
  EndpointRequest(Method method, std::string path)
      : method_(method), path_(std::move(path)), idempotent_(method == Method::get) {}

  /// Add a query parameter; both sides are encoded here.
  EndpointRequest& query(std::string_view name, std::string_view value);
  EndpointRequest& query(std::string_view name, std::int64_t value) {
    return query(name, std::string_view(std::to_string(value)));
  }
  /// Likewise of what is encoded already.
  EndpointRequest& encoded_query(std::string_view name, std::string_view value);
  /// Make room for parameters, so that a long target is put together in one piece of memory. An encoded byte is three.
  EndpointRequest& reserve_query(std::size_t bytes) { return query_.reserve(path_.size() + 1 + bytes), *this; }
  /// Send a JSON body. It may hold a password: bodies are never logged.
  EndpointRequest& body(std::string json) { return body_ = std::move(json), has_body_ = true, *this; }
  /// Whether the request may be repeated without looking, though an earlier try may have been carried out. GET: yes.
  EndpointRequest& idempotent(bool safe) { return idempotent_ = safe, *this; }
  /// The endpoint is called without an access token.
  EndpointRequest& without_token() { return needs_token_ = false, *this; }
  /// The homeserver holds the answer back for up to `hold`; such requests get connections of their own.
  EndpointRequest& long_poll(std::chrono::milliseconds hold) { return hold_ = hold, *this; }
  /// Largest answer body worth reading; over it the transfer ends.
  EndpointRequest& max_answer(std::size_t bytes) { return max_answer_ = bytes, *this; }
  /// By which the reader of a body that is read while it arrives can hold it up.
  EndpointRequest& flow(std::shared_ptr<net::BodyFlow> flow) { return flow_ = std::move(flow), *this; }
  /// How much mostly comes.
  EndpointRequest& expects(net::Expected amount) { return expected_amount_ = amount, *this; }
  /// The path ends with a transaction id.
  EndpointRequest& ends_with_transaction() { return ends_with_transaction_ = true, *this; }
  /// Make the transaction id, where there is one, one that nobody but `user` has.
  EndpointRequest& transaction_of(const MatrixUserId& user);
  /// Failures that are an ordinary answer here, such as not_found of a lookup: no reason for a warning.
  EndpointRequest& expect(std::initializer_list<Errc> codes) {
    expected_ = 0;
    for (const Errc code : codes) expected_ |= bit_of(code);
    return *this;
  }

  [[nodiscard]] Method method() const { return method_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& query() const { return query_; }  ///< Encoded, without the question mark.
  [[nodiscard]] std::string target() const& { return query_.empty() ? path_ : path_ + '?' + query_; }
  [[nodiscard]] std::string target() && {
    if (query_.empty()) return std::move(path_);
    return std::move(query_.insert(0, 1, '?').insert(0, path_));
  }
  [[nodiscard]] const std::string& body() const& { return body_; }
  [[nodiscard]] std::string body() && { return std::move(body_); }
  [[nodiscard]] bool has_body() const { return has_body_; }
  [[nodiscard]] bool idempotent() const { return idempotent_; }
  [[nodiscard]] bool needs_token() const { return needs_token_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> long_poll() const { return hold_; }
  [[nodiscard]] std::size_t max_answer() const { return max_answer_; }
  [[nodiscard]] const std::shared_ptr<net::BodyFlow>& flow() const { return flow_; }
  [[nodiscard]] net::Expected expected_amount() const { return expected_amount_; }
  [[nodiscard]] bool expects(Errc code) const { return (expected_ & bit_of(code)) != 0; }

 private:
  [[nodiscard]] static constexpr std::uint64_t bit_of(Errc code) noexcept {
    static_assert(static_cast<unsigned>(Errc::internal) < 64);  // the last of them
    return std::uint64_t{1} << static_cast<unsigned>(code);
  }

  Method method_;
  std::string path_;
  std::string query_;
  std::string body_;
  std::uint64_t expected_ = 0;  // a bit for each code
  std::shared_ptr<net::BodyFlow> flow_;
  std::optional<std::chrono::milliseconds> hold_;
  std::size_t max_answer_ = std::size_t{1} << 20U;
  bool has_body_ = false;
  bool ends_with_transaction_ = false;
  bool idempotent_;
  bool needs_token_ = true;
  net::Expected expected_amount_ = net::Expected::usual;
};

/// The first of several checks that failed.
[[nodiscard]] std::optional<Error> first_wrong(std::initializer_list<Result<void>> checks);

/// An Errc::invalid_argument about the argument `subject`.
[[nodiscard]] Error wrong_argument(std::string_view subject, std::string_view rule);

/// Parse JSON that the caller passed as an argument: Errc::invalid_argument about `subject` unless it is an object.
[[nodiscard]] Result<json::Document> parse_object_argument(std::string_view subject, std::string_view json);

/// Whether the argument `subject` may be sent as text: UTF-8.
[[nodiscard]] Result<void> check_text(std::string_view subject, std::string_view text);

/// An optional string member, copied; null and missing are none.
[[nodiscard]] std::optional<std::string> optional_text(json::Reader& read, std::string_view key);

/// The answer of endpoints whose object only the caller understands, such as account data. It shares the memory of the
/// whole answer.
class ObjectAnswer {
 public:
  explicit ObjectAnswer(json::Document object) : object_(std::move(object)) {}
  [[nodiscard]] json::Value object() const { return object_.root(); }
  [[nodiscard]] static Result<ObjectAnswer> decode(const json::Value& body);

 private:
  json::Document object_;
};

/// The answer of endpoints that say no more than that it is done.
class Done {};
[[nodiscard]] Result<Done> decode_done(const json::Value& body);

}  // namespace confab::matrix
