#include "net/shared_result.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::net::SharedResult;
using confab::test::run;
using confab::test::Together;

namespace {

auto waiting(std::shared_ptr<SharedResult<int>> shared) {
  return [shared](net::CallContext context) { return SharedResult<int>::wait(shared, std::move(context)); };
}

}  // namespace

TEST_CASE("SharedResult: everybody gets the one result, who came before and who comes after") {
  Runtime runtime(RuntimeOptions().loop_threads(2));
  const auto shared = std::make_shared<SharedResult<int>>();
  Together<int> waiters;
  for (int i = 0; i < 200; ++i) waiters.start(runtime, waiting(shared), CallOptions(), std::to_string(i));
  shared->set(7);
  shared->set(8);
  for (const auto& result : waiters.all()) CHECK(result.value() == 7);
  CHECK(waiters.ended() == 200);
  CHECK(run<int>(runtime, waiting(shared)).value() == 7);
  // Not even a deadline that has passed keeps back what is there.
  CHECK(run<int>(runtime, waiting(shared), CallOptions().within(0ns)).value() == 7);
}

TEST_CASE("SharedResult: an error is shared like a value") {
  Runtime runtime;
  const auto shared = std::make_shared<SharedResult<int>>();
  Together<int> waiters;
  for (int i = 0; i < 5; ++i) waiters.start(runtime, waiting(shared));
  shared->set(Error(Errc::conflict, "made up"));
  for (const auto& result : waiters.all()) CHECK(result.error().code() == Errc::conflict);
}

TEST_CASE("SharedResult: who gives up leaves the others waiting") {
  Runtime runtime;
  const auto shared = std::make_shared<SharedResult<int>>();
  Together<int> others;
  others.start(runtime, waiting(shared));
  CHECK(run<int>(runtime, waiting(shared), CallOptions().within(10ms)).error().code() == Errc::timed_out);
  std::stop_source stop;
  Together<int> stopped;
  stopped.start(runtime, waiting(shared), CallOptions().stop(stop.get_token()));
  stop.request_stop();
  CHECK(stopped.all().at(0).error().code() == Errc::cancelled);
  CHECK(others.ended() == 0);
  shared->set(1);
  CHECK(others.all().at(0).value() == 1);
}

TEST_CASE("SharedResult: a result, a deadline and a stop that race end each waiter once") {
  Runtime runtime(RuntimeOptions().loop_threads(2));
  for (int round = 0; round < 100; ++round) {
    const auto shared = std::make_shared<SharedResult<int>>();
    std::stop_source stop;
    Together<int> waiters;
    for (int i = 0; i < 10; ++i) {
      waiters.start(runtime, waiting(shared),
                    CallOptions().within(std::chrono::microseconds(50 * round)).stop(stop.get_token()),
                    std::to_string(i));
    }
    std::thread setter([&] { shared->set(1); });
    stop.request_stop();
    setter.join();
    const auto results = waiters.all();
    REQUIRE(results.size() == 10);
    for (const auto& result : results) {
      if (result) continue;
      const Errc code = result.error().code();
      CHECK((code == Errc::timed_out || code == Errc::cancelled));
    }
  }
}

TEST_CASE("SharedResult: set after the waiters' Runtime has gone") {
  const auto shared = std::make_shared<SharedResult<int>>();
  Together<int> waiters;
  {
    Runtime runtime;
    for (int i = 0; i < 5; ++i) waiters.start(runtime, waiting(shared), CallOptions().within(1h));
  }
  for (const auto& result : waiters.all()) CHECK(result.error().code() == Errc::closed);
  shared->set(1);
}
