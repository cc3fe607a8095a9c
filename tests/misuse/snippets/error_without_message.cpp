// refused: no matching (function|conversion)|could not convert|no viable conversion|cannot convert
#include <confab/result.hpp>

confab::Error fail() {
#ifdef MISUSE
  return confab::Error(confab::Errc::forbidden);
#else
  return confab::Error(confab::Errc::forbidden, "not listed in the directory");
#endif
}
