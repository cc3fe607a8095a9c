#include "matrix/room_piece.hpp"

namespace confab::matrix {

json::Document RoomPiece::document_of(Span span) const {
  if (span.length == 0) return {};
  Result<json::Document> parsed = json::parse(std::string(text_of(span)));
  return parsed ? *std::move(parsed) : json::Document();
}

}  // namespace confab::matrix
