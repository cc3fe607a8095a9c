#include "capi/runtime.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "capi/log_feed.hpp"
#include "capi/request.hpp"

using namespace confab::capi;

confab_runtime::Use::Use(confab_runtime& of) : of_(of) {
  const std::lock_guard lock(of.mutex_);
  if (of.closed_) refuse_closed();
  ++of.used_;
}

confab_runtime::Use::~Use() {
  const std::lock_guard lock(of_.mutex_);
  if (--of_.used_ == 0) of_.changed_.notify_all();
}

void confab_runtime::refuse_closed() { refuse(confab::Errc::closed, "runtime", "the runtime is closed"); }

void confab_runtime::close() noexcept {
  std::vector<std::weak_ptr<Closable>> others;
  {
    std::unique_lock lock(mutex_);
    if (std::exchange(closed_, true)) {
      changed_.wait(lock, [&] { return gone_; });
      return;
    }
    others.swap(others_);
  }
  // Before anything ends by it: what is being opened waits for no store and no homeserver any more, and says why.
  closing_.request_stop();
  for (const auto& other : others) {
    if (const auto alive = other.lock()) alive->close();
  }
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return used_ == 0; });
  }
  runtime_.reset();  // without the lock: what ends with it may ask whether it is closed
  const std::lock_guard lock(mutex_);
  gone_ = true;
  changed_.notify_all();
}

void confab_runtime::close_too(std::weak_ptr<Closable> other) {
  const std::lock_guard lock(mutex_);
  if (closed_) refuse_closed();
  others_.erase(std::remove_if(others_.begin(), others_.end(), [](const auto& each) { return each.expired(); }),
                others_.end());
  others_.push_back(std::move(other));
}

confab_status confab_runtime_new(const confab_runtime_options* options, confab_runtime** runtime,
                                 confab_error** error) {
  return guarded(error, [&] {
    require_place(runtime, "runtime");
    const confab_runtime_options given = read_options(options, offsetof(confab_runtime_options, log_queue));
    watch_forks();
    confab::RuntimeOptions how;
    if (given.loop_threads != 0) how.loop_threads(given.loop_threads);
    if (const auto feed = LogFeed::asked_for(given)) {
      how.log([feed](const confab::LogRecord& line) { feed->take(line); }, feed->needed());
    }
    *runtime = new confab_runtime(how);
  });
}

confab_status confab_runtime_close(confab_runtime* runtime) {
  return guarded(nullptr, [&] { require(runtime, "runtime").close(); });
}

confab_runtime* confab_runtime_retain(confab_runtime* runtime) { return retain(runtime); }
void confab_runtime_release(confab_runtime* runtime) { release(runtime); }
