// RoomEncryption: may a plain text be sent into this room? Asked before every send, so that in the steady state it
// costs nothing: an encrypted room stays so for ever, and of another it is looked up anew after a while. The streams of
// this process tell when somebody switches encryption on. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include <confab/error.hpp>
#include <confab/ids.hpp>

#include "util/recently_used.hpp"

namespace confab::services {

class RoomEncryption {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Somebody may have switched it on meanwhile, and no stream of ours have told.
  static constexpr std::chrono::minutes trusted_for{10};
  // Some 250 bytes each.
  static constexpr std::size_t most_rooms = 10'000;

  explicit RoomEncryption(std::size_t most = most_rooms) : rooms_(most) {}

  // Nothing: it has to be looked up.
  [[nodiscard]] std::optional<bool> is_encrypted(const MatrixRoomId& room, Time now) {
    const std::optional<Known> known = rooms_.find(room.str());
    if (!known) return std::nullopt;
    if (known->encrypted) return true;
    if (now - known->at >= trusted_for) return std::nullopt;
    return false;
  }
  // That it is not, was asked a moment before: a stream may have heard otherwise meanwhile, and then is right.
  void note(const MatrixRoomId& room, bool encrypted, Time now) {
    const auto stays = [](const Known& known) { return known.encrypted; };
    rooms_.put_unless(room.str(), Known{encrypted, now}, stays);
  }

  [[nodiscard]] static Error refused() {
    return Error(Errc::encrypted_room,
                 "the room is encrypted: what is sent here would be readable for the homeserver; allow it for the "
                 "tenant, or use another room")
        .with_subject("room");
  }

 private:
  struct Known {
    bool encrypted;
    Time at;
  };
  RecentlyUsed<Known> rooms_;
};

}  // namespace confab::services
