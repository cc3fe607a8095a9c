#include "services/outbox_sending.hpp"

#include <algorithm>
#include <iterator>

namespace confab::services {

using Outcome = store::LeaseMachine::Outcome;

namespace {

constexpr unsigned most_doublings = 16;

// Whether another attempt can end otherwise. What is wrong with this process, its configuration or its store is nothing
// against the message, nor is an admin whom the homeserver refuses; what a proxy says for a homeserver, or a token that
// has just died again, is nothing for good.
bool may_yet_go_out(const Error& error) {
  switch (error.code()) {
    case Errc::store:
    case Errc::cancelled:
    case Errc::closed:
    case Errc::protocol:
    case Errc::session_expired:
    case Errc::admin_unavailable:
    case Errc::config:
      return true;
    default:
      return error.retriable();
  }
}

}  // namespace

void OutboxSending::pause(Time until, Step then) {
  step_ = Step::wait;
  at_ = until;
  after_wait_ = then;
}

// At the cap a wait is between half and all of it, so that a lane does not come back at once by chance.
void OutboxSending::back_off(const Error* error, Step then, Time now) {
  const net::Backoff backoff(first_pause, longest_pause);
  const Milliseconds ceiling = backoff.ceiling(failures_);
  Milliseconds wait = ceiling / 2 + net::uniform_wait(ceiling / 2, random_);
  if (failures_ < most_doublings) ++failures_;
  // The homeserver may still be at work on it.
  if (error != nullptr && error->code() == Errc::outcome_unknown) wait = std::max(wait, settle_time);
  // Its word is worth more than ours.
  if (error != nullptr && error->retry_after()) wait = std::max<Milliseconds>(wait, *error->retry_after());
  pause(now + wait, then);
}

void OutboxSending::waited() { step_ = after_wait_; }

void OutboxSending::stop() noexcept {
  if (step_ == Step::settle || step_ == Step::bury) return;
  step_ = held_ ? Step::let_go : Step::end;
}

void OutboxSending::leased(Outcome outcome, Held held, Time now) {
  switch (outcome) {
    case Outcome::held:
      if (held.fence() != fence_) after_lease_ = Step::read;
      held_ = true;
      fence_ = held.fence();
      until_ = held.until();
      renew_at_ = held.renew_at();
      step_ = std::exchange(after_lease_, Step::read);
      if (step_ == Step::send) go_on(now);
      return;
    case Outcome::vanished:
      held_ = false;
      return;  // ask again
    case Outcome::taken:
      held_ = false;
      after_lease_ = Step::read;
      return pause(now + taken_pause, Step::lease);
    case Outcome::failed:
    case Outcome::released:
      // What was noted is in the store; whoever has the lease next reads it.
      if (until_ <= now) held_ = false;
      after_lease_ = Step::read;
      return back_off(nullptr, Step::lease, now);
  }
}

void OutboxSending::read(Result<std::vector<OutboxEntry>> found, Time now) {
  if (!found) return back_off(&found.error(), Step::lease, now);
  entries_.assign(std::make_move_iterator(found->begin()), std::make_move_iterator(found->end()));
  next(now);
}

// The first of what was read.
void OutboxSending::next(Time now) {
  event_ = EventId();
  if (entries_.empty()) {
    step_ = Step::leave;
    return;
  }
  repeated_ = entries_.front().tried().has_value();
  if (!repeated_) {
    step_ = Step::note;
    return;
  }
  after_lease_ = Step::send;
  pause(now + settle_time, Step::lease);
}

// The entry is noted: under the lease, it may go out.
void OutboxSending::go_on(Time now) {
  if (now >= renew_at_ || until_ - now < attempt_limit / 2) {
    after_lease_ = Step::send;
    step_ = Step::lease;
    return;
  }
  step_ = Step::send;
  at_ = std::min(until_ - margin, now + attempt_limit);
}

// Whoever wrote meanwhile knows more: the lane is read again. After any other error it may have been written.
void OutboxSending::written_wrongly(const Error& error, Step again, Time now) {
  after_lease_ = error.code() == Errc::conflict ? Step::read : again;
  if (error.code() == Errc::conflict) {
    step_ = Step::lease;
    return;
  }
  back_off(&error, Step::lease, now);
}

void OutboxSending::noted(Result<StoreVersion> written, OutboxEntry::Time wall, Time now) {
  if (!written) return written_wrongly(written.error(), Step::read, now);
  OutboxEntry& first = entries_.front();
  const std::string key = first.key();
  first.tried(wall).at(key, *written);
  go_on(now);
}

void OutboxSending::sent(Result<EventId> result, OutboxEntry::Time wall, Time now) {
  repeated_ = true;
  if (result) {
    failures_ = 0;
    event_ = std::move(*result);
    step_ = Step::settle;
    return;
  }
  const Error& error = result.error();
  if (may_yet_go_out(error) && wall < entries_.front().accepted() + longest_life) {
    after_lease_ = Step::send;
    return back_off(&error, Step::lease, now);
  }
  failures_ = 0;
  entries_.front().reason(error);
  step_ = Step::bury;
}

void OutboxSending::settled(Result<void> written, Time now) {
  if (!written) {
    const Step again = event_.empty() ? Step::bury : Step::settle;
    return written_wrongly(written.error(), again, now);
  }
  failures_ = 0;
  entries_.pop_front();
  if (!entries_.empty()) return next(now);
  // The lease may have to be renewed before more is begun.
  after_lease_ = Step::read;
  step_ = now >= renew_at_ ? Step::lease : Step::read;
}

void OutboxSending::left(Result<void> written, Time now) {
  if (written) {
    held_ = false;
    step_ = Step::end;
    return;
  }
  written_wrongly(written.error(), Step::read, now);
}

}  // namespace confab::services
