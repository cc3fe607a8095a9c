// Pending without a Runtime: what it does with the start of the work, the delivery and its own state.
#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <confab/pending.hpp>

#include "util/library_thread.hpp"

using confab::Errc;
using confab::Error;
using confab::Operation;
using confab::Pending;
using confab::Result;
using confab::UniqueFunction;

namespace {

class Queue final : public confab::detail::Delivery {
 public:
  void deliver(std::unique_ptr<confab::detail::Completion> task) noexcept override {
    tasks_.push_back(std::move(task));
  }
  std::size_t run() {
    std::size_t ran = 0;
    for (; !tasks_.empty(); ++ran) {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task->run();
    }
    return ran;
  }

 private:
  std::deque<std::unique_ptr<confab::detail::Completion>> tasks_;
};

class Running final : public confab::detail::RunningOperation {
 public:
  void cancel() noexcept override { ++cancels; }
  int cancels = 0;
};

// An operation that the test completes by hand.
class Work {
 public:
  std::shared_ptr<Queue> queue = std::make_shared<Queue>();
  std::shared_ptr<Running> running = std::make_shared<Running>();
  std::shared_ptr<int> held = std::make_shared<int>(0);
  UniqueFunction<void(Result<int>)> done;
  int starts = 0;

  Pending<int> describe() {
    return Pending<int>(queue, [this, held = held](UniqueFunction<void(Result<int>)> to) {
      ++starts;
      done = std::move(to);
      return running;
    });
  }
};

struct Fire {
  struct promise_type {
    Fire get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

Fire follow(Pending<int> pending, std::optional<Result<int>>* result) { result->emplace(co_await std::move(pending)); }

}  // namespace

TEST_CASE("pending: dropped unstarted, nothing runs and what it held is gone") {
  Work work;
  {
    const Pending<int> dropped = work.describe();
    CHECK(work.held.use_count() == 2);
  }
  CHECK(work.held.use_count() == 1);
  CHECK(work.starts == 0);
  CHECK(work.queue->run() == 0);
}

TEST_CASE("pending: start() runs the handler by the delivery, once, and not before") {
  Work work;
  std::optional<int> value;
  static_cast<void>(work.describe().start([&value](Result<int> result) { value = result.value(); }));
  CHECK(work.starts == 1);
  work.done(5);
  CHECK(!value.has_value());
  CHECK(work.queue->run() == 1);
  CHECK(value == 5);
}

TEST_CASE("pending: an empty handler drops the result") {
  Work work;
  static_cast<void>(work.describe().start({}));
  work.done(5);
  CHECK(work.queue->run() == 1);
  Pending<int> pending = work.describe();
  static_cast<void>(std::move(pending).start(nullptr));
  static_cast<void>(std::move(pending).start(nullptr));  // NOLINT: a second start by intent
  CHECK(work.queue->run() == 1);
}

TEST_CASE("pending: the handle cancels; an empty one does nothing") {
  Work work;
  const Operation operation = work.describe().start([](Result<int>) {});
  operation.cancel();
  const Operation copy = operation;
  copy.cancel();
  CHECK(work.running->cancels == 2);
  Operation().cancel();
}

TEST_CASE("pending: each further start, in every style, is consumed") {
  Work work;
  Pending<int> pending = work.describe();
  static_cast<void>(std::move(pending).start([](Result<int>) {}));
  // NOLINTBEGIN: use after move by intent
  std::optional<Errc> code;
  static_cast<void>(std::move(pending).start([&code](Result<int> result) { code = result.error().code(); }));
  CHECK(!code.has_value());  // not inside the call
  work.queue->run();
  CHECK(code == Errc::consumed);
  CHECK(std::move(pending).wait().error().code() == Errc::consumed);
  std::optional<Result<int>> awaited;
  follow(std::move(pending), &awaited);
  CHECK(!awaited.has_value());
  work.queue->run();
  REQUIRE(awaited.has_value());
  CHECK(awaited->error().code() == Errc::consumed);
  // NOLINTEND
  CHECK(work.starts == 1);
}

TEST_CASE("pending: what was moved from counts as started") {
  Work work;
  Pending<int> first = work.describe();
  Pending<int> second(std::move(first));
  CHECK(std::move(first).wait().error().code() == Errc::consumed);  // NOLINT: by intent
  CHECK(work.starts == 0);
  static_cast<void>(std::move(second).start([](Result<int>) {}));
  CHECK(work.starts == 1);
}

TEST_CASE("pending: wait() sleeps until another thread completes, without the delivery") {
  const auto queue = std::make_shared<Queue>();
  std::thread completer;
  const Result<int> result = Pending<int>(queue, [&completer](UniqueFunction<void(Result<int>)> done) {
                               completer = std::thread([done = std::move(done)] { done(7); });
                               return std::shared_ptr<confab::detail::RunningOperation>();
                             }).wait();
  completer.join();
  CHECK(result.value() == 7);
  CHECK(queue->run() == 0);
}

TEST_CASE("pending: wait() takes a result that is there before it sleeps") {
  const Result<int> result = Pending<int>(std::make_shared<Queue>(), [](UniqueFunction<void(Result<int>)> done) {
                               done(Error(Errc::busy, "now"));
                               return std::shared_ptr<confab::detail::RunningOperation>();
                             }).wait();
  CHECK(result.error().code() == Errc::busy);
}

TEST_CASE("pending: wait() on a thread of the library is refused, and nothing is started") {
  Work work;
  Pending<int> pending = work.describe();
  CHECK(!confab::detail::on_library_thread());
  {
    const confab::detail::LibraryThreadScope outer;
    {
      const confab::detail::LibraryThreadScope inner;
      CHECK(std::move(pending).wait().error().code() == Errc::would_deadlock);
    }
    CHECK(confab::detail::on_library_thread());
  }
  CHECK(!confab::detail::on_library_thread());
  CHECK(work.starts == 0);
  static_cast<void>(std::move(pending).start([](Result<int>) {}));  // NOLINT: it was not consumed
  CHECK(work.starts == 1);
}

TEST_CASE("pending: co_await goes on by the delivery with the result") {
  Work work;
  std::optional<Result<int>> result;
  follow(work.describe(), &result);
  CHECK(work.starts == 1);
  work.done(3);
  CHECK(!result.has_value());
  work.queue->run();
  REQUIRE(result.has_value());
  CHECK(result->value() == 3);
}

TEST_CASE("pending: what a handler captured goes when it has run") {
  Work work;
  const auto captured = std::make_shared<int>(0);
  static_cast<void>(work.describe().start([captured](Result<int>) {}));
  work.done(1);
  work.done = nullptr;
  CHECK(captured.use_count() == 2);
  work.queue->run();
  CHECK(captured.use_count() == 1);
}

TEST_CASE("pending: begin() inside the library completes without the delivery") {
  Work work;
  std::optional<int> value;
  auto running = confab::detail::begin(
      work.describe(), UniqueFunction<void(Result<int>)>([&value](Result<int> result) { value = result.value(); }));
  CHECK(running == work.running);
  work.done(9);
  CHECK(value == 9);
  CHECK(work.queue->run() == 0);
  Pending<int> pending = work.describe();
  const Pending<int> moved(std::move(pending));
  std::optional<Errc> code;
  CHECK(confab::detail::begin(std::move(pending),
                              UniqueFunction<void(Result<int>)>([&code](Result<int> result) {  // NOLINT
                                code = result.error().code();
                              })) == nullptr);
  CHECK(code == Errc::consumed);
}
