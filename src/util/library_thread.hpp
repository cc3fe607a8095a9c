// Marks the threads, and the handlers on the host's threads, on which wait() would wait for itself.
#pragma once

namespace confab::detail {

class LibraryThreadScope {
 public:
  LibraryThreadScope() noexcept;
  ~LibraryThreadScope();
  LibraryThreadScope(const LibraryThreadScope&) = delete;
  LibraryThreadScope& operator=(const LibraryThreadScope&) = delete;
};

}  // namespace confab::detail
