// refused: could not convert|no viable conversion|cannot convert|conversion from
#include <confab/secret.hpp>

std::string text(const confab::Secret& secret) {
#ifdef MISUSE
  return secret;
#else
  return std::string(secret.reveal());
#endif
}
