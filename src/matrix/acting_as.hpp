// ActingAs: the same request, of a user for whom an application service speaks. Specification: application service API,
// "Identity assertion".
#pragma once

#include <optional>
#include <string_view>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "matrix/endpoint.hpp"
#include "util/json.hpp"

namespace confab::matrix {

// Refers to all three; made for one call of MatrixClient::call(), which encodes it at once.
//
// A homeserver knows the senders of an application service apart by device only in its database, and not at all in its
// memory: there, two of them who send under one transaction id are one, and the second message is lost. So the user is
// part of the transaction id.
template <class Endpoint>
class ActingAs {
 public:
  using Answer = typename Endpoint::Answer;
  // An empty `device`: none.
  ActingAs(const Endpoint& endpoint, const MatrixUserId& user, const DeviceId& device)
      : endpoint_(endpoint), user_(user), device_(device) {}

  [[nodiscard]] Result<EndpointRequest> encode() const {
    Result<EndpointRequest> request = endpoint_.encode();
    if (!request) return request;
    request->transaction_of(user_).query("user_id", user_.str());
    if (!device_.empty()) request->query("device_id", device_.str());
    return request;
  }
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) requires requires { Endpoint::decode(body); }
  { return Endpoint::decode(body); }
  [[nodiscard]] static std::optional<Answer> quick_decode(std::string_view body) requires requires {
    Endpoint::quick_decode(body);
  }
  { return Endpoint::quick_decode(body); }
  [[nodiscard]] auto reader() const requires requires(const Endpoint& endpoint) { endpoint.reader(); }
  { return endpoint_.reader(); }

 private:
  const Endpoint& endpoint_;
  const MatrixUserId& user_;
  const DeviceId& device_;
};

}  // namespace confab::matrix
