#include "matrix/gap_fill.hpp"

#include <algorithm>

namespace confab::matrix {

GapFill::State GapFill::add(MessagesAnswer page, const SeenEvents& seen) {
  ++pages_;
  const std::optional<PageToken> end = page.end();
  bool met_known = false;
  for (const RoomEvent& member : page.state()) names_.note(member);
  for (RoomEvent& event : std::move(page).events()) {
    if (seen.knows(event.id())) {
      // The rest of the page is still looked at: over federation an older event may arrive after a newer one.
      met_known = true;
      continue;
    }
    bytes_ += event.bytes();
    newest_first_.push_back(std::move(event));
  }
  // A token that stands still would be asked for ever.
  if (met_known || !end || *end == from_ || *end == to_) return State::complete;
  from_ = *end;
  const bool full = newest_first_.size() >= bounds_.events() || bytes_ >= bounds_.bytes() || pages_ >= bounds_.pages();
  return full ? State::over_bounds : State::more;
}

std::vector<RoomEvent> GapFill::take() {
  std::reverse(newest_first_.begin(), newest_first_.end());
  return std::exchange(newest_first_, {});
}

}  // namespace confab::matrix
