// Which events refer to this one: reactions, edits, a thread? Specification: client-server API, "Forming relationships
// between events".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/event.hpp"

namespace confab::matrix {

class RelationsAnswer {
 public:
  RelationsAnswer(EventList chunk, std::optional<PageToken> next) : chunk_(std::move(chunk)), next_(std::move(next)) {}
  /// In the direction that was asked for: backwards is newest first.
  [[nodiscard]] const std::vector<RoomEvent>& events() const& { return chunk_.events(); }
  [[nodiscard]] std::vector<RoomEvent> events() && { return std::move(chunk_).events(); }
  [[nodiscard]] std::size_t unreadable() const { return chunk_.unreadable(); }
  /// Where the next page begins; none: this was the last.
  [[nodiscard]] const std::optional<PageToken>& next() const { return next_; }

 private:
  EventList chunk_;
  std::optional<PageToken> next_;
};

/// GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}[/{relType}[/{eventType}]], backwards unless told
/// otherwise.
class GetRelations {
 public:
  using Answer = RelationsAnswer;
  GetRelations(MatrixRoomId room, EventId event) : room_(std::move(room)), event_(std::move(event)) {}
  /// Only relations of this kind, for example "m.annotation".
  GetRelations& rel_type(std::string type) { return rel_type_ = std::move(type), *this; }
  /// Only events of this type; goes with rel_type().
  GetRelations& event_type(std::string type) { return event_type_ = std::move(type), *this; }
  GetRelations& from(PageToken token) { return from_ = std::move(token), *this; }
  GetRelations& to(PageToken token) { return to_ = std::move(token), *this; }
  GetRelations& forwards(bool on) { return forwards_ = on, *this; }
  /// Events too that refer to those that refer to this one.
  GetRelations& recurse(bool on) { return recurse_ = on, *this; }
  /// 1 to 1000; the homeserver may give fewer.
  GetRelations& limit(int events) { return limit_ = events, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
  EventId event_;
  std::string rel_type_;
  std::string event_type_;
  PageToken from_;
  PageToken to_;
  int limit_ = 100;
  bool forwards_ = false;
  bool recurse_ = false;
};

}  // namespace confab::matrix
