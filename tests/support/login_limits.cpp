#include "login_limits.hpp"

#include <algorithm>

namespace confab::test {

namespace {
using Seconds = std::chrono::duration<double>;
}

std::optional<LeakyBuckets::Milliseconds> LeakyBuckets::refuse(std::string_view key, Time now, bool counts) {
  auto found = buckets_.find(key);
  if (found == buckets_.end()) found = buckets_.emplace(key, Bucket{0, now}).first;
  Bucket& bucket = found->second;
  // As there: what leaks is not taken from the count, the count is told with the time it began at, until it is empty.
  double left = bucket.actions - (Seconds(now - bucket.since).count() * per_second_);
  if (left < 0) {
    left = 0;
    bucket = Bucket{0, now};
  }
  if (left <= burst_ - 1) {
    if (counts) bucket.actions += 1;
    return std::nullopt;
  }
  const Seconds until((bucket.actions - burst_ + 1) / per_second_);
  return std::chrono::duration_cast<Milliseconds>(until - (now - bucket.since));
}

LeakyBuckets::Milliseconds OneAtATime::add(Time now) {
  free_at_ = std::max(free_at_, now) + each_;
  return std::chrono::ceil<LeakyBuckets::Milliseconds>(free_at_ - now);
}

}  // namespace confab::test
