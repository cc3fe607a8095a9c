// DeviceMoves: who is next to come to a device of their own? Groups in turn, so that a large one does not keep a small
// one waiting, and within a group in the order of asking. A machine without a clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include <confab/ids.hpp>

#include "net/event_loop.hpp"

namespace confab::credentials {

class DeviceMoves {
 public:
  // Most who wait; more are not noted, and ask again with their next call.
  static constexpr std::size_t most_waiting = 10'000;

  void want(const std::string& group, const MatrixUserId& user);
  // Who is next, and that they wait no more. Precondition of pop(): somebody does.
  [[nodiscard]] std::optional<MatrixUserId> front() const;
  void pop();

  // Whether somebody shall begin to move those who wait: then nobody else does, until stopped().
  [[nodiscard]] bool begin(net::TimePoint now);
  void stopped() { running_ = false; }
  // Nobody moves before.
  void hold(net::TimePoint until) { held_until_ = until; }
  // A recovery goes first.
  void recovery_begins() { ++recoveries_; }
  void recovery_ended() { --recoveries_; }
  [[nodiscard]] bool may_go_on() const { return recoveries_ == 0; }

 private:
  struct Group {
    std::string name;
    std::deque<MatrixUserId> users;
  };
  // Those who have somebody who waits; the first one is next.
  std::list<Group> groups_;
  std::unordered_set<MatrixUserId> waiting_;
  bool running_ = false;
  net::TimePoint held_until_{};
  std::size_t recoveries_ = 0;
};

}  // namespace confab::credentials
