// MembershipCache: is this user in that room, as far as this process heard? From its own joins and removals, and from
// the membership events of the streams that it reads.
//
// It spares requests and permits nothing: who is wrongly believed to be in is refused by the homeserver, who is wrongly
// believed to be out joins once more, which changes nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include <confab/ids.hpp>

#include "util/recently_used.hpp"
#include "util/text.hpp"

namespace confab::chat {

class MembershipCache {
 public:
  enum class Place : unsigned char { unknown, in, out };

  using Time = std::chrono::steady_clock::time_point;

  // Who left by a client of their own while no stream of ours was open is noticed after this.
  static constexpr std::chrono::minutes trusted_for{10};
  // Some 350 bytes each.
  static constexpr std::size_t most_memberships = 50'000;

  explicit MembershipCache(std::size_t most = most_memberships) : places_(most) {}

  [[nodiscard]] Place find(const MatrixRoomId& room, const MatrixUserId& user,
                           Time now = std::chrono::steady_clock::now()) {
    const std::optional<Heard> last = places_.find(key(room, user));
    return last && now - last->at < trusted_for ? last->place : Place::unknown;
  }
  void put(const MatrixRoomId& room, const MatrixUserId& user, Place place,
           Time now = std::chrono::steady_clock::now()) {
    places_.put(key(room, user), Heard{place, now});
  }
  // What m.room.member said of the user.
  void heard(const MatrixRoomId& room, const MatrixUserId& user, std::string_view membership) {
    put(room, user, membership == "join" ? Place::in : Place::out);
  }
  void clear() { (void)places_.clear(); }

 private:
  struct Heard {
    Place place;
    Time at;
  };
  // No id holds a space.
  [[nodiscard]] static std::string key(const MatrixRoomId& room, const MatrixUserId& user) {
    return text::concat({room.str(), " ", user.str()});
  }
  RecentlyUsed<Heard> places_;
};

}  // namespace confab::chat
