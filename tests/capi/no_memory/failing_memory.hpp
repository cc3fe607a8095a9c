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

}  // namespace confab::test
