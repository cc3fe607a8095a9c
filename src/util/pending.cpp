#include <confab/pending.hpp>

#include "util/library_thread.hpp"

namespace confab::detail {

namespace {
thread_local int library_depth = 0;
}

RunningOperation::~RunningOperation() = default;
Completion::~Completion() = default;
Delivery::~Delivery() = default;

bool on_library_thread() noexcept { return library_depth > 0; }

Error consumed_error() {
  return Error(Errc::consumed, "this operation was started before; call the method again for a new one");
}

Error would_deadlock_error() {
  return Error(Errc::would_deadlock,
               "wait() on a thread of the library would wait for itself; use start() or co_await here");
}

LibraryThreadScope::LibraryThreadScope() noexcept { ++library_depth; }
LibraryThreadScope::~LibraryThreadScope() { --library_depth; }

}  // namespace confab::detail
