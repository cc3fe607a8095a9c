#include "capi/runtime.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "capi/guard.hpp"
#include "capi/log_feed.hpp"
#include "capi/request.hpp"

using namespace confab::capi;

std::shared_ptr<confab::Runtime> confab_runtime::open() {
  const std::lock_guard lock(mutex_);
  if (!runtime_) refuse(confab::Errc::closed, "runtime", "the runtime is closed");
  return runtime_;
}

void confab_runtime::close() noexcept {
  std::shared_ptr<confab::Runtime> last;
  std::vector<std::weak_ptr<Closable>> others;
  {
    const std::lock_guard lock(mutex_);
    last = std::move(runtime_);
    others.swap(others_);
  }
  for (const auto& other : others) {
    if (const auto alive = other.lock()) alive->close();
  }
  // Ends here, without the lock; or with the call that makes something with it at this moment.
}

void confab_runtime::close_too(std::weak_ptr<Closable> other) {
  const std::lock_guard lock(mutex_);
  if (!runtime_) refuse(confab::Errc::closed, "runtime", "the runtime is closed");
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
