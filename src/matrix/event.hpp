// What is in an event? The envelope of a room event decoded, its content kept as it was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "util/json.hpp"

namespace confab::matrix {

/// An event of a room's timeline or state. Specification: client-server API, "Room event format".
///
/// content() and unsigned_data() of a decoded event share the memory of the whole answer it came in: hold events for a
/// short time, or keep Value::to_json() of what you need. One that was read from text shares that, and its content is
/// parsed when it is first asked for: one thread at a time, though the members are const.
class RoomEvent {
 public:
  /// Errc::protocol naming the path unless event_id, type, sender, origin_server_ts and content are there.
  [[nodiscard]] static Result<RoomEvent> decode(const json::Value& event);
  /// The same of text that is known to be JSON, and is copied. Only the envelope is decoded.
  [[nodiscard]] static Result<RoomEvent> read(std::string_view text);
  /// The same of a part of `whole`, which is kept.
  [[nodiscard]] static Result<RoomEvent> read(std::shared_ptr<const std::string> whole, std::string_view part);

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
  [[nodiscard]] json::Value content() const { return content_.root(text()); }
  /// The content as it was written, known to be JSON, of an event that was read from text; else empty.
  [[nodiscard]] std::string_view content_text() const { return content_.text(text()); }
  [[nodiscard]] json::Value unsigned_data() const { return unsigned_.root(text()); }
  /// The event as it was written, unknown fields included.
  [[nodiscard]] json::Value source() const { return source_.root(text()); }
  /// How long it is, as it was written.
  [[nodiscard]] std::size_t bytes() const;
  /// Our own transaction id, on events that this very device sent.
  [[nodiscard]] std::optional<TransactionId> transaction_id() const;
  /// Whether the content was removed (unsigned.redacted_because is there).
  [[nodiscard]] bool redacted() const;

 private:
  RoomEvent() = default;
  // A part of the text, and what it says once somebody asked.
  class Part {
   public:
    void is(json::Document document) { document_ = std::move(document); }
    void at(std::string_view all, std::string_view part);
    [[nodiscard]] bool written() const { return length_ > 0; }
    [[nodiscard]] std::size_t bytes() const { return length_; }
    [[nodiscard]] std::string_view text(std::string_view all) const { return all.substr(from_, length_); }
    [[nodiscard]] json::Value root(std::string_view all) const;

   private:
    std::uint32_t from_ = 0;
    std::uint32_t length_ = 0;  // 0: there is no text
    mutable json::Document document_;
  };

  [[nodiscard]] std::string_view text() const { return text_ ? std::string_view(*text_) : std::string_view(); }

  EventId id_;
  std::string type_;
  MatrixUserId sender_;
  std::int64_t origin_server_ts_ = 0;
  std::optional<std::string> state_key_;
  std::optional<MatrixRoomId> room_id_;
  std::shared_ptr<const std::string> text_;  // that an event was read from
  Part source_;
  Part content_;
  Part unsigned_;
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
