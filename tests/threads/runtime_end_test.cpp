// A Runtime that goes away with operations in flight: from outside, from a handler of its own, under executors that
// stand still. Every completion that is owed still comes, once; afterwards nothing of the library runs.
#include <doctest/doctest.h>

#include <latch>
#include <optional>

#include "threads/operations.hpp"

using namespace confab_threads;
using namespace std::chrono_literals;

namespace {}  // namespace

TEST_CASE("~Runtime completes what is in flight, with closed, before it returns") {
  for (const unsigned loops : {1U, 4U}) {
    auto runtime = std::make_unique<Runtime>(RuntimeOptions().loop_threads(loops));
    const Core core = runtime->core();
    Owed owed;
    std::atomic<int> closed{0};
    for (int i = 0; i < 1000; ++i) {
      owed.add();
      describe(core, "user" + std::to_string(i % 7), Work::forever, no_hurry).start([&](Result<int> result) {
        if (!result.has_value() && result.error().code() == Errc::closed) ++closed;
        owed.done();
      });
    }
    const auto before = std::chrono::steady_clock::now();
    runtime.reset();
    CHECK(owed.count() == 0);
    CHECK(closed == 1000);
    // They heard of it; nobody waited until they were given up.
    CHECK(std::chrono::steady_clock::now() - before < 4s);
  }
}

TEST_CASE("a thread that waits when the Runtime goes away gets closed") {
  auto runtime = std::make_unique<Runtime>();
  std::vector<std::thread> waiters;
  std::atomic<int> closed{0};
  Owed begun;
  for (int i = 0; i < 4; ++i) {
    begun.add();
    waiters.emplace_back([&, core = runtime->core()] {
      // The one before it on the same loop tells that this one has been posted by now or comes too late: both are
      // closed.
      static_cast<void>(describe(core, "u", Work::value).wait());
      begun.done();
      const Result<int> result = describe(core, "u", Work::forever, no_hurry).wait();
      if (!result.has_value() && result.error().code() == Errc::closed) ++closed;
    });
  }
  REQUIRE(begun.wait_for_none());
  runtime.reset();
  for (auto& waiter : waiters) waiter.join();
  CHECK(closed == 4);
}

TEST_CASE("operations that other threads start while the Runtime goes away complete exactly once") {
  for (int round = 0; round < 20; ++round) {
    Pool pool(2);
    auto runtime = std::make_unique<Runtime>(RuntimeOptions().loop_threads(2).executor(
        [&pool](UniqueFunction<void()> task) { pool.post(std::move(task)); }));
    const Core core = runtime->core();
    Owed owed;
    std::atomic<int> completed{0};
    std::atomic<int> wrong{0};
    constexpr int each = 60;
    std::latch go(5);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        go.arrive_and_wait();
        std::stop_source stop;
        for (int n = 0; n < each; ++n) {
          owed.add();
          const Work what = n % 3 == 0 ? Work::value : Work::forever;
          const Starting inside;
          auto operation =
              describe(core, "user" + std::to_string(i), what, CallOptions(no_hurry).stop(stop.get_token()))
                  .start([&](Result<int> result) {
                    const bool expected = result.has_value() || result.error().code() == Errc::closed ||
                                          result.error().code() == Errc::cancelled;
                    if (!expected || starting != 0) ++wrong;
                    ++completed;
                    owed.done();
                  });
          if (n % 5 == 0) operation.cancel();
          if (n % 20 == 19) stop.request_stop(), stop = std::stop_source();
        }
      });
    }
    go.arrive_and_wait();
    runtime.reset();
    for (auto& thread : threads) thread.join();
    CHECK(owed.wait_for_none());
    CHECK(completed == 4 * each);
    CHECK(wrong == 0);
  }
}

TEST_CASE("a Pending started after its Runtime is gone completes with closed, not inside the call") {
  auto runtime = std::make_unique<Runtime>();
  Pending<int> started = describe(runtime->core(), "u", Work::value);
  Pending<int> waited = describe(runtime->core(), "u", Work::value);
  runtime.reset();
  Owed owed;
  owed.add();
  std::optional<Errc> code;
  std::thread::id where;
  std::move(started).start([&](Result<int> result) {
    code = result.error().code();
    where = std::this_thread::get_id();
    owed.done();
  });
  REQUIRE(owed.wait_for_none());
  CHECK(*code == Errc::closed);
  CHECK(where != std::this_thread::get_id());
  CHECK(std::move(waited).wait().error().code() == Errc::closed);
}

TEST_CASE("a Runtime destroyed from its own handler, on its dispatcher") {
  for (int round = 0; round < 10; ++round) {
    auto runtime = std::make_unique<Runtime>();
    const Core core = runtime->core();
    Owed owed;
    std::atomic<int> closed{0};
    std::atomic<bool> all_came{false};
    for (int i = 0; i < 100; ++i) {
      owed.add();
      describe(core, "user" + std::to_string(i % 7), Work::forever, no_hurry).start([&](Result<int> result) {
        if (!result.has_value() && result.error().code() == Errc::closed) ++closed;
        owed.done();
      });
    }
    owed.add();
    describe(core, "user1", Work::value).start([&](Result<int>) {
      runtime.reset();
      all_came = owed.count() == 1;  // all but this one
      owed.done();
    });
    REQUIRE(owed.wait_for_none());
    CHECK(all_came);
    CHECK(closed == 100);
  }
}

TEST_CASE("a Runtime destroyed from its own handler, on the host's pool") {
  for (int round = 0; round < 10; ++round) {
    Pool pool(3);
    auto runtime = std::make_unique<Runtime>(RuntimeOptions().loop_threads(2).executor(
        [&pool](UniqueFunction<void()> task) { pool.post(std::move(task)); }));
    const Core core = runtime->core();
    Owed owed;
    std::atomic<bool> all_came{false};
    for (int i = 0; i < 100; ++i) {
      owed.add();
      describe(core, "user" + std::to_string(i % 7), i % 2 == 0 ? Work::forever : Work::nap, no_hurry)
          .start([&](Result<int>) { owed.done(); });
    }
    owed.add();
    describe(core, "user1", Work::value).start([&](Result<int>) {
      runtime.reset();
      all_came = owed.count() == 1;
      owed.done();
    });
    REQUIRE(owed.wait_for_none());
    CHECK(all_came);
  }
}

namespace {
Fire destroy_after(Pending<int> pending, std::unique_ptr<Runtime>* runtime, Owed* owed) {
  static_cast<void>(co_await std::move(pending));
  runtime->reset();
  owed->done();
}
}  // namespace

TEST_CASE("a Runtime destroyed from a coroutine it resumed") {
  auto runtime = std::make_unique<Runtime>();
  Owed owed;
  owed.add();
  destroy_after(describe(runtime->core(), "u", Work::value), &runtime, &owed);
  REQUIRE(owed.wait_for_none());
  CHECK(runtime == nullptr);
}

TEST_CASE("an executor that stands still cannot block ~Runtime; its tasks do nothing afterwards") {
  Shelf shelf;
  std::atomic<int> ran{0};
  std::thread::id where;
  {
    Runtime runtime(RuntimeOptions().executor(shelf.executor()));
    for (int i = 0; i < 10; ++i) {
      describe(runtime.core(), "u", Work::value).start([&](Result<int> result) {
        CHECK(result.has_value());
        where = std::this_thread::get_id();
        ++ran;
      });
    }
    describe(runtime.core(), "v", Work::value).start([&](Result<int>) { ++ran; });
    shelf.wait_for(2);  // one task carries all handlers of one user
    CHECK(ran == 0);
  }
  CHECK(ran == 11);
  CHECK(where == std::this_thread::get_id());
  auto tasks = shelf.take();
  CHECK(tasks.size() == 2);
  tasks[0]();
  tasks[0]();
  tasks.clear();  // the other one unrun
  CHECK(ran == 11);
}

TEST_CASE("a handler that starts operations while ~Runtime runs it gets closed for each") {
  Owed owed;
  std::atomic<int> closed{0};
  {
    Runtime runtime;
    const Core core = runtime.core();
    for (int i = 0; i < 20; ++i) {
      owed.add();
      describe(core, "user" + std::to_string(i), Work::forever, no_hurry).start([&, core, i](Result<int>) {
        const Starting inside;
        describe(core, "user" + std::to_string(i + 1), Work::value).start([&](Result<int> result) {
          if (!result.has_value() && result.error().code() == Errc::closed && starting == 0) ++closed;
          owed.done();
        });
      });
    }
  }
  CHECK(owed.count() == 0);
  CHECK(closed == 20);
}

TEST_CASE("an operation that does not hear the stop is closed all the same, and what it held is destroyed") {
  const auto held = std::make_shared<int>(1);
  std::optional<Errc> code;
  {
    Runtime runtime;
    class Deaf {
     public:
      explicit Deaf(std::shared_ptr<int> held) : held_(std::move(held)) {}
      [[nodiscard]] Task<Result<int>> operator()(CallContext context) const { return sleep(std::move(context), held_); }

     private:
      static Task<Result<int>> sleep(CallContext context, std::shared_ptr<int> held) {
        co_await context.loop().sleep_until(confab::net::Clock::now() + 1h, std::stop_token());
        co_return *held;
      }
      std::shared_ptr<int> held_;
    };
    confab::net::describe<int>(runtime.core(), "u", CallOptions(), Deaf(held)).start([&](Result<int> result) {
      code = result.error().code();
    });
    CHECK(describe(runtime.core(), "u", Work::value).wait().has_value());  // the one before is running by now
  }
  CHECK(code == Errc::closed);
  CHECK(held.use_count() == 1);
}
