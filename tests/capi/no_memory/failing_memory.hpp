// Every allocation of this process, of C and of C++, passes here, so that a test can let some of them fail.
#pragma once

namespace confab::test {

/// While it lives, allocations of the thread that made it fail; those of others do not.
class FailingMemory {
 public:
  /// Whether one allocation fails, or all from it on.
  enum class How { once, from_then_on };

  /// `after` allocations still succeed.
  FailingMemory(unsigned long after, How how) noexcept;
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;
  ~FailingMemory();

  /// How many failed.
  [[nodiscard]] unsigned long failed() const noexcept;
};

/// From its making on, threads that this thread makes are the library's, and those that they make.
class LibraryThreads {
 public:
  LibraryThreads() noexcept;
  LibraryThreads(const LibraryThreads&) = delete;
  LibraryThreads& operator=(const LibraryThreads&) = delete;
  ~LibraryThreads();
};

/// While it lives, allocations on the library's threads fail: all that C++ makes there, and what libconfab.so itself
/// asks the C library for. Not those that libcurl, OpenSSL, SQLite or libpq make for themselves.
class FailingLibraryMemory {
 public:
  /// `after` allocations still succeed, then `many` fail.
  FailingLibraryMemory(unsigned long after, unsigned long many) noexcept;
  FailingLibraryMemory(const FailingLibraryMemory&) = delete;
  FailingLibraryMemory& operator=(const FailingLibraryMemory&) = delete;
  ~FailingLibraryMemory();

  /// How many failed.
  [[nodiscard]] unsigned long failed() const noexcept;
};

}  // namespace confab::test
