// refused: no matching function|could not convert|no matching constructor|non-aggregate
#include <confab/runtime.hpp>

confab::RuntimeOptions two() {
#ifdef MISUSE
  return confab::RuntimeOptions{2U, confab::Executor()};
#else
  return confab::RuntimeOptions().loop_threads(2);
#endif
}
