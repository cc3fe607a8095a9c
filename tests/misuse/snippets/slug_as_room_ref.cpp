// refused: could not convert|no matching function|no viable conversion|cannot convert
#include <confab/ids.hpp>

void open(confab::RoomRef room);
void call(confab::RoomSlug slug) {
#ifdef MISUSE
  open(slug);
#else
  open(confab::RoomRef::event(slug));
#endif
}
