#include "ride_through.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace program {
namespace {

using confab::Errc;
using confab::Error;
using std::chrono::milliseconds;

constexpr milliseconds shortest_ceiling{200};
constexpr milliseconds longest_ceiling{2000};
constexpr milliseconds look_again{1500};

// The homeserver, or something in its place, has answered or taken in a request.
bool is_contact(const Error& error) {
  if (error.http_status() != 0 || !error.errcode().empty()) return true;
  switch (error.code()) {
    case Errc::unreachable:
    case Errc::unavailable:  // without a status: the circuit breaker
    case Errc::timed_out:
    case Errc::cancelled:
      return false;
    default:
      return true;
  }
}

bool may_have_arrived(const Error& error) {
  return error.code() == Errc::outcome_unknown || error.http_status() >= 500;
}

bool is_worth_repeating(const Error& error) {
  // A refused password stays refused, and every further try counts towards the homeserver's limits on logins.
  if (error.code() == Errc::admin_unavailable && (error.http_status() == 401 || error.http_status() == 403))
    return false;
  return error.retriable();
}

}  // namespace

milliseconds Pause::next() {
  const auto ceiling = std::min(longest_ceiling, shortest_ceiling * (1 << std::min(attempt_, 4U)));
  ++attempt_;
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(0, ceiling.count())(random_));
}

bool sleep_until(Clock::time_point end, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, end, [] { return false; });
  return !stop.stop_requested();
}

void RideThrough::begin() {
  const auto now = Clock::now();
  deadline_ = limit_ >= Clock::time_point::max() - now ? Clock::time_point::max()
                                                       : now + std::chrono::duration_cast<Clock::duration>(limit_);
  repeated_ = false;
  telling_.reset();
  pause_.reset();
}

confab::CallOptions RideThrough::options() const {
  const auto until = contacted_ ? deadline_ : std::min(deadline_, started_ + first_contact);
  return confab::CallOptions().until(until).stop(stop_);
}

std::optional<Error> RideThrough::after(const Error& error) {
  contacted_ = contacted_ || is_contact(error);
  repeated_ = repeated_ || may_have_arrived(error);
  const bool says_little =
      error.code() == Errc::timed_out || (error.code() == Errc::unavailable && error.http_status() == 0);
  if (!telling_ || !says_little) telling_ = error;
  if (stop_.stop_requested() || !is_worth_repeating(error)) return error;

  const auto now = Clock::now();
  if (!contacted_ && now >= started_ + first_contact && !answers_at_all()) {
    if (telling_->code() == Errc::unreachable) return telling_;
    return Error(Errc::unreachable, "nobody answers at homeserver.url: check the address")
        .with_subject("homeserver.url");
  }
  const milliseconds wait = std::max(pause_.next(), error.retry_after().value_or(milliseconds(0)));
  const auto last = contacted_ ? deadline_ : std::min(deadline_, started_ + first_contact);
  // To be told to wait for longer than there is time is an answer, too.
  if (now >= deadline_ || (error.code() == Errc::rate_limited && wait > deadline_ - now)) return telling_;
  if (!sleep_until(wait > last - now ? last : now + wait, stop_)) return error;
  if (Clock::now() >= deadline_) return telling_;
  return std::nullopt;
}

// The first operation may have used up the time although the homeserver is there, only slow: one look decides.
bool RideThrough::answers_at_all() {
  if (telling_->code() == Errc::unreachable) return false;
  contacted_ = homeserver_.examine(confab::CallOptions().within(look_again).stop(stop_)).wait().has_value();
  return contacted_;
}

}  // namespace program
