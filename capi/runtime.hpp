// confab_runtime: a Runtime that can be closed before its last reference is gone.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <confab/runtime.hpp>

#include "capi/handle.hpp"
#include "capi/include/confab.h"
#include "capi/queue.hpp"

struct confab_runtime : confab::capi::HandleOf<confab::capi::Kind::runtime> {
  explicit confab_runtime(const confab::RuntimeOptions& options)
      : runtime_(std::make_shared<confab::Runtime>(options)) {}

  /// For as long as something is made with it; refuses once it is closed.
  [[nodiscard]] std::shared_ptr<confab::Runtime> open();
  void close() noexcept;
  /// Close it before the runtime is closed. Refuses once that is so.
  void close_too(std::weak_ptr<confab::capi::Closable> other);

 private:
  std::mutex mutex_;
  std::shared_ptr<confab::Runtime> runtime_;
  std::vector<std::weak_ptr<confab::capi::Closable>> others_;
};
