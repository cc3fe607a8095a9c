#include "net/rate_gate.hpp"

#include <algorithm>
#include <utility>

namespace confab::net {

using std::chrono::milliseconds;
using time_point = std::chrono::steady_clock::time_point;

RateGate::RateGate(RandomSource random, std::size_t most_keys)
    : random_(std::move(random)), most_keys_(std::clamp<std::size_t>(most_keys, 1, max_held_keys)) {}

void RateGate::Hold::extend(milliseconds wait, time_point now) {
  wait = std::clamp(wait, milliseconds(0), max_wait);
  if (now + wait <= until) return;
  until = now + wait;
  spread = std::clamp(wait / 4, shortest_spread, longest_spread);
}

void RateGate::hold(std::string_view key, milliseconds wait, time_point now) {
  key = key.substr(0, max_key_bytes);
  const auto found = index_.find(key);
  if (found != index_.end()) {
    found->second->hold.extend(wait, now);
    keys_.splice(keys_.end(), keys_, found->second);
    return;
  }
  make_room(now);
  Entries added;
  added.push_back(Entry{std::string(key), Hold{now, milliseconds(0)}});
  const auto entry = added.begin();
  entry->hold.extend(wait, now);
  index_.emplace(entry->key, entry);
  keys_.splice(keys_.end(), added);
}

void RateGate::hold_everybody(milliseconds wait, time_point now) { everybody_.extend(wait, now); }

time_point RateGate::may_go(std::string_view key, time_point now) {
  time_point earliest = now;
  const auto consider = [&](const Hold& hold) {
    if (hold.until > now) earliest = std::max(earliest, hold.until + uniform_wait(hold.spread, random_));
  };
  consider(everybody_);
  const auto found = index_.find(key.substr(0, max_key_bytes));
  if (found != index_.end()) {
    consider(found->second->hold);
    if (found->second->hold.until <= now) forget(found->second);
  }
  return earliest;
}

// Holds that have ended go first, as far as they are the oldest; a live one only when all places are taken.
void RateGate::make_room(time_point now) {
  while (!keys_.empty() && (keys_.front().hold.until <= now || keys_.size() >= most_keys_)) forget(keys_.begin());
}

void RateGate::forget(Entries::iterator entry) {
  index_.erase(entry->key);
  keys_.erase(entry);
}

}  // namespace confab::net
