#include "net/event_loop.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using confab::Task;
using confab::net::Clock;
using confab::net::EventLoop;
using confab::net::TimePoint;

namespace {

// Runs `call` on the loop and waits for it.
template <class Call>
void on_loop(EventLoop& loop, Call call) {
  std::promise<void> done;
  REQUIRE(loop.post([&] {
    call();
    done.set_value();
  }));
  done.get_future().wait();
}

struct Errand final : EventLoop::Errand {
  explicit Errand(std::function<void()> what) : what_(std::move(what)) {}
  void run() override { what_(); }

 private:
  std::function<void()> what_;
};

class Gone {
 public:
  explicit Gone(std::atomic<int>& count) : count_(&count) {}
  Gone(Gone&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Gone& operator=(Gone&&) = delete;
  ~Gone() {
    if (count_ != nullptr) ++*count_;
  }

 private:
  std::atomic<int>* count_;
};

Task<void> sleeper(EventLoop* loop, TimePoint when, std::stop_token stop, std::promise<bool>* came) {
  const bool result = co_await loop->sleep_until(when, std::move(stop));
  came->set_value(result);
}

Task<void> never_ends(EventLoop* loop, Gone gone) {
  co_await loop->sleep_until(Clock::now() + 1h, std::stop_token());
  static_cast<void>(gone);
}

Task<void> goes_on_when_quiet(EventLoop* loop, int* gone_on) {
  co_await EventLoop::Quiet(*loop);
  ++*gone_on;
}

Task<void> never_quiet(EventLoop* loop, Gone gone) {
  co_await EventLoop::Quiet(*loop);
  static_cast<void>(gone);
}

Task<void> throws() {
  throw std::runtime_error("from a task");
  co_return;
}

}  // namespace

TEST_CASE("event loop: tasks from several threads run on the loop, each thread's in order") {
  EventLoop loop;
  loop.start_thread();
  constexpr int threads = 4;
  constexpr int each = 2000;
  std::vector<int> last(threads, -1);
  int disorder = 0;
  std::latch all(threads * each);
  std::vector<std::thread> posting;
  for (int t = 0; t < threads; ++t) {
    posting.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        loop.post([&, t, i] {
          if (!loop.in_loop() || EventLoop::current() != &loop || last[static_cast<std::size_t>(t)] != i - 1)
            ++disorder;
          last[static_cast<std::size_t>(t)] = i;
          all.count_down();
        });
      }
    });
  }
  for (auto& thread : posting) thread.join();
  all.wait();
  on_loop(loop, [&] { CHECK(disorder == 0); });
  CHECK_FALSE(loop.in_loop());
  CHECK(EventLoop::current() == nullptr);
}

TEST_CASE("event loop: a task that posts endlessly leaves timers their turn") {
  EventLoop loop;
  loop.start_thread();
  std::atomic<bool> enough{false};
  std::function<void()> again = [&] {
    if (!enough) loop.post([&] { again(); });
  };
  std::promise<void> fired;
  EventLoop::Timer timer;
  on_loop(loop, [&] {
    for (int i = 0; i < 200; ++i) again();
    timer = loop.at(Clock::now() + 5ms, [&] { fired.set_value(); });
  });
  CHECK(fired.get_future().wait_for(10s) == std::future_status::ready);
  enough = true;
  on_loop(loop, [&] { timer.cancel(); });
  loop.stop_and_join(1s);  // what is queued still uses `again`
}

TEST_CASE("event loop: an errand that waits is run once, and again when it is asked for again") {
  EventLoop loop;
  loop.start_thread();
  std::atomic<int> ran{0};
  const auto errand = std::make_shared<Errand>([&] { ++ran; });
  on_loop(loop, [&] {
    for (int i = 0; i < 3; ++i) loop.post(errand);
  });
  on_loop(loop, [&] { CHECK(ran == 1); });
  loop.post(errand);
  on_loop(loop, [&] { CHECK(ran == 2); });
  loop.stop_and_join(1s);
  loop.post(errand);
  CHECK(ran == 2);
}

TEST_CASE("event loop: many errands leave timers and tasks their turn") {
  EventLoop loop;
  loop.start_thread();
  constexpr int count = 1000;
  int ran = 0;
  std::promise<int> before_timer;
  std::promise<int> before_task;
  std::promise<void> all;
  EventLoop::Timer timer;
  on_loop(loop, [&] {
    timer = loop.at(Clock::now(), [&] { before_timer.set_value(ran); });
    loop.post([&] { before_task.set_value(ran); });
    for (int i = 0; i < count; ++i) {
      loop.post(std::make_shared<Errand>([&] {
        if (++ran == count) all.set_value();
      }));
    }
  });
  CHECK(before_timer.get_future().get() < count);
  CHECK(before_task.get_future().get() < count);
  all.get_future().wait();
  on_loop(loop, [&] { timer.cancel(); });
}

TEST_CASE("event loop: timers fire in order of time, and not once cancelled or destroyed") {
  EventLoop loop;
  loop.start_thread();
  std::string order;
  std::promise<void> last;
  std::vector<EventLoop::Timer> kept;
  on_loop(loop, [&] {
    const auto now = Clock::now();
    kept.push_back(loop.at(now + 30ms, [&] {
      order += 'c';
      last.set_value();
    }));
    kept.push_back(loop.at(now + 10ms, [&] { order += 'a'; }));
    kept.push_back(loop.at(now + 20ms, [&] { order += 'b'; }));
    kept.push_back(loop.at(now + 15ms, [&] { order += 'x'; }));
    kept.back().cancel();
    {
      const auto dropped = loop.at(now + 15ms, [&] { order += 'y'; });
    }
  });
  last.get_future().wait();
  on_loop(loop, [&] {
    CHECK(order == "abc");
    kept.clear();
  });
}

TEST_CASE("event loop: a timer may be destroyed by its own task") {
  EventLoop loop;
  loop.start_thread();
  std::promise<void> done;
  EventLoop::Timer timer;
  on_loop(loop, [&] {
    timer = loop.at(Clock::now(), [&] {
      timer = EventLoop::Timer();
      done.set_value();
    });
  });
  CHECK(done.get_future().wait_for(10s) == std::future_status::ready);
}

TEST_CASE("event loop: sleeping ends at its time, or at a stop from any thread") {
  EventLoop loop;
  loop.start_thread();
  std::promise<bool> in_time;
  std::promise<bool> stopped;
  std::promise<bool> before;
  std::stop_source stop;
  std::stop_source already;
  already.request_stop();
  const auto begun = Clock::now();
  on_loop(loop, [&] {
    loop.spawn(sleeper(&loop, begun + 20ms, std::stop_token(), &in_time));
    loop.spawn(sleeper(&loop, begun + 1h, stop.get_token(), &stopped));
    loop.spawn(sleeper(&loop, begun + 1h, already.get_token(), &before));
    CHECK(loop.spawned() == 2);
  });
  CHECK_FALSE(before.get_future().get());
  CHECK(in_time.get_future().get());
  CHECK(Clock::now() - begun >= 20ms);
  stop.request_stop();
  CHECK_FALSE(stopped.get_future().get());
  on_loop(loop, [&] { CHECK(loop.spawned() == 0); });
}

TEST_CASE("event loop: stopping asks the spawned tasks to end, waits for them, and refuses what comes later") {
  EventLoop loop;
  loop.start_thread();
  std::promise<bool> came;
  std::atomic<int> ran{0};
  loop.post([&] { loop.spawn(sleeper(&loop, Clock::now() + 1h, loop.stopping(), &came)); });
  for (int i = 0; i < 500; ++i) loop.post([&] { ++ran; });
  loop.stop_and_join(10s);
  CHECK_FALSE(came.get_future().get());
  CHECK(ran == 500);
  std::atomic<int> gone{0};
  CHECK_FALSE(loop.post([&ran, token = Gone(gone)] { ++ran; }));
  CHECK(ran == 500);
  CHECK(gone == 1);
  loop.stop_and_join(10s);  // a second time does nothing
}

TEST_CASE("event loop: tasks that do not listen are destroyed where they wait, once patience is over") {
  std::atomic<int> gone{0};
  {
    EventLoop loop;
    loop.start_thread();
    on_loop(loop, [&] { loop.spawn(never_ends(&loop, Gone(gone))); });
    CHECK(gone == 0);
    const auto begun = Clock::now();
    loop.stop_and_join(30ms);
    CHECK(Clock::now() - begun < 5s);
    CHECK(gone == 1);
    CHECK(loop.spawned() == 0);
  }
  {
    EventLoop never_started;
    never_started.post([token = Gone(gone)] {});
  }
  CHECK(gone == 2);
}

TEST_CASE("event loop: who waits for quiet goes on when others have had their turn, a few meanwhile") {
  EventLoop loop;
  loop.start_thread();
  constexpr int waiting = 1000;
  constexpr int turns = 200;
  int gone_on = 0;
  int gone_on_while_busy = -1;
  std::function<void(int)> busy = [&](int left) {
    if (left == 0) {
      gone_on_while_busy = gone_on;
      return;
    }
    loop.post([&, left] { busy(left - 1); });
  };
  on_loop(loop, [&] {
    busy(turns);
    for (int i = 0; i < waiting; ++i) loop.spawn(goes_on_when_quiet(&loop, &gone_on));
    CHECK(gone_on == 0);
  });
  while (loop.spawned() > 0) std::this_thread::yield();
  on_loop(loop, [&] {
    CHECK(gone_on == waiting);
    CHECK(gone_on_while_busy > 0);
    CHECK(gone_on_while_busy < waiting / 2);
  });
  loop.stop_and_join(1s);
}

TEST_CASE("event loop: on a loop that is never quiet, who has waited long goes on as soon as others") {
  EventLoop loop;
  loop.start_thread();
  constexpr int waiting = 2000;
  int gone_on = 0;
  int turns = 0;
  std::promise<void> all;
  std::function<void()> busy = [&] {
    if (gone_on == waiting) return all.set_value();
    ++turns;
    const auto until = Clock::now() + 1ms;
    while (Clock::now() < until) {
    }
    loop.post([&] { busy(); });
  };
  on_loop(loop, [&] {
    for (int i = 0; i < waiting; ++i) loop.spawn(goes_on_when_quiet(&loop, &gone_on));
    busy();
  });
  all.get_future().wait();
  // One in each turn at first; each turn takes a millisecond at least, so there were no more than this until then.
  CHECK(turns < EventLoop::longest_quiet_wait / 1ms + 200);
  loop.stop_and_join(1s);
}

TEST_CASE("event loop: who waits for quiet on a loop that ends is destroyed there, or goes on before") {
  std::atomic<int> gone{0};
  {
    EventLoop loop;
    loop.start_thread();
    on_loop(loop, [&] {
      for (int i = 0; i < 3; ++i) loop.spawn(never_quiet(&loop, Gone(gone)));
    });
    loop.stop_and_join(1s);
    CHECK(gone == 3);
  }
  {
    EventLoop never_started;
    for (int i = 0; i < 3; ++i) never_started.spawn(never_quiet(&never_started, Gone(gone)));
    CHECK(gone == 3);
  }
  CHECK(gone == 6);
}

TEST_CASE("event loop: exceptions go to the hook and end nothing else") {
  std::atomic<int> seen{0};
  EventLoop loop;
  loop.on_exception([&] { ++seen; });
  loop.start_thread();
  loop.post([] { throw std::runtime_error("from a post"); });
  loop.post([&] { loop.spawn(throws()); });
  EventLoop::Timer timer;
  std::promise<void> last;
  on_loop(loop, [&] {
    timer = loop.at(Clock::now(), [&] {
      last.set_value();
      throw std::runtime_error("from a timer");
    });
  });
  last.get_future().wait();
  on_loop(loop, [&] {
    CHECK(loop.spawned() == 0);
    timer.cancel();
  });
  CHECK(seen == 3);
}

TEST_CASE("event loop: the watchdog hears of what holds the loop, and of nothing else") {
  EventLoop loop;
  std::mutex mutex;
  std::vector<std::chrono::nanoseconds> stalls;
  loop.watch_stalls(50ms, [&](std::chrono::nanoseconds took) {
    const std::lock_guard lock(mutex);
    stalls.push_back(took);
  });
  loop.start_thread();
  on_loop(loop, [] {});
  on_loop(loop, [] { std::this_thread::sleep_for(2s); });
  on_loop(loop, [] {});
  const std::lock_guard lock(mutex);
  // The machine may stop any of them, but not for so long.
  CHECK(std::count_if(stalls.begin(), stalls.end(), [](auto took) { return took >= 2s; }) == 1);
  CHECK(std::all_of(stalls.begin(), stalls.end(), [](auto took) { return took > 50ms; }));
}
