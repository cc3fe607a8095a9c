// CallContext: what travels with one operation through all layers: until when, how to stop, how many requests are left,
// whose part of the homeserver it uses. Copies share the attempts budget and the stop.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "net/attempts_budget.hpp"
#include "net/event_loop.hpp"

namespace confab::net {

class CallContext {
 public:
  CallContext(EventLoop& loop, TimePoint deadline, std::stop_token stop, AttemptsBudget attempts = AttemptsBudget())
      : loop_(&loop), deadline_(deadline), stop_(std::move(stop)), attempts_(std::move(attempts)) {}

  [[nodiscard]] EventLoop& loop() const noexcept { return *loop_; }
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
  [[nodiscard]] const std::stop_token& stop() const noexcept { return stop_; }
  [[nodiscard]] AttemptsBudget& attempts() noexcept { return attempts_; }

  // Who shares a fair part of the homeserver with this operation; empty: the library itself.
  [[nodiscard]] std::string_view group() const noexcept {
    return group_ ? std::string_view(*group_) : std::string_view();
  }
  [[nodiscard]] CallContext in_group(std::shared_ptr<const std::string> group) const& {
    CallContext grouped = *this;
    grouped.group_ = std::move(group);
    return grouped;
  }
  [[nodiscard]] CallContext in_group(std::shared_ptr<const std::string> group) && {
    group_ = std::move(group);
    return std::move(*this);
  }

  // The same operation, with a nearer deadline for one of its requests.
  [[nodiscard]] CallContext until(TimePoint deadline) const {
    CallContext nearer = *this;
    nearer.deadline_ = deadline;
    return nearer;
  }
  // A context for work that goes on when its first caller gives up (a shared flight): own deadline, own budget.
  [[nodiscard]] CallContext detached(TimePoint deadline, std::stop_token stop) const {
    CallContext own(*loop_, deadline, std::move(stop));
    own.group_ = group_;
    return own;
  }
  // The same operation with a fresh budget of requests: for a composed call (make a room) whose parts are calls of
  // their own, each with its own bound.
  [[nodiscard]] CallContext step() const { return detached(deadline_, stop_); }

 private:
  EventLoop* loop_;
  TimePoint deadline_;
  std::stop_token stop_;
  AttemptsBudget attempts_;
  std::shared_ptr<const std::string> group_;
};

}  // namespace confab::net
