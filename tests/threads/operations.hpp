// Small operations on a Runtime, and what counts how they complete.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <confab/pending.hpp>
#include <confab/runtime.hpp>

#include "net/runtime_core.hpp"

namespace confab_threads {

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
using confab::net::RuntimeCore;
using Core = std::shared_ptr<RuntimeCore>;

inline const CallOptions no_hurry = CallOptions().within(std::chrono::hours(1));

// What an operation does when it runs.
enum class Work { value, error, throws, no_memory, nap, forever };

inline Task<Result<int>> work(CallContext context, Work what) {
  switch (what) {
    case Work::value:
      co_return 7;
    case Work::error:
      co_return Error(Errc::forbidden, "refused");
    case Work::throws:
      throw std::runtime_error("from an operation");
    case Work::no_memory:
      throw std::bad_alloc();
    case Work::nap:
    case Work::forever:
      break;
  }
  const auto now = confab::net::Clock::now();
  const auto length = what == Work::nap ? std::chrono::microseconds(300) : std::chrono::hours(1);
  const bool came = co_await context.loop().sleep_until(std::min(context.deadline(), now + length), context.stop());
  if (!came) co_return Error(Errc::cancelled, "stopped");
  if (confab::net::Clock::now() >= context.deadline()) co_return Error(Errc::timed_out, "too late");
  co_return 7;
}

class Body {
 public:
  explicit Body(Work what) : what_(what) {}
  [[nodiscard]] Task<Result<int>> operator()(CallContext context) const { return work(std::move(context), what_); }

 private:
  Work what_;
};

inline Pending<int> describe(const Core& core, const std::string& user, Work what,
                             CallOptions options = CallOptions()) {
  return confab::net::describe<int>(core, user, std::move(options), Body(what));
}

// How many completions are owed; a thread can wait until there are none.
class Owed {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void done() {
    const std::lock_guard lock(mutex_);
    --count_;
    if (count_ <= 0) none_.notify_all();
  }
  [[nodiscard]] int count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // False when completions are still missing after a time in which they cannot be.
  [[nodiscard]] bool wait_for_none() {
    std::unique_lock lock(mutex_);
    return none_.wait_for(lock, std::chrono::seconds(120), [this] { return count_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;
};

// An operation that this thread is starting right now: a completion that finds it ran inside the initiating call.
inline thread_local int starting = 0;
class Starting {
 public:
  Starting() { ++starting; }
  ~Starting() { --starting; }
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;
};

// A coroutine of the host that nobody waits for.
struct Fire {
  struct promise_type {
    Fire get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

// A host's thread pool: tasks run on its threads, what is left when it goes away is destroyed unrun.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      ready_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  void post(UniqueFunction<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    ready_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ready_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
      if (stopped_) return;
      UniqueFunction<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<UniqueFunction<void()>> tasks_;
  std::vector<std::thread> threads_;
  bool stopped_ = false;
};

// An executor that stands still: it keeps what it is handed until told what to do with it.
class Shelf {
 public:
  [[nodiscard]] confab::Executor executor() {
    return [this](UniqueFunction<void()> task) {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      came_.notify_all();
    };
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return tasks_.size() >= count; });
  }
  [[nodiscard]] std::vector<UniqueFunction<void()>> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(tasks_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<UniqueFunction<void()>> tasks_;
};

}  // namespace confab_threads
