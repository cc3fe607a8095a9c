// RecentlyUsed: a bounded map whose entry that was used longest ago makes room for a new one. Any thread. Whoever asks
// has to bear that nothing is known.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace confab {

template <class Value>
class RecentlyUsed {
 public:
  explicit RecentlyUsed(std::size_t most) : most_(most) {}

  [[nodiscard]] std::optional<Value> find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) return std::nullopt;
    order_.splice(order_.begin(), order_, at->second);
    return at->second->second;
  }

  void put(const std::string& key, Value value) {
    put_unless(key, std::move(value), [](const Value&) { return false; });
  }

  // Where `stays` says so of what is known already, that is kept; it counts as used all the same.
  template <class Stays>
  void put_unless(const std::string& key, Value value, Stays stays) {
    const std::lock_guard lock(mutex_);
    if (const auto at = by_key_.find(key); at != by_key_.end()) {
      if (!stays(std::as_const(at->second->second))) at->second->second = std::move(value);
      order_.splice(order_.begin(), order_, at->second);
      return;
    }
    // Whole or not at all.
    Order added;
    added.emplace_front(key, std::move(value));
    by_key_.emplace(key, added.begin());
    order_.splice(order_.begin(), added);
    if (order_.size() > most_) {
      by_key_.erase(order_.back().first);
      order_.pop_back();
    }
  }

  void forget(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) return;
    order_.erase(at->second);
    by_key_.erase(at);
  }

  // Only while it still holds `value`: another operation may have corrected it meanwhile.
  void forget(const std::string& key, const Value& value) {
    const std::lock_guard lock(mutex_);
    const auto at = by_key_.find(key);
    if (at == by_key_.end() || at->second->second != value) return;
    order_.erase(at->second);
    by_key_.erase(at);
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return order_.size();
  }

  // How many there were.
  std::size_t clear() {
    const std::lock_guard lock(mutex_);
    const std::size_t count = order_.size();
    by_key_.clear();
    order_.clear();
    return count;
  }

 private:
  using Order = std::list<std::pair<std::string, Value>>;  // used last stands first
  const std::size_t most_;
  mutable std::mutex mutex_;
  Order order_;
  std::unordered_map<std::string, typename Order::iterator> by_key_;
};

}  // namespace confab
