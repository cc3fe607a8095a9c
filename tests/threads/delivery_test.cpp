// Where handlers run, in which order, and what wait() answers there.
#include <doctest/doctest.h>

#include <latch>
#include <optional>
#include <set>

#include "threads/on_threads.hpp"
#include "threads/operations.hpp"

using namespace confab_threads;
using namespace std::chrono_literals;

namespace {

// What wait() answers where this is called.
Errc code_of_wait(const Core& core) {
  const Result<int> result = describe(core, "other", Work::value).wait();
  return result.has_value() ? Errc::unknown : result.error().code();
}

Fire wait_in_coroutine(Pending<int> pending, Core core, std::optional<Errc>* code, Owed* owed) {
  static_cast<void>(co_await std::move(pending));
  *code = code_of_wait(core);
  owed->done();
}

Errc code_in_handler(Runtime& runtime) {
  Owed owed;
  owed.add();
  std::optional<Errc> code;
  describe(runtime.core(), "u", Work::value).start([&](Result<int>) {
    code = code_of_wait(runtime.core());
    owed.done();
  });
  REQUIRE(owed.wait_for_none());
  return *code;
}

}  // namespace

TEST_CASE("wait() answers would_deadlock on a loop, in a handler and in a resumed coroutine, wherever they run") {
  Pool pool(2);
  const std::vector<confab::Executor> executors = {
      confab::Executor(), [](UniqueFunction<void()> task) { task(); },
      [&pool](UniqueFunction<void()> task) { pool.post(std::move(task)); }};
  for (const auto& executor : executors) {
    Runtime runtime(RuntimeOptions().executor(executor));
    CHECK(code_in_handler(runtime) == Errc::would_deadlock);
    Owed owed;
    std::optional<Errc> code;
    owed.add();
    wait_in_coroutine(describe(runtime.core(), "u", Work::value), runtime.core(), &code, &owed);
    REQUIRE(owed.wait_for_none());
    CHECK(code == Errc::would_deadlock);
    code.reset();
    owed.add();
    REQUIRE(runtime.core()->loop(0).post([&] {
      code = code_of_wait(runtime.core());
      owed.done();
    }));
    REQUIRE(owed.wait_for_none());
    CHECK(code == Errc::would_deadlock);
    CHECK(code_of_wait(runtime.core()) == Errc::unknown);  // a thread of the host: it waits
  }
}

TEST_CASE("wait() answers would_deadlock in a handler that ~Runtime runs, and works on that thread afterwards") {
  std::optional<Errc> code;
  {
    Shelf shelf;
    Runtime runtime(RuntimeOptions().executor(shelf.executor()));
    const Core core = runtime.core();
    describe(core, "u", Work::value).start([&, core](Result<int>) { code = code_of_wait(core); });
    shelf.wait_for(1);
  }
  CHECK(code == Errc::would_deadlock);
  Runtime runtime;
  CHECK(code_of_wait(runtime.core()) == Errc::unknown);
}

TEST_CASE("a Pending refused by would_deadlock was not started, and may still be") {
  Runtime runtime;
  Owed owed;
  owed.add();
  describe(runtime.core(), "u", Work::value).start([&](Result<int>) {
    Pending<int> pending = describe(runtime.core(), "u", Work::value);
    CHECK(std::move(pending).wait().error().code() == Errc::would_deadlock);
    std::move(pending).start([&](Result<int> result) {  // NOLINT: use after move by intent
      CHECK(result.has_value());
      owed.done();
    });
  });
  CHECK(owed.wait_for_none());
}

TEST_CASE("starting from a handler never runs the new handler inside the old one") {
  Runtime runtime(RuntimeOptions().executor([](UniqueFunction<void()> task) { task(); }));
  Owed owed;
  owed.add();
  bool outer_ended = false;
  bool in_order = false;
  describe(runtime.core(), "u", Work::value).start([&](Result<int>) {
    describe(runtime.core(), "u", Work::value).start([&](Result<int>) {
      in_order = outer_ended;
      owed.done();
    });
    outer_ended = true;
  });
  REQUIRE(owed.wait_for_none());
  CHECK(in_order);
}

TEST_CASE("handlers run on the host's executor, and by default on one thread of the Runtime") {
  Owed owed;
  std::mutex mutex;
  std::set<std::thread::id> where;
  {
    Runtime runtime(RuntimeOptions().loop_threads(3));
    for (int i = 0; i < 50; ++i) {
      owed.add();
      describe(runtime.core(), "user" + std::to_string(i), Work::nap).start([&](Result<int>) {
        const std::lock_guard lock(mutex);
        where.insert(std::this_thread::get_id());
        owed.done();
      });
    }
    REQUIRE(owed.wait_for_none());
  }
  CHECK(where.size() == 1);
  CHECK(where.count(std::this_thread::get_id()) == 0);
}

TEST_CASE("handlers of one user run one at a time, those of different users side by side") {
  Pool pool(2);
  Runtime runtime(RuntimeOptions().executor([&pool](UniqueFunction<void()> task) { pool.post(std::move(task)); }));
  // Two users whose handlers are not in the same queue.
  std::string other = "b";
  while (runtime.core()->delivery_for(other) == runtime.core()->delivery_for("a")) other += "b";
  std::latch both(2);  // each handler waits for the other: only side by side do they end
  Owed owed;
  for (const std::string& user : {std::string("a"), other}) {
    owed.add();
    describe(runtime.core(), user, Work::value).start([&](Result<int>) {
      both.arrive_and_wait();
      owed.done();
    });
  }
  CHECK(owed.wait_for_none());
}

TEST_CASE(
    "the log sink is told of an executor that throws or drops and of a handler that throws; a sink may throw too") {
  std::mutex mutex;
  std::multiset<std::string> lines;
  {
    std::atomic<int> calls{0};
    Runtime runtime(RuntimeOptions()
                        .executor([&](UniqueFunction<void()> task) {
                          const int call = calls++;
                          if (call == 0) throw std::runtime_error("full");
                          if (call == 1) return;
                          task();
                        })
                        .log([&](const confab::LogRecord& record) {
                          const std::lock_guard lock(mutex);
                          lines.insert(std::string(record.code()));
                          throw std::runtime_error("from a sink");
                        }));
    for (int i = 0; i < 3; ++i) {
      Owed owed;
      owed.add();
      describe(runtime.core(), "u", Work::value).start([&](Result<int>) {
        owed.done();
        throw std::runtime_error("from a handler");
      });
      REQUIRE(owed.wait_for_none());
    }
  }
  CHECK(lines.count("executor.threw") == 1);
  CHECK(lines.count("executor.dropped") >= 1);
  CHECK(lines.count("handler.threw") == 3);
}

TEST_CASE("what a handler captured is destroyed before the next handler of that user runs") {
  Runtime runtime;
  Owed owed;
  auto captured = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = captured;
  bool gone = false;
  owed.add();
  describe(runtime.core(), "u", Work::value).start([captured = std::move(captured)](Result<int>) {});
  describe(runtime.core(), "u", Work::value).start([&](Result<int>) {
    gone = watch.expired();
    owed.done();
  });
  REQUIRE(owed.wait_for_none());
  CHECK(gone);
}

TEST_CASE("alerts: threads tell, open and pull at the same time") {
  std::atomic<int> handled{0};
  std::atomic<bool> one_at_a_time{true};
  std::atomic<bool> inside{false};
  std::atomic<int> pulled{0};
  constexpr int alerts = 200;
  {
    Runtime runtime(RuntimeOptions().loop_threads(2).alerts([&](const confab::Alert& alert) {
      if (inside.exchange(true)) one_at_a_time = false;
      handled += 1 + static_cast<int>(alert.dropped());
      inside = false;
    }));
    confab::AlertStream watched = runtime.alerts();
    on_threads(6, [&](int thread) {
      for (int i = 0; i < alerts / 2; ++i) {
        if (thread < 2) {
          runtime.core()->log().write(confab::LogLevel::warning, "net", "breaker.open", "made up");
        } else if (thread < 4) {
          confab::AlertStream passing = runtime.alerts();
          static_cast<void>(passing.next(CallOptions().within(0ms)).wait());
        } else if (const auto batch = watched.next(CallOptions().within(1ms)).wait()) {
          for (const auto& alert : *batch) pulled += 1 + static_cast<int>(alert.dropped());
        }
      }
    });
    while (const auto rest = watched.next(CallOptions().within(0ms)).wait()) {
      for (const auto& alert : *rest) pulled += 1 + static_cast<int>(alert.dropped());
    }
    // What a handler that was behind lost is told by the one that comes next.
    runtime.core()->log().write(confab::LogLevel::warning, "net", "breaker.open", "made up");
  }
  CHECK(one_at_a_time);
  CHECK(pulled == alerts);
  CHECK(handled <= alerts + 1);
  CHECK(handled > 0);
}
