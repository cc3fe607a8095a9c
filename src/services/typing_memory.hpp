// TypingMemory: does this have to be said? Key strokes come many a second, and the homeserver need not hear of each.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include <confab/ids.hpp>

#include "util/recently_used.hpp"
#include "util/text.hpp"

namespace confab::services {

class TypingMemory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // What was said is not said again within this.
  static constexpr std::chrono::seconds said_for{15};
  // How long the homeserver shows it: twice as long, so that it does not flicker.
  static constexpr std::chrono::seconds shown_for{30};
  // Users in rooms; of others it is said once more than needed. Some 300 bytes each.
  static constexpr std::size_t most_remembered = 10'000;

  explicit TypingMemory(std::size_t most = most_remembered) : said_(most) {}

  // Whether it has to be said; it is taken as said then.
  [[nodiscard]] bool has_to_say(const MatrixRoomId& room, const MatrixUserId& user, bool on, Time now) {
    const std::string name = name_of(room, user);
    const std::optional<Said> last = said_.find(name);
    if (last && last->on == on && now - last->at < said_for) return false;
    said_.put(name, Said{on, now});
    return true;
  }
  // It did not get through, or the homeserver ended it.
  void forget(const MatrixRoomId& room, const MatrixUserId& user) { said_.forget(name_of(room, user)); }
  [[nodiscard]] std::size_t size() const { return said_.size(); }

 private:
  struct Said {
    bool on;
    Time at;
  };
  static std::string name_of(const MatrixRoomId& room, const MatrixUserId& user) {
    return text::concat({room.str(), " ", user.str()});
  }
  RecentlyUsed<Said> said_;
};

}  // namespace confab::services
