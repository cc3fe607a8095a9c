// How does an event get into a room, and what is a room's state? Specification: client-server API,
// "Sending events to a room", "Getting events for a room".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/event.hpp"

namespace confab::matrix {

class EventIdAnswer {
 public:
  explicit EventIdAnswer(EventId event) : event_(std::move(event)) {}
  /// From an answer that holds the id and nothing else, written without a blank, as Synapse does: no parser is needed
  /// to read it, and a send has nothing else to read. Nothing where it looks in any way different.
  [[nodiscard]] static std::optional<EventIdAnswer> quick_decode(std::string_view body);
  [[nodiscard]] const EventId& event_id() const { return event_; }

 private:
  EventId event_;
};

/// PUT /rooms/{roomId}/send/{eventType}/{txnId}. Safe to repeat with a token of the same device: one event per
/// transaction id. Tokens without a device (admin login-as-user) do not keep that promise over a restart of the
/// homeserver: such callers mark the request idempotent(false).
class SendEvent {
 public:
  using Answer = EventIdAnswer;
  /// @param content_json  A JSON object; more than 65,536 bytes with its envelope is Errc::too_large.
  SendEvent(MatrixRoomId room, std::string type, TransactionId txn, std::string content_json)
      : room_(std::move(room)), type_(std::move(type)), txn_(std::move(txn)), content_(std::move(content_json)) {}
  /// The content came from our own json::Writer and holds no numbers: it need not be parsed again to be believed.
  SendEvent& written_here(bool on) { return written_here_ = on, *this; }
  [[nodiscard]] const MatrixRoomId& room() const { return room_; }
  [[nodiscard]] const std::string& type() const { return type_; }
  [[nodiscard]] const TransactionId& transaction_id() const { return txn_; }
  [[nodiscard]] const std::string& content() const { return content_; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);
  [[nodiscard]] static std::optional<Answer> quick_decode(std::string_view body) { return Answer::quick_decode(body); }

 private:
  MatrixRoomId room_;
  std::string type_;
  TransactionId txn_;
  std::string content_;
  bool written_here_ = false;
};

/// The content of a plain text m.room.message. Errc::invalid_argument for empty text and what is not UTF-8.
[[nodiscard]] Result<std::string> text_message_content(std::string_view text);

/// PUT /rooms/{roomId}/state/{eventType}/{stateKey}. The same content twice makes one event. Power levels are read,
/// changed and written back as a whole, so a repeat may undo somebody else's change: never blindly.
class PutState {
 public:
  using Answer = EventIdAnswer;
  PutState(MatrixRoomId room, std::string type, std::string state_key, std::string content_json)
      : room_(std::move(room)),
        type_(std::move(type)),
        state_key_(std::move(state_key)),
        content_(std::move(content_json)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
  std::string type_;
  std::string state_key_;
  std::string content_;
};

class StateContentAnswer {
 public:
  explicit StateContentAnswer(json::Document content) : content_(std::move(content)) {}
  [[nodiscard]] json::Value content() const { return content_.root(); }

 private:
  json::Document content_;
};

/// GET /rooms/{roomId}/state/{eventType}/{stateKey}: the content alone; Errc::not_found where there is no such state.
class GetState {
 public:
  using Answer = StateContentAnswer;
  GetState(MatrixRoomId room, std::string type, std::string state_key = {})
      : room_(std::move(room)), type_(std::move(type)), state_key_(std::move(state_key)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
  std::string type_;
  std::string state_key_;
};

/// GET /rooms/{roomId}/state: the whole state as events.
class GetAllState {
 public:
  using Answer = EventList;
  explicit GetAllState(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
};

}  // namespace confab::matrix
