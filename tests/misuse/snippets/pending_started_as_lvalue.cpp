// refused: discards qualifiers|passing .* as 'this' argument|'this' argument .*lvalue|expects an rvalue
#include <confab/pending.hpp>

void fire(confab::Pending<int> pending) {
#ifdef MISUSE
  pending.start([](confab::Result<int>) {});
#else
  std::move(pending).start([](confab::Result<int>) {});
#endif
}
