// How far has a user read, for others to see? Specification: client-server API, "Receipts".
#pragma once

#include <cstdint>
#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

enum class ReceiptType : std::uint8_t {
  read,          ///< m.read: everybody in the room sees it.
  read_private,  ///< m.read.private: counts for the user's own unread counts alone.
};

/// POST /rooms/{roomId}/receipt/{receiptType}/{eventId}: read up to and with this event. Going back is ignored by the
/// homeserver, so repeating is safe.
class SendReceipt {
 public:
  using Answer = Done;
  SendReceipt(MatrixRoomId room, EventId event, ReceiptType type = ReceiptType::read)
      : room_(std::move(room)), event_(std::move(event)), type_(type) {}
  /// Only within this thread: the id of its root, or "main" for what is in none. Empty: all of the room.
  SendReceipt& thread(std::string id) { return thread_ = std::move(id), *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  EventId event_;
  ReceiptType type_;
  std::string thread_;
};

}  // namespace confab::matrix
