// One process that wants a lease, with a clock of its own.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "store/lease.hpp"
#include "support/fake_clock.hpp"

namespace confab::test {

inline store::LeaseMachine::Outcome finish_lease(const std::function<bool(store::Lease::Done)>& begin) {
  auto promise = std::make_shared<std::promise<store::LeaseMachine::Outcome>>();
  auto future = promise->get_future();
  REQUIRE(begin([promise](store::LeaseMachine::Outcome outcome) { promise->set_value(outcome); }));
  REQUIRE(future.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  return future.get();
}

struct Contender {
  Contender(const std::shared_ptr<Store>& store, const std::string& name, FakeClock& clock)
      : lease(std::make_shared<store::Lease>(store, store::LeaseMachine("sync", name, std::chrono::seconds(9)),
                                             [&clock] { return clock.now(); })) {}
  [[nodiscard]] store::LeaseMachine::Outcome ask() const {
    return finish_lease([this](store::Lease::Done done) { return lease->ask(std::move(done)); });
  }
  [[nodiscard]] store::LeaseMachine::Outcome release() const {
    return finish_lease([this](store::Lease::Done done) { return lease->release(std::move(done)); });
  }
  std::shared_ptr<store::Lease> lease;
};

}  // namespace confab::test
