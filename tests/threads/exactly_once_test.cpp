// Thousands of operations from eight threads, started in every style and ended in every way: each completes exactly
// once, never inside the call that started it, and never two at a time for one user.
#include <doctest/doctest.h>

#include <array>
#include <latch>
#include <random>
#include <stop_token>

#include "threads/operations.hpp"

using namespace confab_threads;
using namespace std::chrono_literals;

namespace {

constexpr int starters = 8;
constexpr int users = 5;
constexpr int per_starter = 3000;

class Storm {
 public:
  explicit Storm(Runtime& runtime) : core_(runtime.core()), canceller_([this] { cancel_what_comes(); }) {
    for (auto& each : at_once_) each = 0;
  }
  ~Storm() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      came_.notify_all();
    }
    canceller_.join();
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

  void run() {
    std::latch go(starters);
    std::vector<std::thread> threads;
    for (int i = 0; i < starters; ++i) {
      threads.emplace_back([this, &go, seed = static_cast<unsigned>(i)] {
        std::mt19937 random(seed);
        go.arrive_and_wait();
        for (int n = 0; n < per_starter; ++n) one(random);
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(owed_.wait_for_none());
    CHECK(started_ == completed_);
    CHECK(inline_ == 0);
    CHECK(together_ == 0);
    CHECK(unlikely_ == 0);
    CHECK(completed_ > starters * per_starter / 2);
  }

 private:
  static unsigned pick(std::mt19937& random, unsigned below) { return static_cast<unsigned>(random() % below); }

  void one(std::mt19937& random) {
    const unsigned user = pick(random, users);
    const Work what =
        std::array{Work::value, Work::error, Work::throws, Work::no_memory, Work::nap, Work::forever}[pick(random, 6)];
    CallOptions options;
    std::stop_source stop;
    bool ends = what != Work::forever;
    switch (pick(random, 4)) {
      case 0:
        options.within(std::chrono::microseconds(pick(random, 2000)));
        ends = true;
        break;
      case 1:
        options.until(confab::CallOptions::Clock::now() + 1ms);
        ends = true;
        break;
      default:
        options.within(1h);
        break;
    }
    const unsigned how = ends ? pick(random, 6) : 1 + pick(random, 4);
    if (how == 3 || how == 4) options.stop(stop.get_token());
    if (how == 5) stop.request_stop(), options.stop(stop.get_token());  // stopped before it starts
    Pending<int> pending = describe(core_, "user" + std::to_string(user), what, std::move(options));
    if (pick(random, 50) == 0) return;  // dropped unstarted: nothing happens
    ++started_;
    owed_.add();
    switch (how == 1 || how == 2 ? 0 : pick(random, 3)) {
      case 0: {
        const Starting inside;
        const bool chain = pick(random, 8) == 0;
        const bool throws = pick(random, 8) == 0;
        auto operation = std::move(pending).start([this, user, what, chain, throws](Result<int> result) {
          arrived(user, what, std::move(result), chain);
          if (throws) throw std::runtime_error("from a handler");
        });
        if (how == 1) operation.cancel();
        if (how == 2) later([operation = std::move(operation)] { operation.cancel(); });
        break;
      }
      case 1: {
        const Starting inside;
        await(std::move(pending), user, what);
        break;
      }
      default: {
        if (how == 3) later([stop]() mutable { stop.request_stop(); });
        if (how == 4) stop.request_stop();
        judge(what, std::move(pending).wait());
        ++completed_;
        owed_.done();
        return;
      }
    }
    if (how == 3) later([stop]() mutable { stop.request_stop(); });
    if (how == 4) stop.request_stop();
  }

  Fire await(Pending<int> pending, unsigned user, Work what) {
    Result<int> result = co_await std::move(pending);
    arrived(user, what, std::move(result), false);
  }

  // Runs where the executor wants it.
  void arrived(unsigned user, Work what, Result<int> result, bool chain) {
    if (starting != 0) ++inline_;
    if (++at_once_[user] != 1) ++together_;
    judge(what, std::move(result));
    if (chain) {
      owed_.add();
      ++started_;
      const Starting inside;
      describe(core_, "user" + std::to_string(user), Work::value).start([this, user](Result<int> next) {
        arrived(user, Work::value, std::move(next), false);
      });
    }
    --at_once_[user];
    ++completed_;
    owed_.done();
  }

  void judge(Work what, Result<int> result) {
    const Errc code = result.has_value() ? Errc::unknown : result.error().code();
    const bool ended_early = code == Errc::cancelled || code == Errc::timed_out;
    bool likely = false;
    switch (what) {
      case Work::value:
        likely = result.has_value();
        break;
      case Work::error:
        likely = code == Errc::forbidden;
        break;
      case Work::throws:
        likely = code == Errc::internal;
        break;
      case Work::no_memory:
        likely = code == Errc::no_memory;
        break;
      case Work::nap:
        likely = result.has_value() || ended_early;
        break;
      case Work::forever:
        likely = ended_early;
        break;
    }
    if (!likely) ++unlikely_;
  }

  void later(UniqueFunction<void()> cancel) {
    const std::lock_guard lock(mutex_);
    cancels_.push_back(std::move(cancel));
    came_.notify_one();
  }
  void cancel_what_comes() {
    std::unique_lock lock(mutex_);
    for (;;) {
      came_.wait(lock, [this] { return ended_ || !cancels_.empty(); });
      if (cancels_.empty()) return;
      UniqueFunction<void()> cancel = std::move(cancels_.front());
      cancels_.pop_front();
      lock.unlock();
      cancel();
      cancel = nullptr;
      lock.lock();
    }
  }

  Core core_;
  Owed owed_;
  std::atomic<int> started_{0}, completed_{0}, inline_{0}, together_{0}, unlikely_{0};
  std::array<std::atomic<int>, users> at_once_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<UniqueFunction<void()>> cancels_;
  bool ended_ = false;
  std::thread canceller_;
};

}  // namespace

TEST_CASE("operations complete exactly once and never inline: on the dispatcher") {
  Runtime runtime;
  Storm(runtime).run();
}

TEST_CASE("operations complete exactly once and never inline: several loops, an executor that runs tasks at once") {
  Runtime runtime(RuntimeOptions().loop_threads(4).executor([](UniqueFunction<void()> task) { task(); }));
  Storm(runtime).run();
}

TEST_CASE(
    "operations complete exactly once and never inline: several loops, a pool, never two handlers of one user at "
    "once") {
  Pool pool(4);
  Runtime runtime(
      RuntimeOptions().loop_threads(3).executor([&pool](UniqueFunction<void()> task) { pool.post(std::move(task)); }));
  Storm(runtime).run();
}

TEST_CASE(
    "operations complete exactly once and never inline: an executor that throws, drops, repeats or runs tasks at "
    "random") {
  Pool pool(2);
  std::atomic<unsigned> calls{0};
  Runtime runtime(RuntimeOptions().loop_threads(2).executor([&](UniqueFunction<void()> task) {
    switch (calls++ % 6) {
      case 0:
        throw std::runtime_error("before");
      case 1:
        task();
        throw std::runtime_error("behind");
      case 2:
        return;  // dropped
      case 3:
        task();
        task();
        return;
      case 4:
        task();
        return;
      default:
        pool.post(std::move(task));
    }
  }));
  Storm(runtime).run();
}
