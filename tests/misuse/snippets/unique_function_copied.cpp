// refused: deleted|call to implicitly-deleted
#include <confab/unique_function.hpp>

confab::UniqueFunction<void()> twice(confab::UniqueFunction<void()> task) {
#ifdef MISUSE
  confab::UniqueFunction<void()> copy(task);
#else
  confab::UniqueFunction<void()> copy(std::move(task));
#endif
  return copy;
}
