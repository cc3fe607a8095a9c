#include "credentials/device_moves.hpp"

#include <algorithm>

namespace confab::credentials {

void DeviceMoves::want(const std::string& group, const MatrixUserId& user) {
  if (waiting_.size() >= most_waiting || !waiting_.insert(user).second) return;
  auto found = std::find_if(groups_.begin(), groups_.end(), [&group](const Group& each) { return each.name == group; });
  if (found == groups_.end()) found = groups_.insert(groups_.end(), Group{group, {}});
  found->users.push_back(user);
}

std::optional<MatrixUserId> DeviceMoves::front() const {
  if (groups_.empty()) return std::nullopt;
  return groups_.front().users.front();
}

void DeviceMoves::pop() {
  Group& first = groups_.front();
  waiting_.erase(first.users.front());
  first.users.pop_front();
  if (first.users.empty()) {
    groups_.pop_front();
  } else {
    groups_.splice(groups_.end(), groups_, groups_.begin());
  }
}

bool DeviceMoves::begin(net::TimePoint now) {
  if (running_ || groups_.empty() || !may_go_on() || now < held_until_) return false;
  running_ = true;
  return true;
}

}  // namespace confab::credentials
