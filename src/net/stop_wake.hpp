// StopWake: how does a stop, requested on any thread, reach what waits on a loop? It posts, and does nothing else, so
// that whoever requests the stop never runs our code.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "net/event_loop.hpp"

namespace confab::net {

// Runs the target on the loop, if it still lives when the stop is requested. Loop thread only.
class StopWake {
 public:
  void listen(const std::stop_token& stop, EventLoop& loop, std::weak_ptr<EventLoop::Errand> target) {
    if (stop.stop_possible()) callback_.emplace(stop, Post(loop, std::move(target)));
  }
  void forget() { callback_.reset(); }

 private:
  class Post {
   public:
    Post(EventLoop& loop, std::weak_ptr<EventLoop::Errand> target) : loop_(&loop), target_(std::move(target)) {}
    void operator()() const noexcept {
      if (auto target = target_.lock()) loop_->post(std::move(target));
    }

   private:
    EventLoop* loop_;
    std::weak_ptr<EventLoop::Errand> target_;
  };

  std::optional<std::stop_callback<Post>> callback_;
};

}  // namespace confab::net
