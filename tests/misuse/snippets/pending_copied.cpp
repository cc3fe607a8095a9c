// refused: use of deleted function|call to (implicitly-)?deleted( copy)? constructor|deleted
#include <confab/pending.hpp>

confab::Pending<int> twice(confab::Pending<int> pending) {
#ifdef MISUSE
  confab::Pending<int> copy(pending);
#else
  confab::Pending<int> copy(std::move(pending));
#endif
  return copy;
}
