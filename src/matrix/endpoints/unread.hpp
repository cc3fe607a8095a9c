// How much has a user not read in a room? Specification: client-server API, "Receiving notifications". The homeserver
// tells it in /sync alone, so that is asked for one room and nothing else of it.
#pragma once

#include <cstdint>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "util/json.hpp"

namespace confab::matrix {

class UnreadAnswer {
 public:
  explicit UnreadAnswer(json::Document body) : body_(std::move(body)) {}
  /// Whether the user is in the room: otherwise nothing is known of it.
  [[nodiscard]] bool is_joined(const MatrixRoomId& room) const { return joined(room).is_object(); }
  [[nodiscard]] std::uint64_t notifications(const MatrixRoomId& room) const {
    return count(room, "notification_count");
  }
  [[nodiscard]] std::uint64_t highlights(const MatrixRoomId& room) const { return count(room, "highlight_count"); }
  /// The event of the user's latest receipt, of either kind; empty where there is none.
  [[nodiscard]] EventId last_read(const MatrixRoomId& room, const MatrixUserId& user) const;

 private:
  [[nodiscard]] json::Value joined(const MatrixRoomId& room) const { return body_.root()["rooms"]["join"][room.str()]; }
  [[nodiscard]] std::uint64_t count(const MatrixRoomId& room, std::string_view which) const;
  json::Document body_;
};

/// GET /sync without waiting, of one room: its counts and receipts, and its newest event.
class GetUnread {
 public:
  using Answer = UnreadAnswer;
  explicit GetUnread(MatrixRoomId room) : room_(std::move(room)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixRoomId room_;
};

}  // namespace confab::matrix
