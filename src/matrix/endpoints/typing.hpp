// Who is writing just now? Specification: client-server API, "Typing Notifications".
#pragma once

#include <chrono>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

/// PUT /rooms/{roomId}/typing/{userId}, for oneself only. It ends by itself after the time given, so whoever goes on
/// writing says so again before that.
class SetTyping {
 public:
  using Answer = Done;
  /// No longer writing.
  SetTyping(MatrixRoomId room, MatrixUserId user) : room_(std::move(room)), user_(std::move(user)) {}
  /// Writing, for up to two minutes from now.
  SetTyping(MatrixRoomId room, MatrixUserId user, std::chrono::milliseconds lasting)
      : room_(std::move(room)), user_(std::move(user)), lasting_(lasting), typing_(true) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  MatrixUserId user_;
  std::chrono::milliseconds lasting_{0};
  bool typing_ = false;
};

}  // namespace confab::matrix
