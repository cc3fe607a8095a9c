#include "net/runtime_core.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using confab::CallOptions;
using confab::Errc;
using confab::Error;
using confab::LogLevel;
using confab::LogRecord;
using confab::Result;
using confab::Runtime;
using confab::RuntimeOptions;
using confab::Task;
using confab::net::CallContext;
using confab::test::run;

namespace {
Task<Result<int>> seven(CallContext) { co_return 7; }
Task<Result<int>> holds_its_loop_up(CallContext) {
  const auto until = confab::net::Clock::now() + 20ms;
  while (confab::net::Clock::now() < until) {
  }
  co_return 20;
}
Task<Result<int>> fails(CallContext) { co_return Error(Errc::cancelled, "by the work itself"); }
Task<Result<int>> throws(CallContext) {
  throw std::runtime_error("secret words");
  co_return 0;
}
Task<Result<int>> exhausts(CallContext) {
  throw std::bad_alloc();
  co_return 0;
}
Task<Result<bool>> on_its_loop(CallContext context) { co_return context.loop().in_loop(); }
Task<Result<bool>> deadline_is_near(CallContext context) {
  co_return context.deadline() <= confab::net::Clock::now() + 10s;
}
}  // namespace

TEST_CASE("runtime: the number of loops is bent into its bounds") {
  CHECK(Runtime(RuntimeOptions().loop_threads(0)).core()->loops() == 1);
  CHECK(Runtime(RuntimeOptions().loop_threads(3)).core()->loops() == 3);
  CHECK(Runtime(RuntimeOptions().loop_threads(1000)).core()->loops() == 64);
}

TEST_CASE("runtime: a user stays on one loop and in one delivery; users are spread over all loops") {
  const Runtime runtime(RuntimeOptions().loop_threads(4));
  std::set<const void*> loops;
  for (int i = 0; i < 200; ++i) {
    const std::string user = "@user" + std::to_string(i) + ":x";
    CHECK(&runtime.core()->loop_for(user) == &runtime.core()->loop_for(user));
    CHECK(runtime.core()->delivery_for(user) == runtime.core()->delivery_for(user));
    loops.insert(&runtime.core()->loop_for(user));
  }
  CHECK(loops.size() == 4);
}

TEST_CASE("runtime: a turn that holds its loop up is logged where debug lines are wanted, and only there") {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info}) {
    std::mutex mutex;
    std::vector<std::string> stalls;
    {
      Runtime runtime(RuntimeOptions().log(
          [&](const LogRecord& line) {
            const std::lock_guard lock(mutex);
            if (line.code() == "loop.stalled") stalls.emplace_back(line.message());
          },
          level));
      CHECK(run<int>(runtime, holds_its_loop_up).value() == 20);
    }
    CHECK(stalls.empty() == (level == LogLevel::info));
    for (const std::string& stall : stalls) CHECK(stall.starts_with("a turn of the event loop took "));
  }
}

TEST_CASE("describe: the work runs on its loop and its result comes back") {
  Runtime runtime(RuntimeOptions().loop_threads(2));
  CHECK(run<int>(runtime, seven).value() == 7);
  CHECK(run<bool>(runtime, on_its_loop, CallOptions(), "a").value());
  CHECK(run<bool>(runtime, on_its_loop, CallOptions(), "b").value());
  CHECK(run<bool>(runtime, deadline_is_near, CallOptions().within(5s)).value());
  CHECK(!run<bool>(runtime, deadline_is_near, CallOptions()).value());
}

TEST_CASE(
    "describe: exceptions become errors that do not quote them; a cancellation stays one while the Runtime lives") {
  Runtime runtime;
  const Result<int> thrown = run<int>(runtime, throws);
  CHECK(thrown.error().code() == Errc::internal);
  CHECK(thrown.error().message().find("secret") == std::string_view::npos);
  CHECK(run<int>(runtime, exhausts).error().code() == Errc::no_memory);
  CHECK(run<int>(runtime, fails).error().code() == Errc::cancelled);
}

TEST_CASE("describe: a body that makes no coroutine at all for lack of memory is answered") {
  Runtime runtime;
  const auto body = [](CallContext) -> Task<Result<int>> { throw std::bad_alloc(); };
  CHECK(run<int>(runtime, body).error().code() == Errc::no_memory);
}

TEST_CASE("describe: nothing is kept of an operation that has ended") {
  Runtime runtime;
  const auto held = std::make_shared<int>(0);
  class Body {
   public:
    explicit Body(std::shared_ptr<int> held) : held_(std::move(held)) {}
    [[nodiscard]] Task<Result<int>> operator()(CallContext context) const { return seven(std::move(context)); }

   private:
    std::shared_ptr<int> held_;
  };
  CHECK(run<int>(runtime, Body(held)).has_value());
  CHECK(run<int>(runtime, seven).has_value());  // on the same loop, so the one before is gone
  CHECK(held.use_count() == 1);
}
