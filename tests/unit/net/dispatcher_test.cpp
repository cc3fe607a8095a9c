#include "net/dispatcher.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <confab/pending.hpp>

using confab::net::Dispatcher;

namespace {

template <class Run>
bool post(Dispatcher& dispatcher, Run task) {
  struct Calling final : Dispatcher::Task {
    explicit Calling(Run its) : task(std::move(its)) {}
    void run() noexcept override { task(); }
    Run task;
  };
  return dispatcher.post(std::make_shared<Calling>(std::move(task)));
}

}  // namespace

TEST_CASE("dispatcher: tasks run on its one thread, in order, as a thread of the library") {
  std::vector<int> order;
  bool on_thread = false;
  bool library_thread = false;
  std::promise<void> done;
  Dispatcher dispatcher;
  for (int i = 0; i < 100; ++i) REQUIRE(post(dispatcher, [&order, i] { order.push_back(i); }));
  REQUIRE(post(dispatcher, [&] {
    on_thread = dispatcher.on_thread();
    library_thread = confab::detail::on_library_thread();
    done.set_value();
  }));
  done.get_future().wait();
  CHECK(order.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
  CHECK(on_thread);
  CHECK(library_thread);
  CHECK(!dispatcher.on_thread());
}

TEST_CASE("dispatcher: stopping runs what is queued, and refuses and destroys what comes later") {
  int ran = 0;
  std::promise<void> hold;
  Dispatcher dispatcher;
  REQUIRE(post(dispatcher, [future = hold.get_future()]() mutable { future.wait(); }));
  for (int i = 0; i < 10; ++i) REQUIRE(post(dispatcher, [&ran] { ++ran; }));
  std::thread stopper([&dispatcher] { dispatcher.stop(); });
  hold.set_value();
  stopper.join();
  CHECK(ran == 10);
  const auto held = std::make_shared<int>(0);
  CHECK(!post(dispatcher, [held, &ran] { ran = -1; }));
  CHECK(held.use_count() == 1);
  CHECK(ran == 10);
  dispatcher.stop();  // again: nothing
}

TEST_CASE("dispatcher: what a task posts while it stops is still run") {
  std::atomic<int> ran{0};
  {
    Dispatcher dispatcher;
    REQUIRE(post(dispatcher, [&] {
      if (post(dispatcher, [&ran] { ++ran; })) ++ran;
    }));
    dispatcher.stop();
    CHECK(ran != 1);  // the second one was taken and run, or refused
    CHECK(ran <= 2);
  }
}

TEST_CASE("dispatcher: destroyed by a task of its own, its thread ends by itself") {
  std::promise<void> ended;
  auto dispatcher = std::make_unique<Dispatcher>();
  Dispatcher* const raw = dispatcher.get();
  REQUIRE(post(*raw, [own = std::move(dispatcher), &ended]() mutable {
    own.reset();
    ended.set_value();
  }));
  ended.get_future().wait();
}
