#include "matrix/sync_answer.hpp"

#include <string>
#include <string_view>

namespace confab::matrix {
namespace {

// The "events" array of a section that may be missing as a whole.
json::Document events_of(json::Reader& read, std::string_view section) {
  const json::Value part = read.optional_object(section);
  if (!part) return {};
  json::Reader inner(part);
  const json::Value events = inner.optional_array("events");
  if (inner.failed()) read.fail(inner.error());
  return events.share();
}

}  // namespace

Result<RoomPiece> RoomPiece::decode(RoomPart part, std::string_view room, const json::Value& body) {
  json::Reader read(body);
  RoomPiece piece;
  piece.part_ = part;
  piece.room_ = MatrixRoomId(std::string(room));
  if (room.empty()) read.fail(body.wrong("under a room id"));
  if (part == RoomPart::invited) {
    piece.state_ = events_of(read, "invite_state");
    return read.finish(std::move(piece));
  }
  if (const json::Value timeline = read.optional_object("timeline")) {
    json::Reader inner(timeline);
    piece.timeline_ = inner.optional_array("events").share();
    piece.limited_ = inner.optional_boolean("limited").value_or(false);
    if (const auto token = inner.optional_string("prev_batch"); token && !token->empty()) {
      piece.prev_batch_ = PageToken(std::string(*token));
    }
    if (inner.failed()) read.fail(inner.error());
  }
  piece.state_ = events_of(read, "state");
  piece.ephemeral_ = events_of(read, "ephemeral");
  return read.finish(std::move(piece));
}

Result<SyncAnswer> SyncAnswer::decode(const json::Value& body) {
  json::Reader read(body);
  SyncAnswer answer;
  answer.next_batch_ = PageToken(std::string(read.non_empty_string("next_batch")));
  if (const json::Value rooms = read.optional_object("rooms")) {
    static constexpr std::pair<std::string_view, RoomPart> parts[] = {
        {"join", RoomPart::joined}, {"invite", RoomPart::invited}, {"leave", RoomPart::left}};
    json::Reader sections(rooms);
    for (const auto& [name, part] : parts) {
      for (const auto& [room, content] : sections.optional_object(name).members()) {
        if (auto piece = RoomPiece::decode(part, room, content)) {
          answer.rooms_.push_back(*std::move(piece));
        } else {
          sections.fail(std::move(piece).error());
        }
      }
    }
    if (sections.failed()) read.fail(sections.error());
  }
  return read.finish(std::move(answer));
}

}  // namespace confab::matrix
