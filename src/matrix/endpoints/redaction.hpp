// How is an event emptied of its content? Specification: client-server API, "Redactions".
#pragma once

#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/endpoints/send.hpp"

namespace confab::matrix {

/// PUT /rooms/{roomId}/redact/{eventId}/{txnId}: one's own events, or with the power to redact anybody's. As safe to
/// repeat as SendEvent. The answer's id is that of the redaction, not of what was redacted.
class RedactEvent {
 public:
  using Answer = EventIdAnswer;
  RedactEvent(MatrixRoomId room, EventId event, TransactionId txn)
      : room_(std::move(room)), event_(std::move(event)), txn_(std::move(txn)) {}
  RedactEvent& reason(std::string text) { return reason_ = std::move(text), *this; }
  /// A member of the redaction's content that the specification does not name.
  RedactEvent& beside(std::string key, std::string value) {
    return key_ = std::move(key), value_ = std::move(value), *this;
  }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return SendEvent::decode(body); }

 private:
  MatrixRoomId room_;
  EventId event_;
  TransactionId txn_;
  std::string reason_;
  std::string key_;
  std::string value_;
};

}  // namespace confab::matrix
