// Chore: something that an object has to do on its loop, later. It is a part of the object, so that planning it needs
// no memory; posted, it keeps the object alive.
#pragma once

#include "net/event_loop.hpp"

namespace confab::net {

template <class Of>
class Chore final : public EventLoop::Errand {
 public:
  Chore(Of* whose, void (Of::*what)()) noexcept : of_(whose), what_(what) {}
  void run() override { (of_->*what_)(); }

 private:
  Of* of_;
  void (Of::*what_)();
};

}  // namespace confab::net
