// refused: unused-result|ignoring return(ed)? value
#include <confab/pending.hpp>

void block(confab::Pending<void> pending) {
#ifdef MISUSE
  std::move(pending).wait();
#else
  static_cast<void>(std::move(pending).wait());
#endif
}
