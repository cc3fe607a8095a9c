// Has this event been delivered already? A bounded memory of event ids.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include <confab/ids.hpp>

namespace confab::matrix {

/// Remembers the newest `most` ids; older ones are forgotten first.
class SeenEvents {
 public:
  explicit SeenEvents(std::size_t most) : most_(most) {}

  /// Remember an id; false if it was known.
  bool add(const EventId& id) {
    const auto [at, fresh] = ids_.insert(id.str());
    if (!fresh) return false;
    // Elements of an unordered_set never move: the queue may point at them.
    order_.push_back(&*at);
    while (order_.size() > most_) {
      const std::string* oldest = order_.front();
      order_.pop_front();
      ids_.erase(ids_.find(*oldest));
    }
    return true;
  }
  /// The newest of them, oldest first.
  [[nodiscard]] std::vector<EventId> newest(std::size_t most) const {
    std::vector<EventId> ids;
    const std::size_t count = std::min(most, order_.size());
    ids.reserve(count);
    for (auto id = order_.end() - static_cast<std::ptrdiff_t>(count); id != order_.end(); ++id) ids.emplace_back(**id);
    return ids;
  }
  [[nodiscard]] bool knows(const EventId& id) const { return ids_.contains(id.str()); }
  [[nodiscard]] std::size_t size() const { return order_.size(); }

 private:
  std::size_t most_;
  std::unordered_set<std::string> ids_;
  std::deque<const std::string*> order_;
};

}  // namespace confab::matrix
