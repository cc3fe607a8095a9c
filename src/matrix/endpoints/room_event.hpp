// What is one event, and what stands around it? Specification: client-server API, "Getting events for a room",
// "Event context".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/event.hpp"

namespace confab::matrix {

/// GET /rooms/{roomId}/event/{eventId}; Errc::not_found where there is none or the user may not see it.
class GetEvent {
 public:
  using Answer = RoomEvent;
  GetEvent(MatrixRoomId room, EventId event) : room_(std::move(room)), event_(std::move(event)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return RoomEvent::decode(body); }

 private:
  MatrixRoomId room_;
  EventId event_;
};

class ContextAnswer {
 public:
  [[nodiscard]] static Result<ContextAnswer> decode(const json::Value& body);
  /// The event that was asked for; none if it cannot be read.
  [[nodiscard]] const std::optional<RoomEvent>& event() const { return event_; }
  /// Newest first, as a page backwards.
  [[nodiscard]] const std::vector<RoomEvent>& before() const { return before_.events(); }
  /// Oldest first, as a page forwards.
  [[nodiscard]] const std::vector<RoomEvent>& after() const { return after_.events(); }
  /// The room's state at the last event of after().
  [[nodiscard]] const std::vector<RoomEvent>& state() const { return state_.events(); }
  /// How many events were left out because they cannot be read.
  [[nodiscard]] std::size_t unreadable() const;
  /// Where GetMessages goes on backwards.
  [[nodiscard]] const std::optional<PageToken>& start() const { return start_; }
  /// Where GetMessages goes on forwards.
  [[nodiscard]] const std::optional<PageToken>& end() const { return end_; }

 private:
  ContextAnswer() = default;
  std::optional<RoomEvent> event_;
  EventList before_;
  EventList after_;
  EventList state_;
  std::optional<PageToken> start_;
  std::optional<PageToken> end_;
};

/// GET /rooms/{roomId}/context/{eventId}: the event, what came just before and after it, and tokens to read on.
class GetContext {
 public:
  using Answer = ContextAnswer;
  GetContext(MatrixRoomId room, EventId event) : room_(std::move(room)), event_(std::move(event)) {}
  /// Before and after together, 1 to 1000; the homeserver may give fewer.
  GetContext& limit(int events) { return limit_ = events, *this; }
  /// A room event filter as a JSON object.
  GetContext& filter(std::string json) { return filter_ = std::move(json), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return ContextAnswer::decode(body); }

 private:
  MatrixRoomId room_;
  EventId event_;
  std::string filter_;
  int limit_ = 10;
};

}  // namespace confab::matrix
