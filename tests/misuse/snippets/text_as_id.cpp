// refused: could not convert|no matching function|no viable conversion|cannot convert
#include <confab/ids.hpp>

void open(confab::UserSlug user);
void call(std::string text) {
#ifdef MISUSE
  open(text);
#else
  open(confab::UserSlug(text));
#endif
}
