#include "matrix/sync_answer.hpp"

namespace confab::matrix {

Result<SyncAnswer> SyncReader::finish() {
  Result<PageToken> next = cutter_.finish();
  if (!next) return std::move(next).error();
  return SyncAnswer(*std::move(next), std::move(rooms_));
}

Result<SyncAnswer> SyncAnswer::read(std::string_view text) {
  SyncReader reader(nullptr);
  if (!reader.feed(text)) return *reader.error();
  return reader.finish();
}

}  // namespace confab::matrix
