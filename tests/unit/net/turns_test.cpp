#include "net/turns.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::net::FairQueueLimits;
using confab::net::Turns;
using confab::test::run;
using confab::test::Together;

namespace {

FairQueueLimits one_at_a_time() { return FairQueueLimits().in_flight(1, 1); }

// Who had a turn, in that order.
struct Order {
  std::mutex mutex;
  std::vector<std::string> had;
};

Task<Result<bool>> take(Turns& turns, std::string group, std::shared_ptr<Order> order, net::CallContext context) {
  Turns::Place place(turns);
  if (Result<void> joined = place.join(group); !joined) co_return joined.error();
  const bool in_turn = place.in_turn() || co_await place.turn(context);
  if (in_turn) {
    const std::lock_guard lock(order->mutex);
    order->had.push_back(group);
  }
  co_return in_turn;
}

auto taking(Turns& turns, const std::string& group, std::shared_ptr<Order> order = std::make_shared<Order>()) {
  return [&turns, group, order](net::CallContext context) { return take(turns, group, order, std::move(context)); };
}

}  // namespace

TEST_CASE("Turns: groups go by turns, though one has come with all of its own before") {
  Turns turns(one_at_a_time());
  Runtime runtime(RuntimeOptions().loop_threads(2));
  const auto order = std::make_shared<Order>();
  Together<bool> waiters;
  {
    Turns::Place first(turns);
    REQUIRE(first.join("other"));
    CHECK(first.in_turn());
    // In line before the next one comes: each on the same loop.
    for (int i = 0; i < 8; ++i) waiters.start(runtime, taking(turns, "large", order));
    for (int i = 0; i < 2; ++i) waiters.start(runtime, taking(turns, "small", order));
    CHECK(run<bool>(runtime, taking(turns, "late"), CallOptions().within(20ms)).value() == false);
  }
  for (const auto& had : waiters.all()) CHECK(had.value());
  CHECK(order->had == std::vector<std::string>{"large", "small", "large", "small", "large", "large", "large", "large",
                                               "large", "large"});
}

TEST_CASE("Turns: who gives up leaves the turn to others; the stop wakes who waits") {
  Turns turns(one_at_a_time());
  Runtime runtime;
  std::optional<Turns::Place> first(std::in_place, turns);
  REQUIRE(first->join("a"));
  CHECK(run<bool>(runtime, taking(turns, "a"), CallOptions().within(20ms)).value() == false);
  Together<bool> waiters;
  Operation stopped = waiters.start(runtime, taking(turns, "a"));
  waiters.start(runtime, taking(turns, "a"));
  stopped.cancel();
  REQUIRE(waiters.wait_for(1));
  first.reset();
  const std::vector<Result<bool>> had = waiters.all();
  CHECK_FALSE((had.at(0).has_value() && had.at(0).value()));
  CHECK(had.at(1).value());
}

TEST_CASE("Turns: a parked one lets others go, and goes on when it is back and they are done") {
  Turns turns(one_at_a_time());
  Runtime runtime;
  Turns::Place first(turns);
  REQUIRE(first.join("a"));
  first.park();
  CHECK_FALSE(first.in_turn());
  CHECK(run<bool>(runtime, taking(turns, "a")).value());
  first.unpark();
  CHECK(first.in_turn());
}

TEST_CASE("Turns: over the bound nothing is queued, and who has not joined parks nothing") {
  Turns turns(FairQueueLimits().in_flight(1, 1).waiting(1, 1));
  Turns::Place first(turns);
  Turns::Place second(turns);
  Turns::Place third(turns);
  REQUIRE(first.join("a"));
  REQUIRE(second.join("a"));
  CHECK(third.join("a").error().code() == Errc::busy);
  CHECK_FALSE(third);
  third.park();
  third.unpark();
  CHECK(first.in_turn());
  CHECK_FALSE(second.in_turn());
}
