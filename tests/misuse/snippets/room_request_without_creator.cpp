// refused: no matching function|could not convert|no matching constructor|non-aggregate
#include <confab/chat_service.hpp>

confab::RoomRequest standup(confab::RoomRef room, confab::UserSlug ana) {
#ifdef MISUSE
  static_cast<void>(ana);
  return confab::RoomRequest{room};
#else
  return confab::RoomRequest(room, ana);
#endif
}
