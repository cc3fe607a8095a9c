#include "net/await_pending.hpp"

#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using confab::CallOptions;
using confab::Errc;
using confab::Error;
using confab::Pending;
using confab::Result;
using confab::Runtime;
using confab::RuntimeOptions;
using confab::Task;
using confab::UniqueFunction;
using confab::net::CallContext;
using confab::net::on_loop;

namespace {

using Core = std::shared_ptr<confab::net::RuntimeCore>;

Task<Result<int>> until_stopped(CallContext context) {
  const bool came = co_await context.loop().sleep_until(context.deadline(), context.stop());
  if (came) co_return Error(Errc::timed_out, "late");
  co_return Error(Errc::cancelled, "stopped");
}

Task<Result<int>> five(CallContext) { co_return 5; }

// Awaits an operation of another loop and tells whether it came back to its own.
Task<Result<bool>> back_home(CallContext context, Core core, std::string other) {
  const Result<int> result = co_await on_loop(context, confab::net::describe<int>(core, other, CallOptions(), five));
  co_return result.has_value() && *result == 5 && context.loop().in_loop();
}

Task<Result<int>> hand_on(CallContext context, Core core, std::string other) {
  co_return co_await on_loop(context, confab::net::describe<int>(core, other, CallOptions().within(1h), until_stopped));
}

Task<Result<bool>> in_one_turn(CallContext context, Core core, std::string same) {
  const std::uint64_t turn = context.loop().turns();
  const Result<int> result = co_await on_loop(context, confab::net::describe<int>(core, same, CallOptions(), five));
  co_return result.has_value() && *result == 5 && context.loop().turns() == turn;
}

Task<Result<int>> spend(CallContext context) {
  int spent = 0;
  while (context.attempts().take()) ++spent;
  co_return spent;
}

Task<Result<bool>> spends_its_own(CallContext context, Core core) {
  const unsigned before = context.attempts().left();
  const Result<int> spent = co_await on_loop(context, confab::net::describe<int>(core, "test", CallOptions(), spend));
  co_return spent.has_value() && *spent == static_cast<int>(before) && context.attempts().left() == before;
}

Task<Result<int>> throws(CallContext) {
  throw 1;
  co_return 0;
}

Task<Result<bool>> outlives_a_throw(CallContext context, Core core) {
  const Result<int> result = co_await on_loop(context, confab::net::describe<int>(core, "test", CallOptions(), throws));
  co_return !result.has_value() && result.error().code() == Errc::internal;
}

Task<Result<int>> await_twice(CallContext context, Core core) {
  Pending<int> pending = confab::net::describe<int>(core, "test", CallOptions(), five);
  const Result<int> first = co_await on_loop(context, std::move(pending));
  if (!first) co_return Error(Errc::internal, "the first");
  co_return co_await on_loop(context, std::move(pending));  // NOLINT: what a second start says
}

// An operation of a host's, which the test completes whenever it likes.
class Foreign {
 public:
  [[nodiscard]] Pending<int> describe() {
    return Pending<int>(nullptr, [this](UniqueFunction<void(Result<int>)> done) {
      done_ = std::move(done);
      begun.set_value();
      return std::shared_ptr<confab::detail::RunningOperation>();
    });
  }
  void complete(int value) { done_(value); }
  std::promise<void> begun;

 private:
  UniqueFunction<void(Result<int>)> done_;
};

Task<Result<int>> wait_for(CallContext context, Foreign* foreign) {
  co_return co_await on_loop(std::move(context), foreign->describe());
}

}  // namespace

TEST_CASE("await_pending: a coroutine waits for an operation of another loop and goes on on its own") {
  Runtime runtime(RuntimeOptions().loop_threads(4));
  const Core core = runtime.core();
  for (const char* other : {"a", "b", "c", "d", "e"}) {
    CHECK(confab::test::run<bool>(runtime, [core, other](CallContext context) {
            return back_home(std::move(context), core, other);
          }).value());
  }
}

TEST_CASE("await_pending: an operation of the same loop becomes a part of the one that waits") {
  Runtime runtime(RuntimeOptions().loop_threads(4));
  const Core core = runtime.core();
  CHECK(confab::test::run<bool>(runtime, [core](CallContext context) {
          return in_one_turn(std::move(context), core, "test");
        }).value());
}

TEST_CASE("await_pending: a part has requests of its own, and the deadline and stop of the whole") {
  Runtime runtime;
  const Core core = runtime.core();
  CHECK(confab::test::run<bool>(runtime, [core](CallContext context) {
          return spends_its_own(std::move(context), core);
        }).value());
  CHECK(confab::test::run<int>(
            runtime, [core](CallContext context) { return hand_on(std::move(context), core, "test"); },
            CallOptions().within(20ms))
            .error()
            .code() == Errc::timed_out);
}

TEST_CASE("await_pending: an exception in a part is its error, not the whole's end") {
  Runtime runtime;
  const Core core = runtime.core();
  CHECK(confab::test::run<bool>(runtime, [core](CallContext context) {
          return outlives_a_throw(std::move(context), core);
        }).value());
}

TEST_CASE("await_pending: what was consumed before says so") {
  Runtime runtime;
  const Core core = runtime.core();
  CHECK(confab::test::run<int>(runtime, [core](CallContext context) { return await_twice(std::move(context), core); })
            .error()
            .code() == Errc::consumed);
}

TEST_CASE("await_pending: a stop of the waiting operation cancels the one it waits for") {
  Runtime runtime(RuntimeOptions().loop_threads(4));
  const Core core = runtime.core();
  for (const char* other : {"a", "b", "c", "d", "e"}) {
    std::stop_source stop;
    stop.request_stop();
    CHECK(confab::test::run<int>(
              runtime, [core, other](CallContext context) { return hand_on(std::move(context), core, other); },
              CallOptions().within(1h).stop(stop.get_token()))
              .error()
              .code() == Errc::cancelled);
  }
}

TEST_CASE("await_pending: a foreign operation may complete on any thread") {
  Runtime runtime;
  Foreign foreign;
  std::thread completer([&foreign] {
    foreign.begun.get_future().wait();
    foreign.complete(8);
  });
  CHECK(confab::test::run<int>(runtime, [&foreign](CallContext context) {
          return wait_for(std::move(context), &foreign);
        }).value() == 8);
  completer.join();
}

TEST_CASE("await_pending: a completion after the Runtime has gone finds nobody, and harms nobody") {
  Foreign foreign;
  std::promise<Errc> code;
  {
    Runtime runtime;
    static_cast<void>(confab::net::describe<int>(runtime.core(), "u", CallOptions(), [&foreign](CallContext context) {
                        return wait_for(std::move(context), &foreign);
                      }).start([&code](Result<int> result) { code.set_value(result.error().code()); }));
    foreign.begun.get_future().wait();
  }
  CHECK(code.get_future().get() == Errc::closed);
  foreign.complete(1);
}
