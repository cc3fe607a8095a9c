// What does a user keep at the homeserver, for all clients or for one room? Specification: client-server API,
// "Client Config".
#pragma once

#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

/// GET /user/{userId}[/rooms/{roomId}]/account_data/{type}; Errc::not_found where nothing of that type was kept.
class GetAccountData {
 public:
  using Answer = ObjectAnswer;
  GetAccountData(MatrixUserId user, std::string type) : user_(std::move(user)), type_(std::move(type)) {}
  /// What is kept with this room, instead of what is kept for all.
  GetAccountData& room(MatrixRoomId room) { return room_ = std::move(room), in_room_ = true, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return ObjectAnswer::decode(body); }

 private:
  MatrixUserId user_;
  MatrixRoomId room_;
  std::string type_;
  bool in_room_ = false;
};

/// PUT /user/{userId}[/rooms/{roomId}]/account_data/{type}: replaces the whole. The last writer wins, so a repeat after
/// somebody else's change undoes it: keep one writer per type. An empty object stands for deleted.
class PutAccountData {
 public:
  using Answer = Done;
  /// @param content_json  A JSON object. m.fully_read and m.push_rules have endpoints of their own and are refused.
  PutAccountData(MatrixUserId user, std::string type, std::string content_json)
      : user_(std::move(user)), type_(std::move(type)), content_(std::move(content_json)) {}
  PutAccountData& room(MatrixRoomId room) { return room_ = std::move(room), in_room_ = true, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  MatrixRoomId room_;
  std::string type_;
  std::string content_;
  bool in_room_ = false;
};

}  // namespace confab::matrix
