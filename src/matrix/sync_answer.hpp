// What came with one /sync? Where to go on, and the rooms that nobody took while they arrived.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "matrix/room_piece.hpp"
#include "matrix/sync_cutter.hpp"

namespace confab::matrix {

/// A whole answer. Specification: client-server API, "Syncing".
class SyncAnswer {
 public:
  explicit SyncAnswer(PageToken next_batch, std::vector<RoomPiece> rooms = {})
      : next_batch_(std::move(next_batch)), rooms_(std::move(rooms)) {}
  /// Of text that is all there. Errc::protocol naming the path when the frame is wrong; single events are not looked
  /// at.
  [[nodiscard]] static Result<SyncAnswer> read(std::string_view text);

  /// Where the next /sync goes on.
  [[nodiscard]] const PageToken& next_batch() const { return next_batch_; }
  [[nodiscard]] const std::vector<RoomPiece>& rooms() const& { return rooms_; }
  [[nodiscard]] std::vector<RoomPiece> rooms() && { return std::move(rooms_); }

 private:
  PageToken next_batch_;
  std::vector<RoomPiece> rooms_;
};

/// Reads an answer while it arrives.
class SyncReader {
 public:
  /// Each room goes to `take` at once; without it, all of them stand in the answer.
  explicit SyncReader(SyncCutter::Take take) : take_(std::move(take)) {}
  SyncReader(const SyncReader&) = delete;
  SyncReader& operator=(const SyncReader&) = delete;

  [[nodiscard]] bool feed(std::string_view chunk) { return cutter().feed(chunk); }
  [[nodiscard]] std::optional<Error> error() const { return cutter_ ? cutter_->error() : std::nullopt; }
  [[nodiscard]] Result<SyncAnswer> finish();

 private:
  [[nodiscard]] SyncCutter& cutter();

  SyncCutter::Take take_;
  std::vector<RoomPiece> rooms_;
  std::unique_ptr<SyncCutter> cutter_;  // from the first byte on: thousands wait half a minute for one
};

}  // namespace confab::matrix
