// Answers of /sync as a homeserver with many rooms would write them; the same for the same arguments.
#pragma once

#include <cstddef>
#include <string>

namespace confab::bench {

/// About 15.5 KB a room: `events` of the timeline (messages, some with HTML, reactions, encrypted ones, members), the
/// state of `members`, receipts, account data. Rooms "!r0:bench.test" and on; `next` is next_batch.
[[nodiscard]] std::string large_sync(std::size_t rooms, const std::string& next, std::size_t members = 14,
                                     std::size_t events = 20);

}  // namespace confab::bench
