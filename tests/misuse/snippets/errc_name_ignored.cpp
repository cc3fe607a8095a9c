// refused: unused-result|ignoring return(ed)? value
#include <confab/result.hpp>

void call() {
#ifdef MISUSE
  confab::errc_name(confab::Errc::busy);
#else
  static_cast<void>(confab::errc_name(confab::Errc::busy));
#endif
}
