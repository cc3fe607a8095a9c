// TokenRecovery: an account's token is dead or missing: what is to be done next? The decision alone, for one flight: no
// store, no socket, no clock of its own.
//
// Whoever runs it does what step() says and tells what came of it, until the step is `end`. Nothing is sent to the
// homeserver but on step `climb`, which comes only while the lease on the account outlasts the request. A token that
// was made is in the store before it is handed out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include <confab/result.hpp>
#include <confab/store.hpp>

#include "credentials/stored_token.hpp"
#include "net/backoff.hpp"
#include "store/lease_machine.hpp"

namespace confab::credentials {

class TokenRecovery {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // One moment on both clocks: waiting and leases are counted on the first, a token's end is told on the second.
  class Moment {
   public:
    Moment(Time steady, StoredToken::Time wall) : steady_(steady), wall_(wall) {}
    [[nodiscard]] static Moment now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }
    [[nodiscard]] Time steady() const noexcept { return steady_; }
    [[nodiscard]] StoredToken::Time wall() const noexcept { return wall_; }

   private:
    Time steady_;
    StoredToken::Time wall_;
  };

  enum class Step : std::uint8_t {
    read,    // the account's record
    lease,   // take the lease on the account, or renew it
    wait,    // until at()
    note,    // write record(), which tells of rung() what is to be tried
    climb,   // do what rung() needs, by at() at the latest
    keep,    // write record(), the new token; while ends_lease() the lease is let go by the same write
    let_go,  // of the lease; where record() is one to be tidied, that is written with it
    end,     // see result()
  };

  // What a flight ends with.
  class Found {
   public:
    Found(StoredToken token, bool fresh) : token_(std::move(token)), fresh_(fresh) {}
    [[nodiscard]] const StoredToken& token() const& noexcept { return token_; }
    [[nodiscard]] StoredToken token() && noexcept { return std::move(token_); }
    // Made by this flight.
    [[nodiscard]] bool is_fresh() const noexcept { return fresh_; }

   private:
    StoredToken token_;
    bool fresh_;
  };

  // `dead`: the generation that is to be replaced, 0 for none. `patience`: how long one rung may take; the lease has to
  // be longer. After `deadline` nothing new is begun.
  TokenRecovery(StoredToken::Kind kind, std::uint64_t dead, std::chrono::milliseconds patience, Time deadline,
                net::RandomSource random);
  TokenRecovery& need(Need need) { return need_ = need, *this; }
  // Of a user with a device: where there is none yet, or its login has to wait or is refused, the admin acts for them.
  // With Need::moves the login is what is wanted. For a user with a password of their own the admin acts in any case.
  TokenRecovery& acts_meanwhile(bool on) { return acts_meanwhile_ = on, *this; }

  // The user logs in without one: whose the password is does not matter, and none is set.
  TokenRecovery& without_password(bool on) { return without_password_ = on, *this; }

  [[nodiscard]] Step step() const noexcept { return step_; }
  [[nodiscard]] Rung rung() const noexcept { return rung_; }
  [[nodiscard]] Time at() const noexcept { return at_; }
  [[nodiscard]] bool ends_lease() const noexcept { return held_ && !late_; }
  [[nodiscard]] const StoredToken& record() const noexcept { return record_; }
  // Why a token that this flight made was made.
  [[nodiscard]] TokenReason reason() const noexcept { return reason_.value_or(TokenReason::first); }
  // Whether let_go has something to write: what was noted came to nothing.
  [[nodiscard]] bool tidies() const noexcept { return noted_; }
  [[nodiscard]] Result<Found> result() && { return std::move(*result_); }

  void read(Result<std::optional<StoredToken>> found, Moment now);
  // `fence` and `until` of a lease that is held.
  void leased(store::LeaseMachine::Outcome outcome, StoreVersion fence, Time until, Moment now);
  void waited(Moment now);
  // The record with what the rung needs, for the step note; an error ends the flight.
  void prepared(Result<StoredToken> record);
  void noted(Result<StoredToken> written, Moment now);
  void climbed(Result<StoredToken> made);
  void kept(Result<StoredToken> written, Moment now);
  void let_go() noexcept { step_ = Step::end; }

 private:
  void choose();
  [[nodiscard]] TokenReason reason_now() const;
  [[nodiscard]] bool may_act() const { return has_own_password() || (acts_meanwhile_ && need_ != Need::moves); }
  [[nodiscard]] bool has_own_password() const {
    return kind_ == StoredToken::Kind::device && !without_password_ && record_.password_owner() == PasswordOwner::user;
  }
  void begin(Rung rung);
  void try_rung(Moment now);
  void pause(Moment now, std::chrono::milliseconds least);
  void refresh_failed(const Error& error);
  void fail(Error error);
  void finish(StoredToken token, bool fresh);
  [[nodiscard]] bool serves(const StoredToken& token, Moment now) const;

  StoredToken::Kind kind_;
  std::uint64_t dead_;
  Need need_ = Need::ends;
  bool acts_meanwhile_ = false;
  bool without_password_ = false;
  std::optional<TokenReason> reason_;
  std::chrono::milliseconds patience_;
  Time deadline_;
  net::RandomSource random_;
  Step step_ = Step::read;
  Rung rung_ = Rung::log_in;
  Time at_{};
  StoredToken record_;
  std::optional<Result<Found>> result_;

  bool held_ = false;
  StoreVersion fence_ = 0;
  Time held_until_{};
  bool noted_ = false;         // the record in the store tells of an intent of ours
  bool climbs_on_ = false;     // after the wait or the lease: the rung again, not the record
  bool late_ = false;          // record_ is a new token that the store has not taken yet
  bool password_set_ = false;  // by this flight
  std::optional<Secret> refused_refresh_;
  std::optional<Error> refresh_error_;         // the flight's, unless the store has a token by now
  std::optional<PasswordOwner> owner_before_;  // a login was refused, for which somebody's new password is to blame
  unsigned waits_ = 0;                         // for another's lease
  unsigned rounds_ = 0;                        // somebody else wrote first
  unsigned writes_ = 0;                        // of the new token, that failed
};

}  // namespace confab::credentials
