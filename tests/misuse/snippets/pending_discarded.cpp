// refused: unused-result|ignoring return(ed)? value
#include <confab/pending.hpp>

confab::Pending<int> send();
void fire() {
#ifdef MISUSE
  send();
#else
  send().start([](confab::Result<int>) {});
#endif
}
