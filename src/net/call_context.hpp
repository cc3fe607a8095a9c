// CallContext: what travels with one operation through all layers: until when, how to stop, how many requests are left,
// on whose behalf. Copies share the attempts budget and the stop.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "net/attempts_budget.hpp"
#include "net/event_loop.hpp"

namespace confab::net {

// Opaque keys by which the scheduler is fair and holds back: it knows neither tenants nor users.
class FlowKey {
 public:
  FlowKey() = default;
  FlowKey(std::string group, std::string member) : group_(std::move(group)), member_(std::move(member)) {}
  // Who shares a fair part (a tenant), and within it who is limited by the homeserver as one (a user).
  [[nodiscard]] const std::string& group() const noexcept { return group_; }
  [[nodiscard]] const std::string& member() const noexcept { return member_; }

 private:
  std::string group_;
  std::string member_;
};

class CallContext {
 public:
  CallContext(EventLoop& loop, TimePoint deadline, std::stop_token stop)
      : loop_(&loop), deadline_(deadline), stop_(std::move(stop)) {}

  [[nodiscard]] EventLoop& loop() const noexcept { return *loop_; }
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
  [[nodiscard]] const std::stop_token& stop() const noexcept { return stop_; }
  [[nodiscard]] AttemptsBudget& attempts() noexcept { return attempts_; }

  // A context for work that goes on when its first caller gives up (a shared flight): own deadline, own budget.
  [[nodiscard]] CallContext detached(TimePoint deadline, std::stop_token stop) const {
    return CallContext(*loop_, deadline, std::move(stop));
  }
  // The same operation with a fresh budget of requests: for a composed call (make a room) whose parts are calls of
  // their own, each with its own bound.
  [[nodiscard]] CallContext step() const { return CallContext(*loop_, deadline_, stop_); }

 private:
  EventLoop* loop_;
  TimePoint deadline_;
  std::stop_token stop_;
  AttemptsBudget attempts_;
};

}  // namespace confab::net
