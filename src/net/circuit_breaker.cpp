#include "net/circuit_breaker.hpp"

namespace confab::net {

using std::chrono::milliseconds;
using time_point = std::chrono::steady_clock::time_point;

namespace {
constexpr auto bucket_length = CircuitBreaker::window / 10;

std::int64_t slot_of(time_point now) { return now.time_since_epoch() / std::chrono::nanoseconds(bucket_length); }
}  // namespace

CircuitBreaker::Verdict CircuitBreaker::verdict_of(const AttemptOutcome& outcome) noexcept {
  switch (outcome.how()) {
    case Ended::answered:
      return outcome.status() >= 500 ? Verdict::failure : Verdict::success;
    case Ended::resolve_failed:
    case Ended::connect_failed:
      return Verdict::failure;
    case Ended::deadline_unsent:  // A host that drops packets: no connection, and no refusal either.
    case Ended::deadline_sent:
      return outcome.waited() >= patience_before_timeout_counts ? Verdict::failure : Verdict::unknown;
    default:
      return Verdict::unknown;
  }
}

bool CircuitBreaker::probe_out(time_point now) const noexcept {
  return probe_sent_ && now - *probe_sent_ < probe_patience;
}

std::optional<CircuitBreaker::Ticket> CircuitBreaker::admit(time_point now) {
  if (state_ == State::closed) return Ticket(era_, false);
  if (state_ == State::open && now < open_until_) return std::nullopt;
  if (state_ == State::half_open && probe_out(now)) return std::nullopt;
  state_ = State::half_open;
  probe_sent_ = now;
  // A new era for each probe: what a lost one says much later is not taken for the present one's answer.
  ++era_;
  return Ticket(era_, true);
}

milliseconds CircuitBreaker::wait(time_point now) const {
  if (state_ == State::open && now < open_until_) return std::chrono::ceil<milliseconds>(open_until_ - now);
  if (state_ == State::half_open && probe_out(now)) return probe_poll;
  return milliseconds(0);
}

void CircuitBreaker::record(Ticket ticket, Verdict verdict, time_point now) {
  if (ticket.era_ != era_) return;
  if (ticket.probe_) {
    probe_sent_.reset();
    if (verdict == Verdict::success) close();
    if (verdict == Verdict::failure) open(now);
    return;
  }
  if (verdict == Verdict::unknown) return;
  count(verdict == Verdict::failure, now);
  if (verdict == Verdict::failure && should_open(now)) open(now);
}

void CircuitBreaker::count(bool failed, time_point now) {
  const std::int64_t slot = slot_of(now);
  Bucket& bucket = buckets_[static_cast<std::size_t>(slot) % bucket_count];
  if (bucket.slot != slot) bucket = Bucket{slot, 0, 0};
  ++bucket.ended;
  if (!failed) {
    failures_in_a_row_ = 0;
    return;
  }
  ++bucket.failures;
  if (failures_in_a_row_ == 0 || now - first_in_a_row_ > window) {
    failures_in_a_row_ = 0;
    first_in_a_row_ = now;
  }
  ++failures_in_a_row_;
}

bool CircuitBreaker::should_open(time_point now) const noexcept {
  if (failures_in_a_row_ >= consecutive_failures) return true;
  const std::int64_t slot = slot_of(now);
  unsigned failures = 0;
  unsigned ended = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.slot <= slot - static_cast<std::int64_t>(bucket_count) || bucket.slot > slot) continue;
    failures += bucket.failures;
    ended += bucket.ended;
  }
  return failures >= window_failures && failures * 2 >= ended;
}

void CircuitBreaker::open(time_point now) {
  state_ = State::open;
  ++era_;
  probe_sent_.reset();
  const milliseconds ceiling = Backoff(first_open, longest_open).ceiling(opened_in_a_row_);
  ++opened_in_a_row_;
  open_until_ = now + ceiling / 2 + uniform_wait(ceiling - ceiling / 2, random_);
}

void CircuitBreaker::close() {
  state_ = State::closed;
  ++era_;
  opened_in_a_row_ = 0;
  failures_in_a_row_ = 0;
  buckets_.fill(Bucket{});
}

}  // namespace confab::net
