// What came of one room in one /sync answer? Raw text, decoded event by event when somebody reads it.
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

#include "matrix/event.hpp"
#include "util/json.hpp"

namespace confab::matrix {

/// What a user's membership in the room of a piece is.
enum class RoomPart : std::uint8_t { joined, invited, left };

/// Made by SyncCutter alone, so its text is known to be JSON.
class RoomPiece {
 public:
  [[nodiscard]] RoomPart part() const { return part_; }
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }
  /// Events of the timeline, oldest first. Invites have none.
  [[nodiscard]] std::size_t events() const { return events_.size(); }
  /// The event as it was written.
  [[nodiscard]] std::string_view event_text(std::size_t index) const { return text_of(events_[index]); }
  /// Errc::protocol when it is none.
  [[nodiscard]] Result<RoomEvent> event(std::size_t index) const {
    return events_share_ ? RoomEvent::read(text_, event_text(index)) : RoomEvent::read(event_text(index));
  }
  /// Memberships that came beside the timeline: of its senders, as they were before its first event.
  [[nodiscard]] std::size_t members() const { return members_.size(); }
  /// The membership as it was written.
  [[nodiscard]] std::string_view member_text(std::size_t index) const { return text_of(members_[index]); }
  /// Between `since` and the first event of the timeline there are more: fetch them backwards from prev_batch().
  [[nodiscard]] bool limited() const { return limited_; }
  [[nodiscard]] const std::optional<PageToken>& prev_batch() const { return prev_batch_; }
  /// Of an invite its stripped state, parsed at each call; else nothing.
  [[nodiscard]] json::Document invite_state() const { return document_of(state_); }
  /// Typing and receipts, parsed at each call.
  [[nodiscard]] json::Document ephemeral() const { return document_of(ephemeral_); }
  /// What it holds in memory.
  [[nodiscard]] std::size_t bytes() const {
    return sizeof(RoomPiece) + (text_ ? text_->size() : 0) + (events_.size() + members_.size()) * sizeof(Span);
  }

 private:
  friend class SyncCutter;
  struct Span {
    std::uint32_t from = 0;
    std::uint32_t length = 0;
  };
  RoomPiece() = default;
  [[nodiscard]] std::string_view text_of(Span span) const { return {text_->data() + span.from, span.length}; }
  [[nodiscard]] json::Document document_of(Span span) const;

  RoomPart part_ = RoomPart::joined;
  bool limited_ = false;
  MatrixRoomId room_;
  std::optional<PageToken> prev_batch_;
  std::shared_ptr<const std::string> text_;
  bool events_share_ = false;  // the text; else each has a copy of its own
  std::vector<Span> events_;
  std::vector<Span> members_;
  Span state_;
  Span ephemeral_;
};

}  // namespace confab::matrix
