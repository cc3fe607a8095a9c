#include "store/lease.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace confab::store {

void Lease::Question::answer(LeaseMachine::Outcome outcome) noexcept {
  const std::shared_ptr<Lease> lease = std::exchange(lease_, nullptr);
  if (!lease) return;
  {
    const std::lock_guard lock(lease->mutex_);
    lease->open_ = false;
  }
  try {
    done_(outcome);
  } catch (...) {  // a handler's own affair
  }
}

bool Lease::ask(Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(open_, true)) return false;
  }
  Question question(shared_from_this(), std::move(done));
  std::optional<LeaseMachine::Step> step;
  {
    const std::lock_guard lock(mutex_);
    step = machine_.ask(now_());
  }
  run(std::move(*step), std::move(question));
  return true;
}

bool Lease::release(Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(open_, true)) return false;
  }
  Question question(shared_from_this(), std::move(done));
  std::optional<LeaseMachine::Step> step;
  {
    const std::lock_guard lock(mutex_);
    step = machine_.release();
  }
  if (step->kind() != LeaseMachine::Step::Kind::done) {
    run(std::move(*step), std::move(question));
    return true;
  }
  // Nothing to do: still answered on a thread of the store, not here.
  store_->now([self = shared_from_this(), step = std::move(*step), question = std::move(question)](
                  const Result<StoreTime>&) mutable { self->run(std::move(step), std::move(question)); });
  return true;
}

void Lease::run(LeaseMachine::Step step, Question question) {
  using Kind = LeaseMachine::Step::Kind;
  if (step.kind() == Kind::done) return question.answer(step.outcome());
  // The lock is not held while the store is called or the next step runs: both may come back here.
  const auto next = [self = shared_from_this()](auto feed) {
    const std::lock_guard lock(self->mutex_);
    return feed(self->machine_);
  };
  if (step.kind() == Kind::read) {
    store_->get(step.key(), [self = shared_from_this(), next,
                             question = std::move(question)](const Result<std::optional<StoreRecord>>& read) mutable {
      self->run(next([&](LeaseMachine& machine) { return machine.on_read(read); }), std::move(question));
    });
    return;
  }
  store_->transact(step.writes(), Durability::promised,
                   [self = shared_from_this(), next,
                    question = std::move(question)](const Result<std::vector<StoreVersion>>& written) mutable {
                     self->run(next([&](LeaseMachine& machine) { return machine.on_written(written); }),
                               std::move(question));
                   });
}

std::chrono::milliseconds Lease::remaining() const {
  const std::lock_guard lock(mutex_);
  return machine_.remaining(now_());
}
bool Lease::covers(LeaseMachine::Time deadline) const {
  const std::lock_guard lock(mutex_);
  return machine_.covers(deadline);
}
LeaseMachine::Time Lease::renew_at() const {
  const std::lock_guard lock(mutex_);
  return machine_.renew_at();
}
StoreVersion Lease::fence() const {
  const std::lock_guard lock(mutex_);
  return machine_.fence();
}
bool Lease::owes() const {
  const std::lock_guard lock(mutex_);
  return machine_.owes();
}
std::optional<StoreWrite> Lease::guard() const {
  const std::lock_guard lock(mutex_);
  if (machine_.fence() == 0) return {};
  return machine_.guard();
}
std::optional<StoreWrite> Lease::farewell() const {
  const std::lock_guard lock(mutex_);
  if (machine_.fence() == 0) return {};
  return machine_.farewell();
}

}  // namespace confab::store
