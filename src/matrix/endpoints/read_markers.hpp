// Where does a user go on reading? Specification: client-server API, "Fully read markers".
#pragma once

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

/// POST /rooms/{roomId}/read_markers: the place where reading goes on, and both kinds of receipt, in one request.
class SetReadMarkers {
 public:
  using Answer = Done;
  explicit SetReadMarkers(MatrixRoomId room) : room_(std::move(room)) {}
  /// Everything up to this event was read; only the user sees it.
  SetReadMarkers& fully_read(EventId event) { return fully_read_ = std::move(event), *this; }
  /// A receipt that everybody in the room sees.
  SetReadMarkers& read(EventId event) { return read_ = std::move(event), *this; }
  /// A receipt that counts for the user's own unread counts alone.
  SetReadMarkers& read_private(EventId event) { return read_private_ = std::move(event), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  EventId fully_read_;
  EventId read_;
  EventId read_private_;
};

}  // namespace confab::matrix
