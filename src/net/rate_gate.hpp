// When may a request of this flow go, given the 429s that came before?
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/backoff.hpp"

namespace confab::net {

// One per homeserver, shared by everybody who talks to it: a 429 that meets one request holds back the others that
// would meet it too, instead of letting each find out. Flow keys are opaque here (a user, mostly).
class RateGate {
 public:
  // Flow keys held at one time. Over it the hold least recently set or extended is forgotten: its next request goes
  // early and is told again, which costs one request and loses nothing.
  static constexpr std::size_t max_held_keys = 4096;
  // Longest flow key; longer ones share one hold by their first bytes.
  static constexpr std::size_t max_key_bytes = 512;
  // Releases are spread over a quarter of the wait, within these bounds, so that waiters do not return together.
  static constexpr std::chrono::milliseconds shortest_spread{50};
  static constexpr std::chrono::milliseconds longest_spread{5'000};

  explicit RateGate(RandomSource random, std::size_t most_keys = max_held_keys);

  // Hold back one flow, or everybody, for `wait` from now (bounded to max_wait). Holds are extended, never shortened.
  void hold(std::string_view key, std::chrono::milliseconds wait, std::chrono::steady_clock::time_point now);
  void hold_everybody(std::chrono::milliseconds wait, std::chrono::steady_clock::time_point now);

  // The time from which a request of this flow may go: `now` itself if nothing holds it. Each waiter is told its own
  // time past the end of the hold; it asks again then, since the hold may have been extended.
  [[nodiscard]] std::chrono::steady_clock::time_point may_go(std::string_view key,
                                                             std::chrono::steady_clock::time_point now);

  [[nodiscard]] std::size_t held_keys() const noexcept { return keys_.size(); }

 private:
  struct Hold {
    std::chrono::steady_clock::time_point until;
    std::chrono::milliseconds spread{0};
    void extend(std::chrono::milliseconds wait, std::chrono::steady_clock::time_point now);
  };
  struct Entry {
    std::string key;
    Hold hold;
  };
  using Entries = std::list<Entry>;
  void make_room(std::chrono::steady_clock::time_point now);
  void forget(Entries::iterator entry);

  RandomSource random_;
  std::size_t most_keys_;
  Hold everybody_;
  // Least recently set first. The index views the keys inside the entries, which never move.
  Entries keys_;
  std::unordered_map<std::string_view, Entries::iterator> index_;
};

}  // namespace confab::net
