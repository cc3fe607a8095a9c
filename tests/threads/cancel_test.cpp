// Cancelling from several threads, early, late and twice; deadlines; stop requests that only post.
#include <doctest/doctest.h>

#include <latch>
#include <optional>
#include <stop_token>

#include "threads/operations.hpp"

using namespace confab_threads;
using namespace std::chrono_literals;

namespace {}  // namespace

TEST_CASE("several threads cancel one operation: it completes once, with cancelled") {
  Runtime runtime;
  for (int round = 0; round < 50; ++round) {
    Owed owed;
    owed.add();
    std::atomic<int> completions{0};
    std::optional<Errc> code;
    auto operation = describe(runtime.core(), "u", Work::forever, no_hurry).start([&](Result<int> result) {
      ++completions;
      code = result.error().code();
      owed.done();
    });
    std::latch go(4);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, operation] {
        go.arrive_and_wait();
        operation.cancel();
      });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(owed.wait_for_none());
    operation.cancel();  // of one that has ended: nothing
    CHECK(completions == 1);
    CHECK(code == Errc::cancelled);
  }
}

TEST_CASE("an Operation outlives its Runtime; cancelling it then does nothing") {
  confab::Operation operation;
  operation.cancel();  // names nothing
  std::atomic<int> completions{0};
  {
    Runtime runtime;
    operation = describe(runtime.core(), "u", Work::forever, no_hurry).start([&](Result<int>) { ++completions; });
  }
  operation.cancel();
  CHECK(completions == 1);
}

TEST_CASE("dropping the Operation does not cancel") {
  Runtime runtime;
  Owed owed;
  owed.add();
  std::optional<bool> value;
  {
    static_cast<void>(describe(runtime.core(), "u", Work::nap).start([&](Result<int> result) {
      value = result.has_value();
      owed.done();
    }));
  }
  REQUIRE(owed.wait_for_none());
  CHECK(value == true);
}

TEST_CASE("a stop request runs no handler inside itself, and stops every operation that listens") {
  Runtime runtime(RuntimeOptions().loop_threads(2).executor([](UniqueFunction<void()> task) { task(); }));
  std::stop_source stop;
  Owed owed;
  std::atomic<int> cancelled{0};
  std::atomic<int> inside{0};
  for (int i = 0; i < 100; ++i) {
    owed.add();
    describe(runtime.core(), "user" + std::to_string(i), Work::forever, CallOptions(no_hurry).stop(stop.get_token()))
        .start([&](Result<int> result) {
          if (result.error().code() == Errc::cancelled) ++cancelled;
          if (starting != 0) ++inside;
          owed.done();
        });
  }
  {
    const Starting requesting;
    stop.request_stop();
  }
  REQUIRE(owed.wait_for_none());
  CHECK(cancelled == 100);
  CHECK(inside == 0);
}

TEST_CASE("a token that is stopped before the start cancels the operation") {
  Runtime runtime;
  std::stop_source stop;
  stop.request_stop();
  CHECK(describe(runtime.core(), "u", Work::forever, CallOptions(no_hurry).stop(stop.get_token()))
            .wait()
            .error()
            .code() == Errc::cancelled);
}

TEST_CASE("a deadline counts from the start, not from the description; until() is absolute") {
  Runtime runtime;
  Pending<int> relative = describe(runtime.core(), "u", Work::nap, CallOptions().within(1h));
  Pending<int> absolute = describe(runtime.core(), "u", Work::nap, CallOptions().until(CallOptions::Clock::now()));
  CHECK(std::move(relative).wait().has_value());
  CHECK(std::move(absolute).wait().error().code() == Errc::timed_out);
  CHECK(describe(runtime.core(), "u", Work::forever, CallOptions().within(1ms)).wait().error().code() ==
        Errc::timed_out);
  CHECK(describe(runtime.core(), "u", Work::forever, CallOptions().within(-1h)).wait().error().code() ==
        Errc::timed_out);
}
