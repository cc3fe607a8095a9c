// refused: designated init|non-aggregate|no matching function|could not convert|no matching constructor
#include <confab/message.hpp>

confab::Message hello(confab::RoomRef room, confab::UserSlug ana) {
#ifdef MISUSE
  return confab::Message{.room = room, .sender = ana, .body = "hi"};
#else
  return confab::Message(room, ana, "hi");
#endif
}
