// refused: deleted
#include <confab/runtime.hpp>

void restart(confab::Runtime& runtime) {
#ifdef MISUSE
  runtime = confab::Runtime();
#else
  static_cast<void>(runtime);
#endif
}
