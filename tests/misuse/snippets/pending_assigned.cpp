// refused: deleted
#include <confab/pending.hpp>

confab::Pending<int> other(confab::Pending<int> first, confab::Pending<int> second) {
#ifdef MISUSE
  first = std::move(second);
#else
  static_cast<void>(second);
#endif
  return first;
}
