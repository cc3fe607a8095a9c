// Which rooms may be found by everybody? Specification: client-server API, "Published Room Directory".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class PublicRoom {
 public:
  [[nodiscard]] static Result<PublicRoom> decode(const json::Value& room);
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }
  [[nodiscard]] const std::optional<RoomAlias>& alias() const { return alias_; }
  [[nodiscard]] const std::optional<std::string>& name() const { return name_; }
  [[nodiscard]] const std::optional<std::string>& topic() const { return topic_; }
  [[nodiscard]] std::int64_t joined_members() const { return joined_members_; }
  [[nodiscard]] bool world_readable() const { return world_readable_; }
  /// "public" where the directory does not say.
  [[nodiscard]] const std::string& join_rule() const { return join_rule_; }

 private:
  PublicRoom() = default;
  MatrixRoomId room_;
  std::optional<RoomAlias> alias_;
  std::optional<std::string> name_;
  std::optional<std::string> topic_;
  std::int64_t joined_members_ = 0;
  bool world_readable_ = false;
  std::string join_rule_;
};

/// One page of the directory. Entries that cannot be read are counted and left out: they come from servers of all
/// makes.
class PublicRoomsAnswer {
 public:
  PublicRoomsAnswer(std::vector<PublicRoom> rooms, std::size_t unreadable, std::optional<PageToken> next)
      : rooms_(std::move(rooms)), unreadable_(unreadable), next_(std::move(next)) {}
  [[nodiscard]] static Result<PublicRoomsAnswer> decode(const json::Value& body);
  [[nodiscard]] const std::vector<PublicRoom>& rooms() const { return rooms_; }
  [[nodiscard]] std::size_t unreadable() const { return unreadable_; }
  /// Where the next page begins; none: this was the last.
  [[nodiscard]] const std::optional<PageToken>& next() const { return next_; }

 private:
  std::vector<PublicRoom> rooms_;
  std::size_t unreadable_;
  std::optional<PageToken> next_;
};

/// GET /publicRooms.
class GetPublicRooms {
 public:
  using Answer = PublicRoomsAnswer;
  /// Another server's directory; empty: the homeserver's own.
  GetPublicRooms& server(std::string name) { return server_ = std::move(name), *this; }
  GetPublicRooms& since(PageToken token) { return since_ = std::move(token), *this; }
  /// 1 to 1000; the homeserver may give fewer.
  GetPublicRooms& limit(int rooms) { return limit_ = rooms, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return PublicRoomsAnswer::decode(body); }

 private:
  std::string server_;
  PageToken since_;
  int limit_ = 100;
};

/// POST /publicRooms: those that have the term in name, topic or alias. Reads only, so repeating is safe.
class SearchPublicRooms {
 public:
  using Answer = PublicRoomsAnswer;
  explicit SearchPublicRooms(std::string term) : term_(std::move(term)) {}
  SearchPublicRooms& server(std::string name) { return server_ = std::move(name), *this; }
  SearchPublicRooms& since(PageToken token) { return since_ = std::move(token), *this; }
  SearchPublicRooms& limit(int rooms) { return limit_ = rooms, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return PublicRoomsAnswer::decode(body); }

 private:
  std::string term_;
  std::string server_;
  PageToken since_;
  int limit_ = 100;
};

/// PUT /directory/list/room/{roomId}: show a room in the directory, or no longer.
class ListRoom {
 public:
  using Answer = Done;
  ListRoom(MatrixRoomId room, bool listed) : room_(std::move(room)), listed_(listed) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixRoomId room_;
  bool listed_;
};

}  // namespace confab::matrix
