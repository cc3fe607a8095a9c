#include "capi/fork.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <new>

namespace confab::capi {
namespace {

std::atomic<bool> is_child{false};
std::once_flag watched;

}  // namespace

void watch_forks() {
  // Never taken back: the library stays mapped.
  std::call_once(watched, [] {
    if (pthread_atfork(nullptr, nullptr, [] { is_child.store(true, std::memory_order_relaxed); }) != 0) {
      throw std::bad_alloc();
    }
  });
}

bool forked() noexcept { return is_child.load(std::memory_order_relaxed); }

}  // namespace confab::capi
