// refused: could not convert|no viable conversion|cannot convert
#include <confab/result.hpp>

bool fine(const confab::Result<int>& result) {
#ifdef MISUSE
  const bool good = result;
#else
  const bool good = result.has_value();
#endif
  return good;
}
