#include "matrix/sync_answer.hpp"

namespace confab::matrix {

SyncCutter& SyncReader::cutter() {
  if (!cutter_) {
    if (!take_) take_ = [this](RoomPiece piece) { rooms_.push_back(std::move(piece)); };
    cutter_ = std::make_unique<SyncCutter>(std::move(take_));
  }
  return *cutter_;
}

Result<SyncAnswer> SyncReader::finish() {
  Result<PageToken> next = cutter().finish();
  if (!next) return std::move(next).error();
  return SyncAnswer(*std::move(next), std::move(rooms_));
}

Result<SyncAnswer> SyncAnswer::read(std::string_view text) {
  SyncReader reader(nullptr);
  if (!reader.feed(text)) return *reader.error();
  return reader.finish();
}

}  // namespace confab::matrix
