#include "credentials/token_recovery.hpp"

#include <algorithm>
#include <string>

#include "credentials/closed_account.hpp"

namespace confab::credentials {

namespace {

using std::chrono::milliseconds;

// A stored token that ends sooner is not worth its first request.
constexpr std::chrono::seconds least_life{30};
// How often somebody else may write first before we say so.
constexpr unsigned most_rounds = 4;
// How often a new token is offered to a store that fails.
constexpr unsigned most_writes = 3;
// So many died at the login, one after the other: the password may be a wrong one, and three of these lock the right
// one out.
constexpr unsigned most_deaths = 2;
// Between two looks at a lease that another has.
constexpr milliseconds shortest_look{50};
constexpr milliseconds first_look{100};
constexpr milliseconds longest_look{1'000};

constexpr int broken_homeserver = 500;
constexpr int refused_password = 403;

Error others_write() {
  return Error(Errc::busy, "other processes replace the token all the time; try again").with_subject("user");
}

}  // namespace

TokenRecovery::TokenRecovery(StoredToken::Kind kind, std::uint64_t dead, milliseconds patience, Time deadline,
                             net::RandomSource random)
    : kind_(kind), dead_(dead), patience_(patience), deadline_(deadline), random_(std::move(random)), record_(kind) {}

bool TokenRecovery::serves(const StoredToken& token, Moment now) const {
  if (token.token().empty() || token.generation() == dead_) return false;
  return !token.end() || *token.end() - now.wall() > least_life;
}

void TokenRecovery::read(Result<std::optional<StoredToken>> found, Moment now) {
  if (late_) {
    if (!found) {
      if (++writes_ >= most_writes || now.steady() >= deadline_) return fail(found.error());
      return pause(now, milliseconds(0));
    }
    // The larger generation is the younger one: if the homeserver let one of two live, it is that.
    if (*found && (*found)->generation() >= record_.generation() && serves(**found, now)) {
      const bool ours = (*found)->generation() == record_.generation();
      return finish(std::move(**found), ours);
    }
    record_.version(*found ? (*found)->version() : 0);
    if (*found && !(*found)->password().empty()) {
      record_.password((*found)->password(), (*found)->password_known());
    }
    if (*found) record_.password_owner((*found)->password_owner());
    step_ = Step::keep;
    return;
  }
  if (!found) return fail(found.error());
  if (*found && serves(**found, now)) return finish(std::move(**found), false);
  if (refresh_error_) return fail(*refresh_error_);
  record_ = *found ? std::move(**found) : StoredToken(kind_);
  if (!held_) {
    step_ = Step::lease;
    return;
  }
  choose();
}

void TokenRecovery::leased(store::LeaseMachine::Outcome outcome, StoreVersion fence, Time until, Moment now) {
  using Outcome = store::LeaseMachine::Outcome;
  const bool climbs_on = std::exchange(climbs_on_, false);
  if (outcome == Outcome::failed) {
    return fail(Error(Errc::store, "the store could not tell who replaces the token").with_subject("user"));
  }
  if (outcome != Outcome::held) {
    held_ = noted_ = false;
    return pause(now, milliseconds(0));
  }
  held_until_ = until;
  if (std::exchange(held_, true) && fence == fence_ && climbs_on) return try_rung(now);
  fence_ = fence;
  noted_ = false;
  step_ = Step::read;
}

// A pause that is longer each time, so that those who wait do not ask in step.
void TokenRecovery::pause(Moment now, milliseconds least) {
  const net::Backoff backoff(first_look, longest_look);
  at_ = now.steady() + std::max(least, shortest_look + backoff.wait(waits_++, random_));
  step_ = Step::wait;
}

void TokenRecovery::waited(Moment now) {
  if (now.steady() >= deadline_) return fail(others_write());
  if (std::exchange(climbs_on_, false)) return try_rung(now);
  step_ = Step::read;
}

TokenReason TokenRecovery::reason_now() const {
  if (need_ == Need::dead) return TokenReason::recovery;
  if (record_.token().empty()) return TokenReason::first;
  const bool moves = record_.kind() == StoredToken::Kind::puppet && kind_ == StoredToken::Kind::device && !may_act();
  return moves ? TokenReason::move : TokenReason::renewal;
}

void TokenRecovery::choose() {
  if (!reason_) reason_ = reason_now();
  switch (kind_) {
    case StoredToken::Kind::admin:
      return begin(Rung::log_in);
    case StoredToken::Kind::puppet:
      return begin(Rung::act_as);
    case StoredToken::Kind::device:
      break;
  }
  const bool logged_in_once = record_.password_known() || (without_password_ && !record_.device().empty());
  if (may_act() && (record_.kind() != StoredToken::Kind::device || !logged_in_once)) {
    return begin(Rung::act_as);
  }
  const Secret& refresh = record_.refresh_token();
  if (!refresh.empty() && !(refused_refresh_ && *refused_refresh_ == refresh)) return begin(Rung::refresh);
  if (without_password_) return begin(Rung::log_in);
  if (has_own_password()) return begin(Rung::act_as);
  const std::optional<Intent>& left = record_.intent();
  const bool deadly =
      left && left->generation() != fence_ && left->rung() == Rung::log_in && left->times() >= most_deaths;
  if (record_.password_known() && !record_.password().empty() && !deadly) return begin(Rung::log_in);
  begin(Rung::set_password);
}

void TokenRecovery::begin(Rung rung) {
  rung_ = rung;
  const std::optional<Intent>& left = record_.intent();
  const bool again = left && left->rung() == rung && left->generation() != fence_;
  record_.intent(Intent(fence_, rung, again ? left->times() + 1 : 1));
  step_ = Step::note;
}

void TokenRecovery::prepared(Result<StoredToken> record) {
  if (!record) return fail(record.error());
  const StoredToken::Kind kind = record_.kind();
  record_ = std::move(*record);
  // Until the move has come to something the token is what it was.
  if (need_ == Need::moves) record_.kind(kind);
}

void TokenRecovery::noted(Result<StoredToken> written, Moment now) {
  if (!written) {
    if (written.error().code() != Errc::conflict) return fail(written.error());
    if (++rounds_ >= most_rounds) return fail(others_write());
    // Whoever wrote may hold the lease by now.
    noted_ = false;
    step_ = Step::lease;
    return;
  }
  record_ = std::move(*written);
  noted_ = true;
  try_rung(now);
}

// Fencing keeps a late holder from the store. Only this keeps it from the homeserver.
void TokenRecovery::try_rung(Moment now) {
  if (now.steady() >= deadline_) {
    return fail(Error(Errc::unavailable, "the homeserver did not answer the request for the user's token in time"));
  }
  at_ = std::min(now.steady() + patience_, deadline_);
  climbs_on_ = at_ >= held_until_;
  step_ = climbs_on_ ? Step::lease : Step::climb;
}

void TokenRecovery::climbed(Result<StoredToken> made) {
  if (made) {
    const StoreVersion version = record_.version();
    record_ = std::move(*made);
    record_.version(version);
    if (rung_ == Rung::set_password) {
      password_set_ = true;
      return begin(Rung::log_in);
    }
    record_.intent(std::nullopt);
    record_.generation(fence_);
    record_.made(reason(), record_.made(reason()) + 1);
    noted_ = false;
    step_ = Step::keep;
    return;
  }
  const Error& error = made.error();
  if (rung_ == Rung::refresh) return refresh_failed(error);
  // The login's turn comes later; or nobody's login is taken, of which the operator is told by who asks for a device.
  const bool later = error.code() == Errc::rate_limited || (without_password_ && error.code() == Errc::config);
  if (rung_ == Rung::log_in && later && may_act()) return begin(Rung::act_as);
  // A 401 that asks for something else has the same code, and says nothing of the password.
  const bool refused = rung_ == Rung::log_in && kind_ == StoredToken::Kind::device && error.code() == Errc::forbidden &&
                       error.http_status() == refused_password;
  if (!refused) return fail(error);
  if (!password_set_ && acts_meanwhile_) {
    // It was the right one once: somebody has changed it. Or the account is closed, which the next rung tells.
    owner_before_ = record_.password_owner();
    record_.password_owner(PasswordOwner::user);
    if (need_ == Need::moves) return fail(error);  // the admin's token serves
    return begin(Rung::act_as);
  }
  if (!password_set_) {
    // Nor is it tried by the next flight, should it not be set in this one: three wrong ones lock the right one out.
    record_.password(record_.password(), false);
    return begin(Rung::set_password);
  }
  fail(error.with_code(Errc::session_expired)
           .with_retriable(false)
           .with_message("the homeserver refuses the password that was set for the user a moment ago")
           .with_subject("user"));
}

// What may pass has been repeated where the request was sent, since the token stays good until its successor is used:
// here it would only be multiplied. But another process may have been luckier, or this one was held up for so long.
void TokenRecovery::refresh_failed(const Error& error) {
  switch (error.code()) {
    // Somebody else may have used it, and knows the next one: the store tells.
    case Errc::session_expired:
    case Errc::forbidden:
    case Errc::not_found:
    case Errc::unsupported:
    case Errc::invalid_argument:
      refused_refresh_ = record_.refresh_token();
      step_ = Step::read;
      return;
    case Errc::unreachable:
    case Errc::unavailable:
    case Errc::rate_limited:
    case Errc::outcome_unknown:
    case Errc::timed_out:
      if (error.http_status() == broken_homeserver) {
        refused_refresh_ = record_.refresh_token();  // it breaks at this one, each time
      } else {
        refresh_error_ = error;
      }
      step_ = Step::read;
      return;
    default:
      return fail(error);
  }
}

void TokenRecovery::kept(Result<StoredToken> written, Moment now) {
  if (written) {
    held_ = held_ && late_;
    return finish(std::move(*written), true);
  }
  const bool conflict = written.error().code() == Errc::conflict;
  unsigned& count = conflict ? rounds_ : writes_;
  if (++count >= (conflict ? most_rounds : most_writes)) return fail(conflict ? others_write() : written.error());
  late_ = true;
  if (conflict) {
    step_ = Step::read;
  } else {
    pause(now, milliseconds(0));
  }
}

void TokenRecovery::fail(Error error) {
  switch (error.code()) {
    case Errc::account_deactivated:
      error = closed_account(error);
      if (owner_before_) record_.password_owner(*owner_before_);
      break;
    // The deadline was a rung's, and what the caller asked for was never sent.
    case Errc::outcome_unknown:
    case Errc::timed_out:
      error = error.with_code(Errc::unavailable)
                  .with_message("the homeserver did not answer the request for the user's token; try again later");
      break;
    default:
      break;
  }
  result_.emplace(std::move(error));
  record_.intent(std::nullopt);
  step_ = held_ ? Step::let_go : Step::end;
}

void TokenRecovery::finish(StoredToken token, bool fresh) {
  result_.emplace(Found(std::move(token), fresh));
  noted_ = false;
  step_ = held_ ? Step::let_go : Step::end;
}

}  // namespace confab::credentials
