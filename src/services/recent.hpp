// Recent: what is remembered of things by their name, for as many as there is room; what was not used for longest goes.
// Any thread. Only a cache: whoever asks has to bear that nothing is known.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace confab::services {

template <class Value>
class Recent {
 public:
  explicit Recent(std::size_t most) : most_(most) {}

  [[nodiscard]] std::optional<Value> find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto at = by_name_.find(name);
    if (at == by_name_.end()) return std::nullopt;
    order_.splice(order_.begin(), order_, at->second);
    return at->second->second;
  }
  void put(const std::string& name, Value value) {
    const std::lock_guard lock(mutex_);
    if (const auto at = by_name_.find(name); at != by_name_.end()) {
      at->second->second = std::move(value);
      order_.splice(order_.begin(), order_, at->second);
      return;
    }
    order_.emplace_front(name, std::move(value));
    by_name_.emplace(name, order_.begin());
    if (order_.size() <= most_) return;
    by_name_.erase(order_.back().first);
    order_.pop_back();
  }
  void forget(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto at = by_name_.find(name);
    if (at == by_name_.end()) return;
    order_.erase(at->second);
    by_name_.erase(at);
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return order_.size();
  }

 private:
  using Order = std::list<std::pair<std::string, Value>>;  // used last stands first
  const std::size_t most_;
  mutable std::mutex mutex_;
  Order order_;
  std::unordered_map<std::string, typename Order::iterator> by_name_;
};

}  // namespace confab::services
