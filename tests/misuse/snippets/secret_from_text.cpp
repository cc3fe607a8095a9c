// refused: could not convert|no matching function|no viable conversion|cannot convert
#include <confab/secret.hpp>

void log_in(confab::Secret password);
void call(std::string text) {
#ifdef MISUSE
  log_in(text);
#else
  log_in(confab::Secret(text));
#endif
}
