// refused: could not convert|no viable conversion|cannot convert
#include <confab/result.hpp>

int number(confab::Result<int> result) {
#ifdef MISUSE
  int value = result;
#else
  int value = std::move(result).value_or(0);
#endif
  return value;
}
