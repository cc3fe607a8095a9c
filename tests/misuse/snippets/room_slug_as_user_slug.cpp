// refused: could not convert|no matching function|no viable conversion|cannot convert
#include <confab/ids.hpp>

void add(confab::UserSlug user);
void call(confab::RoomSlug room) {
#ifdef MISUSE
  add(room);
#else
  add(confab::UserSlug(room.str()));
#endif
}
