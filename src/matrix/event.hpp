// What is in an event? The envelope of a room event decoded, its content kept as it was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "util/json.hpp"

namespace confab::matrix {

/// An event of a room's timeline or state. Specification: client-server API, "Room event format".
///
/// content() and unsigned_data() share the memory of the whole answer they came in: hold events for a short time, or
/// keep Value::to_json() of what you need.
class RoomEvent {
 public:
  /// Errc::protocol naming the path unless event_id, type, sender, origin_server_ts and content are there.
  [[nodiscard]] static Result<RoomEvent> decode(const json::Value& event);

  [[nodiscard]] const EventId& id() const { return id_; }
  [[nodiscard]] const std::string& type() const { return type_; }
  [[nodiscard]] const MatrixUserId& sender() const { return sender_; }
  /// As the sending homeserver's clock said, in milliseconds since 1970.
  [[nodiscard]] std::int64_t origin_server_ts() const { return origin_server_ts_; }
  /// Present, though perhaps empty, exactly on state events.
  [[nodiscard]] const std::optional<std::string>& state_key() const { return state_key_; }
  [[nodiscard]] bool is_state() const { return state_key_.has_value(); }
  /// Where the event says so itself; in a /sync answer it does not.
  [[nodiscard]] const std::optional<MatrixRoomId>& room_id() const { return room_id_; }
  [[nodiscard]] json::Value content() const { return content_.root(); }
  [[nodiscard]] json::Value unsigned_data() const { return unsigned_.root(); }
  /// The event as it was written, unknown fields included.
  [[nodiscard]] json::Value source() const { return source_.root(); }
  /// Our own transaction id, on events that this very device sent.
  [[nodiscard]] std::optional<TransactionId> transaction_id() const;
  /// Whether the content was removed (unsigned.redacted_because is there).
  [[nodiscard]] bool redacted() const { return static_cast<bool>(unsigned_data()["redacted_because"]); }

 private:
  RoomEvent() = default;
  EventId id_;
  std::string type_;
  MatrixUserId sender_;
  std::int64_t origin_server_ts_ = 0;
  std::optional<std::string> state_key_;
  std::optional<MatrixRoomId> room_id_;
  json::Document source_;
  json::Document content_;
  json::Document unsigned_;
};

/// An event without id and time, as invites show a room's state. Specification: "Stripped state".
class StrippedEvent {
 public:
  [[nodiscard]] static Result<StrippedEvent> decode(const json::Value& event);
  [[nodiscard]] const std::string& type() const { return type_; }
  [[nodiscard]] const std::string& state_key() const { return state_key_; }
  [[nodiscard]] const MatrixUserId& sender() const { return sender_; }
  [[nodiscard]] json::Value content() const { return content_.root(); }

 private:
  StrippedEvent() = default;
  std::string type_;
  std::string state_key_;
  MatrixUserId sender_;
  json::Document content_;
};

/// The events of one array that could be decoded. Servers of other make put broken events into rooms; one of them must
/// not hide a whole room's history, so they are counted and left out.
class EventList {
 public:
  [[nodiscard]] static EventList decode(const json::Value& array);
  [[nodiscard]] const std::vector<RoomEvent>& events() const& { return events_; }
  [[nodiscard]] std::vector<RoomEvent> events() && { return std::move(events_); }
  [[nodiscard]] std::size_t unreadable() const { return unreadable_; }

 private:
  std::vector<RoomEvent> events_;
  std::size_t unreadable_ = 0;
};

/// Largest event the protocol allows, in canonical JSON with signatures and all. Specification: "Size limits".
inline constexpr std::size_t max_event_bytes = 65536;

/// Whether content in its shortest form and envelope of so many bytes are within max_event_bytes.
[[nodiscard]] bool surely_fits(std::size_t bytes) noexcept;

/// Refuse what no homeserver can accept: Errc::too_large when content and envelope pass max_event_bytes,
/// Errc::invalid_argument for numbers that events cannot hold.
[[nodiscard]] Result<void> check_event_size(const json::Value& content, std::size_t envelope_bytes);

}  // namespace confab::matrix
