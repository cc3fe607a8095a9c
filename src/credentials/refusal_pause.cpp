#include "credentials/refusal_pause.hpp"

#include <algorithm>

namespace confab::credentials {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_refusal{300'000};
// One part in so many, at random, is added.
constexpr int pause_spread = 4;

}  // namespace

bool RefusalPause::is_refusal(const Error& error) {
  switch (error.code()) {
    case Errc::unknown:
    case Errc::invalid_argument:
    case Errc::config:
    case Errc::forbidden:
    case Errc::too_large:
    case Errc::protocol:
    case Errc::session_expired:
    case Errc::admin_unavailable:
    case Errc::account_locked:
    case Errc::account_suspended:
    case Errc::account_deactivated:
    case Errc::unsupported:
      return true;
    default:
      return false;
  }
}

milliseconds RefusalPause::length(milliseconds first, unsigned refusals, const net::RandomSource& random) {
  milliseconds pause = first;
  for (unsigned n = 1; n < refusals && pause < longest_refusal; ++n) pause *= 2;
  pause = std::min(pause, longest_refusal);
  return pause + net::uniform_wait(pause / pause_spread, random);
}

milliseconds RefusalPause::longest() { return longest_refusal + longest_refusal / pause_spread; }

}  // namespace confab::credentials
