#include "net/turns.hpp"

#include <utility>

namespace confab::net {

Turns::Place::~Place() {
  if (!ticket_) return;
  const std::lock_guard lock(turns_.mutex_);
  turns_.waiting_.erase(*ticket_);
  turns_.queue_.cancel(*ticket_);
  turns_.grant();
}

Result<void> Turns::Place::join(std::string_view group) {
  const std::lock_guard lock(turns_.mutex_);
  Result<FairQueue::Ticket> ticket = turns_.queue_.push(group);
  if (!ticket) return std::move(ticket).error();
  ticket_ = *ticket;
  turns_.grant();
  return {};
}

bool Turns::Place::in_turn() const {
  const std::lock_guard lock(turns_.mutex_);
  return turns_.queue_.is_in_flight(*ticket_);
}

Task<bool> Turns::Place::turn(CallContext context) {
  auto enrol = [this](std::shared_ptr<Waker> waker) {
    const std::lock_guard lock(turns_.mutex_);
    if (turns_.queue_.is_in_flight(*ticket_)) {
      waker->wake();
    } else {
      turns_.waiting_.insert_or_assign(*ticket_, std::move(waker));
    }
  };
  co_await WakeAwaiter<decltype(enrol)>(context, std::move(enrol));
  co_return in_turn();
}

void Turns::Place::park() {
  if (!ticket_) return;
  const std::lock_guard lock(turns_.mutex_);
  turns_.queue_.park(*ticket_);
  turns_.grant();
}

void Turns::Place::unpark() {
  if (!ticket_) return;
  const std::lock_guard lock(turns_.mutex_);
  turns_.queue_.unpark(*ticket_);
  turns_.grant();
}

void Turns::grant() {
  while (const std::optional<FairQueue::Ticket> next = queue_.pop()) {
    const auto waiter = waiting_.find(*next);
    if (waiter == waiting_.end()) continue;  // it asks when it comes to wait
    waiter->second->wake();
    waiting_.erase(waiter);
  }
}

}  // namespace confab::net
