// What came with one /sync? Cut into pieces, one per room, that are decoded only when somebody reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "util/json.hpp"

namespace confab::matrix {

/// What a user's membership in the room of a piece is.
enum class RoomPart : std::uint8_t { joined, invited, left };

/// One room's part of an answer. The arrays share the answer's memory and hold what the homeserver wrote.
class RoomPiece {
 public:
  [[nodiscard]] static Result<RoomPiece> decode(RoomPart part, std::string_view room, const json::Value& body);

  [[nodiscard]] RoomPart part() const { return part_; }
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }
  /// Events, oldest first. Empty for invites.
  [[nodiscard]] json::Value timeline() const { return timeline_.root(); }
  /// Between `since` and the first event of the timeline there are more: fetch them backwards from prev_batch().
  [[nodiscard]] bool limited() const { return limited_; }
  [[nodiscard]] const std::optional<PageToken>& prev_batch() const { return prev_batch_; }
  /// State at the start of the timeline, as far as it changed since; for an invite its stripped state.
  [[nodiscard]] json::Value state() const { return state_.root(); }
  /// Typing and receipts.
  [[nodiscard]] json::Value ephemeral() const { return ephemeral_.root(); }

 private:
  RoomPiece() = default;
  RoomPart part_ = RoomPart::joined;
  bool limited_ = false;
  MatrixRoomId room_;
  std::optional<PageToken> prev_batch_;
  json::Document timeline_;
  json::Document state_;
  json::Document ephemeral_;
};

/// A whole answer. Specification: client-server API, "Syncing".
class SyncAnswer {
 public:
  /// Errc::protocol naming the path when the frame is wrong. Single events are not looked at here.
  [[nodiscard]] static Result<SyncAnswer> decode(const json::Value& body);

  /// Where the next /sync goes on.
  [[nodiscard]] const PageToken& next_batch() const { return next_batch_; }
  [[nodiscard]] const std::vector<RoomPiece>& rooms() const& { return rooms_; }
  [[nodiscard]] std::vector<RoomPiece> rooms() && { return std::move(rooms_); }

 private:
  SyncAnswer() = default;
  PageToken next_batch_;
  std::vector<RoomPiece> rooms_;
};

}  // namespace confab::matrix
