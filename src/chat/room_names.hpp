// RoomNames: which event, group or pair of users does a room of the homeserver belong to? The way back from a room's
// id, for events that arrive.
//
// Only the name is remembered, never who may: that is asked of the directory for each delivery.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/ids.hpp>

#include "util/recently_used.hpp"

namespace confab::chat {

// What a room's alias says. A direct room is named by the ids of its two, which stay when slugs change.
class RoomName {
 public:
  RoomName(RoomKind kind, RoomSlug slug) : kind_(kind), slug_(std::move(slug)) {}
  // Of a direct room.
  RoomName(std::string id, std::string other_id)
      : kind_(RoomKind::direct), id_(std::move(id)), other_id_(std::move(other_id)) {}
  // Nothing for an alias that is none of this tenant's, and for a direct one whose ids are hidden in a hash.
  [[nodiscard]] static std::optional<RoomName> of_alias(const TenantId& tenant, std::string_view localpart);

  [[nodiscard]] RoomKind kind() const noexcept { return kind_; }
  [[nodiscard]] const RoomSlug& slug() const noexcept { return slug_; }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& other_id() const noexcept { return other_id_; }
  friend bool operator==(const RoomName& a, const RoomName& b) noexcept = default;

 private:
  RoomKind kind_;
  RoomSlug slug_;
  std::string id_;
  std::string other_id_;
};

class RoomNames {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Nothing: a room that is none of the tenant's.
  using Name = std::optional<RoomName>;
  // A room's name stays. That it has none is believed for so long: somebody may give it one by hand.
  static constexpr std::chrono::minutes nameless_for{10};
  // Some 400 bytes each.
  static constexpr std::size_t most_names = 20'000;

  explicit RoomNames(std::size_t most = most_names) : names_(most) {}

  // Nothing: it has to be looked up.
  [[nodiscard]] std::optional<Name> find(const MatrixRoomId& room, Time now) {
    std::optional<Known> known = names_.find(room.str());
    if (!known || (!known->name && now - known->at >= nameless_for)) return std::nullopt;
    return std::move(known->name);
  }
  void put(const MatrixRoomId& room, Name name, Time now) { names_.put(room.str(), Known{std::move(name), now}); }

 private:
  struct Known {
    Name name;
    Time at;
  };
  RecentlyUsed<Known> names_;
};

}  // namespace confab::chat
