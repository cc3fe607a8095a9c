// What was said earlier in a room? Specification: client-server API, "Getting events for a room", /messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/event.hpp"

namespace confab::matrix {

/// One page. Only a missing end() is the end: a page may be empty because all of it was filtered out.
class MessagesAnswer {
 public:
  MessagesAnswer(EventList chunk, std::optional<PageToken> end, EventList state = EventList(),
                 std::optional<PageToken> start = std::nullopt)
      : chunk_(std::move(chunk)), state_(std::move(state)), end_(std::move(end)), start_(std::move(start)) {}
  /// In the direction that was asked for: backwards is newest first.
  [[nodiscard]] const std::vector<RoomEvent>& events() const& { return chunk_.events(); }
  [[nodiscard]] std::vector<RoomEvent> events() && { return std::move(chunk_).events(); }
  [[nodiscard]] std::size_t unreadable() const { return chunk_.unreadable(); }
  [[nodiscard]] const std::optional<PageToken>& end() const { return end_; }
  /// Where the page begins: from here it is the same page again, whatever is said meanwhile.
  [[nodiscard]] const std::optional<PageToken>& start() const { return start_; }
  /// With "lazy_load_members" in the filter the memberships of those who sent the events.
  [[nodiscard]] const std::vector<RoomEvent>& state() const { return state_.events(); }

 private:
  EventList chunk_;
  EventList state_;
  std::optional<PageToken> end_;
  std::optional<PageToken> start_;
};

/// GET /rooms/{roomId}/messages, backwards unless told otherwise.
class GetMessages {
 public:
  using Answer = MessagesAnswer;
  explicit GetMessages(MatrixRoomId room) : room_(std::move(room)) {}
  /// Where to begin: MessagesAnswer::end(), or prev_batch and next_batch of a sync. Empty: the newest or oldest event.
  GetMessages& from(PageToken token) { return from_ = std::move(token), *this; }
  GetMessages& to(PageToken token) { return to_ = std::move(token), *this; }
  GetMessages& forwards(bool on) { return forwards_ = on, *this; }
  /// 1 to 1000; the homeserver may give fewer.
  GetMessages& limit(int events) { return limit_ = events, *this; }
  /// A room event filter as a JSON object.
  GetMessages& filter(std::string json) { return filter_ = std::move(json), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
  PageToken from_;
  PageToken to_;
  std::string filter_;
  int limit_ = 100;
  bool forwards_ = false;
};

}  // namespace confab::matrix
