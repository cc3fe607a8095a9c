// A lease as a coroutine on a loop sees it.
#pragma once

#include <memory>
#include <utility>

#include "net/call_context.hpp"
#include "net/record_store.hpp"
#include "store/lease.hpp"
#include "util/task.hpp"

namespace confab::net {

using LeaseOutcome = store::LeaseMachine::Outcome;

// One question at a time: who gives one up by the context asks no other.
[[nodiscard]] inline Task<LeaseOutcome> ask_lease(std::shared_ptr<store::Lease> lease, CallContext context) {
  StoreAnswer<LeaseOutcome> asked(std::move(context), [lease](StoreHandler<LeaseOutcome> done) {
    (void)lease->ask([done = std::move(done)](LeaseOutcome outcome) mutable { done(outcome); });
  });
  Result<LeaseOutcome> outcome = co_await asked;
  co_return outcome ? *outcome : LeaseOutcome::failed;
}

[[nodiscard]] inline Task<void> release_lease(std::shared_ptr<store::Lease> lease, CallContext context) {
  StoreAnswer<LeaseOutcome> asked(std::move(context), [lease](StoreHandler<LeaseOutcome> done) {
    (void)lease->release([done = std::move(done)](LeaseOutcome outcome) mutable { done(outcome); });
  });
  (void)co_await asked;
}

// How often a lease is let go of where memory is short. What is not let go ends by itself, and whoever wants it next
// waits for that.
inline constexpr int most_farewells = 16;

}  // namespace confab::net
