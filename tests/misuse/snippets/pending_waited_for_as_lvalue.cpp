// refused: discards qualifiers|passing .* as 'this' argument|'this' argument .*lvalue|expects an rvalue
#include <confab/pending.hpp>

confab::Result<int> block(confab::Pending<int> pending) {
#ifdef MISUSE
  return pending.wait();
#else
  return std::move(pending).wait();
#endif
}
