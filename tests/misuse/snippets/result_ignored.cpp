// refused: unused-result|ignoring return(ed)? value
#include <confab/result.hpp>

confab::Result<int> parse();
void call() {
#ifdef MISUSE
  parse();
#else
  static_cast<void>(parse());
#endif
}
