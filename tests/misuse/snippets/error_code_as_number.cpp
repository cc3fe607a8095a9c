// refused: could not convert|cannot convert|cannot initialize|no viable conversion
#include <confab/result.hpp>

int number(const confab::Error& error) {
#ifdef MISUSE
  int code = error.code();
#else
  int code = static_cast<int>(error.code());
#endif
  return code;
}
