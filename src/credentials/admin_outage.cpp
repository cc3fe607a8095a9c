#include "credentials/admin_outage.hpp"

#include <algorithm>
#include <utility>

namespace confab::credentials {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_refusal{300'000};
// One part in so many, at random, is added.
constexpr int pause_spread = 4;

}  // namespace

bool AdminOutage::is_refusal(const Error& error) {
  return error.code() == Errc::admin_unavailable || error.code() == Errc::config || error.code() == Errc::rate_limited;
}

AdminOutage::Tell AdminOutage::failed(const Error& error) {
  if (!is_refusal(error)) return Tell::nothing;
  return refusals_++ == 0 ? Tell::begins : Tell::nothing;
}

AdminOutage::Tell AdminOutage::made() { return std::exchange(refusals_, 0U) != 0 ? Tell::ends : Tell::nothing; }

milliseconds AdminOutage::pause(milliseconds first, unsigned refusals, const net::RandomSource& random) {
  milliseconds pause = first;
  for (unsigned n = 1; n < refusals && pause < longest_refusal; ++n) pause *= 2;
  pause = std::min(pause, longest_refusal);
  return pause + net::uniform_wait(pause / pause_spread, random);
}

milliseconds AdminOutage::longest_pause() { return longest_refusal + longest_refusal / pause_spread; }

}  // namespace confab::credentials
