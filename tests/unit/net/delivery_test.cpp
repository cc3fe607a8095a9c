#include "net/delivery.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using confab::Executor;
using confab::Log;
using confab::LogLevel;
using confab::LogRecord;
using confab::UniqueFunction;
using confab::net::SerialDelivery;

namespace {

// A delivery with an executor of the test's, and what it logged.
class Rig {
 public:
  explicit Rig(Executor executor)
      : shared(std::make_shared<SerialDelivery::Shared>(
            std::move(executor),
            Log([this](const LogRecord& record) { logged.emplace_back(record.code()); }, LogLevel::debug))),
        delivery(std::make_shared<SerialDelivery>(shared)) {}

  template <class Task>
  class Calling final : public confab::detail::Completion {
   public:
    explicit Calling(Task task) : task_(std::move(task)) {}
    void run() override { task_(); }

   private:
    Task task_;
  };
  template <class Task>
  void deliver(Task task) {
    delivery->deliver(std::make_unique<Calling<Task>>(std::move(task)));
  }
  // Waits until everything delivered before has run.
  void settle() {
    std::promise<void> done;
    deliver([&done] { done.set_value(); });
    done.get_future().wait();
  }
  // What ~Runtime does with it.
  void end() {
    while (delivery->finish()) {
    }
    shared->dispatcher().stop();
  }

  std::vector<std::string> logged;
  std::shared_ptr<SerialDelivery::Shared> shared;
  std::shared_ptr<SerialDelivery> delivery;
};

}  // namespace

TEST_CASE("delivery: in order, on the dispatcher where there is no executor") {
  Rig rig{Executor()};
  std::vector<int> order;
  for (int i = 0; i < 50; ++i) rig.deliver([&order, i] { order.push_back(i); });
  rig.settle();
  CHECK(order.size() == 50);
  for (int i = 0; i < 50; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
  rig.end();
  CHECK(rig.logged.empty());
}

TEST_CASE("delivery: one task for the executor carries what has gathered") {
  std::vector<UniqueFunction<void()>> tasks;
  std::promise<void> came;
  Rig rig([&](UniqueFunction<void()> task) {
    tasks.push_back(std::move(task));
    came.set_value();
  });
  int ran = 0;
  for (int i = 0; i < 5; ++i) rig.deliver([&ran] { ++ran; });
  came.get_future().wait();
  REQUIRE(tasks.size() == 1);
  CHECK(ran == 0);
  tasks[0]();
  CHECK(ran == 5);
  tasks[0]();  // run twice: nothing
  CHECK(ran == 5);
  rig.end();
}

TEST_CASE("delivery: an executor that throws before it runs the task loses nothing") {
  Rig rig([](UniqueFunction<void()>) { throw std::runtime_error("full"); });
  int ran = 0;
  rig.deliver([&ran] { ++ran; });
  rig.settle();
  rig.end();
  CHECK(ran == 1);
  CHECK(std::find(rig.logged.begin(), rig.logged.end(), "executor.threw") != rig.logged.end());
}

TEST_CASE("delivery: an executor that drops the task loses nothing") {
  Rig rig([](UniqueFunction<void()>) {});
  int ran = 0;
  rig.deliver([&ran] { ++ran; });
  rig.settle();
  rig.end();
  CHECK(ran == 1);
  CHECK(std::find(rig.logged.begin(), rig.logged.end(), "executor.dropped") != rig.logged.end());
}

TEST_CASE("delivery: a task that throws is logged, and the next one runs") {
  Rig rig{Executor()};
  int ran = 0;
  rig.deliver([] { throw std::runtime_error("from a handler"); });
  rig.deliver([&ran] { ++ran; });
  rig.settle();
  rig.end();
  CHECK(ran == 1);
  CHECK(rig.logged == std::vector<std::string>{"handler.threw"});
}

TEST_CASE("delivery: finishing runs what a standing executor holds, here, also what those tasks deliver") {
  std::vector<UniqueFunction<void()>> tasks;
  std::promise<void> came;
  Rig rig([&](UniqueFunction<void()> task) {
    tasks.push_back(std::move(task));
    came.set_value();
  });
  std::vector<std::thread::id> where;
  rig.deliver([&] {
    where.push_back(std::this_thread::get_id());
    rig.deliver([&where] { where.push_back(std::this_thread::get_id()); });
  });
  came.get_future().wait();
  CHECK(rig.delivery->finish());
  CHECK(where == std::vector<std::thread::id>(2, std::this_thread::get_id()));
  CHECK(!rig.delivery->finish());
  rig.shared->dispatcher().stop();
  tasks.clear();  // dropped after the end: nobody is told
  CHECK(where.size() == 2);
  CHECK(rig.logged.empty());
}

TEST_CASE("delivery: after the end, a thread of its own runs what still comes, not the executor") {
  int handed = 0;
  Rig rig([&handed](UniqueFunction<void()> task) {
    ++handed;
    task();
  });
  rig.end();
  std::promise<std::thread::id> where;
  rig.deliver([&where] { where.set_value(std::this_thread::get_id()); });
  CHECK(where.get_future().get() != std::this_thread::get_id());
  CHECK(handed == 0);
}

TEST_CASE("delivery: between finishing and the end, the dispatcher runs what comes, not the executor") {
  int handed = 0;
  Rig rig([&handed](UniqueFunction<void()>) { ++handed; });
  CHECK(!rig.delivery->finish());
  int ran = 0;
  rig.deliver([&ran] { ++ran; });
  rig.settle();
  rig.shared->dispatcher().stop();
  CHECK(ran == 1);
  CHECK(handed == 0);
}
