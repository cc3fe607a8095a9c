// confab_runtime: a Runtime that can be closed before its last reference is gone.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include <confab/runtime.hpp>

#include "capi/guard.hpp"
#include "capi/handle.hpp"
#include "capi/include/confab.h"
#include "capi/queue.hpp"

struct confab_runtime : confab::capi::HandleOf<confab::capi::Kind::runtime> {
  explicit confab_runtime(const confab::RuntimeOptions& options)
      : runtime_(std::make_unique<confab::Runtime>(options)) {}

  /// Calls `body(Runtime&, std::stop_token)` for one that makes something with it, and may wait: close() says so by the
  /// token, and waits until it has returned. Refuses with closed what is closed before or meanwhile.
  template <class Body>
  auto use(const Body& body) {
    const Use mine(*this);
    try {
      return body(*runtime_, closing_.get_token());
    } catch (const confab::capi::Refusal&) {
      if (closing_.stop_requested()) refuse_closed();
      throw;
    }
  }
  /// Returns when no thread of it runs any more and none is inside use(), whoever it was that closed it.
  void close() noexcept;
  /// Close it before the runtime is closed. Refuses once that is so.
  void close_too(std::weak_ptr<confab::capi::Closable> other);

 private:
  class Use {
   public:
    explicit Use(confab_runtime& of);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    confab_runtime& of_;
  };
  [[noreturn]] static void refuse_closed();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::stop_source closing_;
  std::unique_ptr<confab::Runtime> runtime_;  // until nobody uses it any more
  // From here on: under the mutex.
  unsigned used_ = 0;
  bool closed_ = false;
  bool gone_ = false;
  std::vector<std::weak_ptr<confab::capi::Closable>> others_;
};
