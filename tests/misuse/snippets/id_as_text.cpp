// refused: could not convert|no matching function|no viable conversion|cannot convert|conversion from
#include <confab/ids.hpp>

std::string text(const confab::EventId& id) {
#ifdef MISUSE
  return id;
#else
  return id.str();
#endif
}
