// refused: no matching function|could not convert|no matching constructor|non-aggregate
#include <confab/message_requests.hpp>

confab::HistoryRequest last(confab::RoomRef room, confab::UserSlug ana) {
#ifdef MISUSE
  return confab::HistoryRequest{room, ana, 10, confab::PageToken()};
#else
  return confab::HistoryRequest(room, ana).limit(10);
#endif
}
