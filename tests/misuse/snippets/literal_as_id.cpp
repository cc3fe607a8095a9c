// refused: could not convert|no matching function|no viable conversion|cannot convert
#include <confab/ids.hpp>

void open(confab::EventId event);
void call() {
#ifdef MISUSE
  open("$event");
#else
  open(confab::EventId("$event"));
#endif
}
