#include "credentials/token_slot.hpp"

#include <algorithm>
#include <new>

namespace confab::credentials {

namespace {
// A flight goes on when those who asked for it have given up; this bounds it.
constexpr std::chrono::seconds flight_limit{30};
// A refused password, or one for another server, is not tried again for this long: three wrong ones lock the right one
// out as well, and even right ones are few.
constexpr std::chrono::seconds refused_pause{30};
// Between two tries to renew a token that still lives.
constexpr std::chrono::seconds renewal_pause{5};
// Longest time for which an answer "too many requests" is taken at its word without asking again.
constexpr std::chrono::minutes longest_pause{10};
// Rounds of reading the store, minting and writing; each lost one means that another process wrote between.
constexpr int most_rounds = 4;

// What is left of a token's life, on the clock that does not jump.
net::TimePoint on_own_clock(std::optional<std::chrono::system_clock::time_point> ends) {
  if (!ends) return net::TimePoint::max();
  return net::Clock::now() + std::chrono::duration_cast<net::Clock::duration>(*ends - std::chrono::system_clock::now());
}
std::optional<std::chrono::system_clock::time_point> on_clock_of_all(net::TimePoint end) {
  if (end == net::TimePoint::max()) return std::nullopt;
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(end - net::Clock::now());
}
}  // namespace

std::uint64_t TokenSlot::surpassed() const {
  const std::lock_guard lock(mutex_);
  return std::max(dead_, generation_);
}

// Read first: another process may have replaced the token already. What is minted is stored before anybody gets it.
Task<Result<TokenSlot::Renewed>> TokenSlot::renew(std::shared_ptr<TokenSlot> self, net::CallContext context) {
  std::optional<MintedToken> minted;
  for (int round = 0; round < most_rounds; ++round) {
    TokenRecord record(Secret(), 0, 0);
    if (self->records_) {
      Result<TokenRecord> loaded = co_await TokenRecords::load(self->records_, self->account_, context);
      if (!loaded) co_return std::move(loaded).error();
      record = std::move(*loaded);
      const net::TimePoint end = on_own_clock(record.ends());
      if (!record.token().empty() && record.generation() > self->surpassed() && net::Clock::now() < end) {
        MintedToken theirs(record.token());
        theirs.lives_until(end).device(record.device());
        co_return Renewed{std::move(theirs), record.generation()};
      }
    }
    if (!minted) {
      Result<MintedToken> made = co_await self->mint_(context);
      if (!made) co_return std::move(made).error();
      minted = std::move(*made);
    }
    const std::uint64_t generation = std::max(record.generation(), self->surpassed()) + 1;
    if (!self->records_) co_return Renewed{std::move(*minted), generation};
    TokenRecord next(minted->secret(), generation, record.version());
    next.ends(on_clock_of_all(minted->end())).device(minted->device());
    Result<void> saved = co_await TokenRecords::save(self->records_, self->account_, std::move(next), context);
    if (saved) co_return Renewed{std::move(*minted), generation};
    if (saved.error().code() != Errc::conflict) co_return std::move(saved).error();
  }
  co_return Error(Errc::busy, "other processes replace the same token again and again; repeat the call");
}

std::shared_ptr<net::SharedResult<Token>> TokenSlot::join(net::CallContext& context, std::optional<Error>& refused) {
  std::shared_ptr<net::SharedResult<Token>> flight;
  {
    const std::lock_guard lock(mutex_);
    if (flight_) return flight_;
    const net::TimePoint now = net::Clock::now();
    if (last_failure_ && now < no_mint_before_) {
      refused = last_failure_->with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(no_mint_before_ - now));
      return nullptr;
    }
    flight_ = std::make_shared<net::SharedResult<Token>>();
    flight = flight_;
  }
  context.loop().spawn(
      fly(shared_from_this(), flight, context.detached(net::Clock::now() + flight_limit, context.loop().stopping())));
  return flight;
}

Task<void> TokenSlot::fly(std::shared_ptr<TokenSlot> self, std::shared_ptr<net::SharedResult<Token>> flight,
                          net::CallContext context) {
  Result<Renewed> renewed = Error(Errc::internal, "the token could not be made; please report it");
  try {
    renewed = co_await renew(self, context);
  } catch (const std::bad_alloc&) {
    // Whatever happens, those who wait are answered and the next one may try.
    renewed = Error(Errc::no_memory, "memory is exhausted");
  } catch (...) {
  }
  std::optional<Result<Token>> outcome;
  {
    const std::lock_guard lock(self->mutex_);
    self->flight_ = nullptr;
    const net::TimePoint now = net::Clock::now();
    if (renewed) {
      self->secret_ = renewed->token.secret();
      self->generation_ = renewed->generation;
      self->end_ = renewed->token.end();
      self->renew_ = self->end_ == net::TimePoint::max() ? self->end_ : now + (self->end_ - now) / 2;
      self->last_failure_.reset();
      outcome.emplace(Token(*self->secret_, self->generation_));
    } else {
      const Error& error = renewed.error();
      self->last_failure_ = error;
      // While the present token still serves, its renewal is not tried with every call.
      if (self->secret_) self->renew_ = now + renewal_pause;
      self->no_mint_before_ = now;
      if (error.retry_after()) {
        self->no_mint_before_ = now + std::min<std::chrono::milliseconds>(*error.retry_after(), longest_pause);
      } else if (error.code() == Errc::config || (error.code() == Errc::admin_unavailable && !error.retriable())) {
        self->no_mint_before_ = now + refused_pause;
      }
      outcome.emplace(error);
    }
  }
  flight->set(std::move(*outcome));
}

std::optional<Token> TokenSlot::at_hand() const {
  const std::lock_guard lock(mutex_);
  const net::TimePoint now = net::Clock::now();
  if (!secret_ || now >= end_ || (now >= renew_ && !flight_)) return std::nullopt;
  return Token(*secret_, generation_);
}

Task<Result<Token>> TokenSlot::get(std::shared_ptr<TokenSlot> self, net::CallContext context) {
  std::optional<Token> current;
  bool renew = false;
  {
    const std::lock_guard lock(self->mutex_);
    const net::TimePoint now = net::Clock::now();
    if (self->secret_ && now < self->end_) {
      current.emplace(*self->secret_, self->generation_);
      renew = now >= self->renew_ && !self->flight_;
    }
  }
  std::optional<Error> refused;
  if (current) {
    if (renew) (void)self->join(context, refused);
    co_return std::move(*current);
  }
  std::shared_ptr<net::SharedResult<Token>> flight = self->join(context, refused);
  if (!flight) co_return std::move(*refused);
  co_return co_await net::SharedResult<Token>::wait(flight, context);
}

Task<Result<Token>> TokenSlot::replace(std::shared_ptr<TokenSlot> self, std::uint64_t dead, net::CallContext context) {
  {
    const std::lock_guard lock(self->mutex_);
    const bool lives = self->secret_ && net::Clock::now() < self->end_;
    if (lives && self->generation_ != dead) co_return Token(*self->secret_, self->generation_);
    // Also while its successor is on the way: nobody else shall try it.
    self->secret_.reset();
    self->dead_ = std::max(self->dead_, dead);
  }
  std::optional<Error> refused;
  std::shared_ptr<net::SharedResult<Token>> flight = self->join(context, refused);
  if (!flight) co_return std::move(*refused);
  co_return co_await net::SharedResult<Token>::wait(flight, context);
}

bool TokenSlot::busy() const {
  const std::lock_guard lock(mutex_);
  return flight_ != nullptr;
}

}  // namespace confab::credentials
