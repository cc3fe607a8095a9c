// refused: deleted
#include <confab/runtime.hpp>

void start() {
  confab::Runtime runtime;
#ifdef MISUSE
  confab::Runtime copy(runtime);
#else
  confab::Runtime& copy = runtime;
#endif
  static_cast<void>(copy);
}
