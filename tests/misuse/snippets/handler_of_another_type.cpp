// refused: no matching function|could not convert|no viable|cannot convert
#include <confab/pending.hpp>

void fire(confab::Pending<int> pending) {
#ifdef MISUSE
  std::move(pending).start([](confab::Result<std::nullptr_t>) {});
#else
  std::move(pending).start([](confab::Result<int>) {});
#endif
}
