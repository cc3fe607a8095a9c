// confab_runtime: a Runtime that can be closed before its last reference is gone.
#pragma once

#include <memory>
#include <mutex>

#include <confab/runtime.hpp>

#include "capi/handle.hpp"
#include "capi/include/confab.h"

struct confab_runtime : confab::capi::HandleOf<confab::capi::Kind::runtime> {
  explicit confab_runtime(const confab::RuntimeOptions& options)
      : runtime_(std::make_shared<confab::Runtime>(options)) {}

  /// For as long as something is made with it; refuses once it is closed.
  [[nodiscard]] std::shared_ptr<confab::Runtime> open();
  void close() noexcept;

 private:
  std::mutex mutex_;
  std::shared_ptr<confab::Runtime> runtime_;
};
