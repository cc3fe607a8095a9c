#include "credentials/recovery_flight.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "credentials/token_recovery.hpp"
#include "net/lease_on_loop.hpp"
#include "net/runtime_core.hpp"
#include "util/no_memory.hpp"

namespace confab::credentials {

namespace {

using Outcome = net::LeaseOutcome;
using Moment = TokenRecovery::Moment;

// For giving a lease back: whoever waits for it would otherwise wait until it ends.
constexpr std::chrono::seconds farewell_limit{2};
// A token is renewed in the second half of its life, those of many users spread over this part of it.
constexpr int renewal_spread = 5;

TokenStep step_of(StoredToken::Kind kind, Rung rung) {
  switch (rung) {
    case Rung::refresh:
      return TokenStep::refresh;
    case Rung::set_password:
      return TokenStep::set_password;
    case Rung::act_as:
      return TokenStep::act_as;
    case Rung::log_in:
      break;
  }
  return kind == StoredToken::Kind::admin ? TokenStep::admin_log_in : TokenStep::log_in;
}

// What stands beside a write: that nobody else took over and, of the last one, that the lease goes with it.
std::vector<StoreWrite> beside(const store::Lease& lease, bool last) {
  std::vector<StoreWrite> writes;
  if (std::optional<StoreWrite> guard = lease.guard()) writes.push_back(std::move(*guard));
  if (!last) return writes;
  if (std::optional<StoreWrite> farewell = lease.farewell()) writes.push_back(std::move(*farewell));
  return writes;
}

// Of a lease, for what has to be done once with a new token: a rung's request may take three quarters.
constexpr int settling_share = 4;

// Another who reads a record that is not settled does the same: it is to be done at least once. Who waits has a token
// already, so a homeserver that says nothing to this holds them back for a moment only.
Task<StoredToken> settled(std::shared_ptr<TokenStore> tokens, std::shared_ptr<Mint> mint, MatrixUserId account,
                          StoredToken token, net::CallContext context) {
  if (token.settled()) co_return token;
  const net::TimePoint latest =
      std::min(context.deadline(), net::Clock::now() + tokens->lease_length() / settling_share);
  const bool done = co_await mint->settle(mint, account, token, context.until(latest));
  if (!done) co_return token;
  StoredToken marked = token;
  marked.settled(true);
  Result<StoredToken> saved = co_await TokenStore::save(tokens, std::move(account), std::move(marked), context);
  if (saved) co_return std::move(*saved);
  co_return token;
}

Task<Result<StoredToken>> try_rung(std::shared_ptr<Mint> mint, MatrixUserId account, Rung rung, StoredToken known,
                                   bool first, net::CallContext context) {
  // Who gets a first token was looked at when the account was made.
  if (rung == Rung::act_as && !first) {
    Result<void> open = co_await mint->still_open(mint, account, context);
    if (!open) co_return std::move(open).error();
  }
  co_return co_await mint->climb(mint, std::move(account), rung, std::move(known), std::move(context));
}

Task<Result<TokenRecovery::Found>> climb(std::shared_ptr<TokenStore> tokens, std::shared_ptr<Mint> mint,
                                         std::shared_ptr<store::Lease> lease, MatrixUserId account, std::uint64_t dead,
                                         Need need, net::CallContext context) {
  TokenRecovery recovery(mint->kind(), dead, tokens->lease_length() * 3 / 4, context.deadline(), tokens->random());
  recovery.need(need).acts_meanwhile(mint->acts_meanwhile()).without_password(mint->needs_no_password());
  // With the end of the lease in sight, and after the flight's own.
  const auto parting = [&context] {
    return net::CallContext(context.loop(), net::Clock::now() + farewell_limit, std::stop_token());
  };
  for (;;) {
    switch (recovery.step()) {
      case TokenRecovery::Step::read: {
        Result<std::optional<StoredToken>> found = co_await TokenStore::load(tokens, account, context);
        recovery.read(std::move(found), Moment::now());
        break;
      }
      case TokenRecovery::Step::lease: {
        const Outcome outcome = co_await net::ask_lease(lease, context);
        const Moment now = Moment::now();
        recovery.leased(outcome, lease->fence(), now.steady() + lease->remaining(), now);
        break;
      }
      case TokenRecovery::Step::wait: {
        (void)co_await context.loop().sleep_until(std::min(recovery.at(), context.deadline()), context.stop());
        recovery.waited(Moment::now());
        break;
      }
      case TokenRecovery::Step::note: {
        recovery.prepared(mint->prepare(recovery.record(), recovery.rung()));
        if (recovery.step() != TokenRecovery::Step::note) break;
        StoredToken noting = recovery.record();
        Result<StoredToken> noted =
            co_await TokenStore::save(tokens, account, std::move(noting), context, beside(*lease, false));
        recovery.noted(std::move(noted), Moment::now());
        break;
      }
      case TokenRecovery::Step::climb: {
        StoredToken known = recovery.record();
        const net::TimePoint begun = net::Clock::now();
        Result<StoredToken> brought =
            co_await try_rung(mint, account, recovery.rung(), std::move(known), recovery.reason() == TokenReason::first,
                              context.until(recovery.at()));
        tokens->counts().tried(step_of(mint->kind(), recovery.rung()),
                               brought ? std::nullopt : std::optional<Error>(brought.error()),
                               net::Clock::now() - begun);
        recovery.climbed(std::move(brought));
        break;
      }
      case TokenRecovery::Step::keep: {
        StoredToken fresh = recovery.record();
        std::vector<StoreWrite> with;
        if (recovery.ends_lease()) with = beside(*lease, true);
        Result<StoredToken> kept =
            co_await TokenStore::save(tokens, account, std::move(fresh), context, std::move(with));
        recovery.kept(std::move(kept), Moment::now());
        break;
      }
      case TokenRecovery::Step::let_go: {
        bool gone = false;
        if (recovery.tidies()) {
          StoredToken tidied = recovery.record();
          Result<void> tidy =
              co_await TokenStore::tidy(tokens, account, std::move(tidied), parting(), beside(*lease, true));
          gone = tidy.has_value();
        }
        if (!gone) co_await net::release_lease(lease, parting());
        recovery.let_go();
        break;
      }
      case TokenRecovery::Step::end: {
        Result<TokenRecovery::Found> found = std::move(recovery).result();
        if (found && found->is_fresh()) tokens->counts().made(recovery.reason());
        co_return found;
      }
    }
  }
}

// Where memory was short on the way, whoever is next shall not have to wait until the lease ends.
Task<Result<TokenRecovery::Found>> climb_and_let_go(std::shared_ptr<TokenStore> tokens, std::shared_ptr<Mint> mint,
                                                    MatrixUserId account, std::uint64_t dead, Need need,
                                                    net::CallContext context) {
  Result<std::shared_ptr<store::Lease>> made = tokens->lease(account);
  if (!made) co_return std::move(made).error();
  const std::shared_ptr<store::Lease> lease = std::move(*made);
  Error failed = no_memory();
  try {
    co_return co_await climb(tokens, mint, lease, std::move(account), dead, need, context);
  } catch (...) {
    failed = net::error_of_exception();
  }
  for (int tries = 0; lease->owes() && tries < net::most_farewells; ++tries) {
    try {
      net::CallContext parting(context.loop(), net::Clock::now() + farewell_limit, std::stop_token());
      co_await net::release_lease(lease, std::move(parting));
    } catch (...) {  // once more
    }
  }
  co_return failed;
}

}  // namespace

MintedToken minted_of(const StoredToken& token, bool fresh, bool may_log_in, const net::RandomSource& random) {
  MintedToken minted(token.token());
  minted.generation(token.generation()).fresh(fresh).acted(token.kind() == StoredToken::Kind::puppet && may_log_in);
  if (!token.end()) return minted;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(*token.end() - std::chrono::system_clock::now());
  const net::TimePoint now = net::Clock::now();
  minted.lives_until(now + left).renew_at(now + left / 2 + net::uniform_wait(left / renewal_spread, random));
  return minted;
}

Task<Result<MintedToken>> recover_token(std::shared_ptr<TokenStore> tokens, std::shared_ptr<Mint> mint,
                                        MatrixUserId account, std::uint64_t dead, Need need, net::CallContext context) {
  Result<TokenRecovery::Found> found = co_await climb_and_let_go(tokens, mint, account, dead, need, context);
  if (!found) co_return std::move(found).error();
  const bool fresh = found->is_fresh();
  StoredToken token = std::move(*found).token();
  StoredToken ready = co_await settled(tokens, mint, std::move(account), std::move(token), context);
  const bool may_log_in = mint->needs_no_password() || ready.may_log_in();
  co_return minted_of(ready, fresh, may_log_in, tokens->random());
}

}  // namespace confab::credentials
