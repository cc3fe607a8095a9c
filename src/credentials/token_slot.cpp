#include "credentials/token_slot.hpp"

#include <algorithm>
#include <new>

#include "net/runtime_core.hpp"
#include "util/no_memory.hpp"

namespace confab::credentials {

namespace {
// Between two tries to renew a token that still lives.
constexpr std::chrono::seconds renewal_pause{5};
// Those who waited for a token go on one by one, a millisecond apart, and all within this, each later by a part of
// release_spread: otherwise those of several processes, which found the token at the same moment, would go in step.
constexpr std::chrono::milliseconds longest_release{250};
constexpr std::chrono::milliseconds release_spread{50};
// Longest time for which an answer "too many requests" is taken at its word without asking again.
constexpr std::chrono::minutes longest_pause{10};
}  // namespace

TokenSlot::Hold::Hold(std::shared_ptr<TokenSlot> slot) : slot_(std::move(slot)) {
  const std::lock_guard lock(slot_->mutex_);
  ++slot_->holds_;
}

TokenSlot::Hold::~Hold() {
  const std::lock_guard lock(slot_->mutex_);
  --slot_->holds_;
  slot_->use_next();
}

// Without memory, as a hold that ends may come to it.
void TokenSlot::use(MintedToken minted) noexcept {
  generation_ = minted.generation();
  fresh_ = minted.is_fresh();
  acted_ = minted.is_acted();
  end_ = minted.end();
  renew_ = minted.renew_at();
  secret_ = std::move(minted).secret();
  died_ = false;
  next_.reset();
  if (generation_ <= dropped_) secret_.reset();
}

void TokenSlot::use_next() {
  if (!next_) return;
  const bool serves = secret_ && net::Clock::now() < end_;
  if (serves && acted_ && holds_ > 0) return;
  MintedToken next = *std::move(next_);
  use(std::move(next));
}

void TokenSlot::remember(const Error& failure, bool current) {
  const net::TimePoint now = net::Clock::now();
  last_failure_ = failure;
  no_mint_before_ = now;
  refused_ = false;
  if (failure.retry_after()) {
    no_mint_before_ += std::min<std::chrono::milliseconds>(*failure.retry_after(), longest_pause);
  } else if (current && RefusalPause::is_refusal(failure)) {
    refused_ = true;
    refusals_.refused();
    no_mint_before_ += refusals_.length(*random_);
  }
  // While the present token still serves, its renewal is not tried with every call.
  if (secret_) renew_ = std::max(now + renewal_pause, no_mint_before_);
}

void TokenSlot::end_pause() {
  refusals_.ended();
  if (std::exchange(refused_, false)) no_mint_before_ = net::TimePoint::min();
}

void TokenSlot::forget_refusal() {
  const std::lock_guard lock(mutex_);
  ++forgotten_;
  end_pause();
}

std::shared_ptr<net::SharedResult<Token>> TokenSlot::join(net::CallContext& context, Need need,
                                                          std::optional<Error>& refused, unsigned& place, bool& moves,
                                                          std::optional<std::uint64_t> dead) {
  std::shared_ptr<net::SharedResult<Token>> flight;
  {
    const std::lock_guard lock(mutex_);
    if (flight_) {
      place = ++waiting_;
      moves = flight_moves_;
      return flight_;
    }
    // A flight on another loop may have ended since the caller looked.
    if (dead && secret_ && generation_ != *dead && net::Clock::now() < end_) return nullptr;
    if (died_) need = Need::dead;  // whoever comes first after a flight that failed
    place = waiting_ = 0;
    const net::TimePoint now = net::Clock::now();
    if (last_failure_ && now < no_mint_before_) {
      refused = last_failure_->with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(no_mint_before_ - now));
      return nullptr;
    }
    flight_ = std::make_shared<net::SharedResult<Token>>();
    flight_moves_ = moves = need == Need::moves;
    flight = flight_;
  }
  try {
    context.loop().spawn(fly(shared_from_this(), flight, need,
                             context.detached(net::Clock::now() + flight_limit, context.loop().stopping())));
  } catch (...) {  // it never began: those who wait already would wait for ever
    {
      const std::lock_guard lock(mutex_);
      flight_ = nullptr;
    }
    flight->set(no_memory());
    throw;
  }
  return flight;
}

Task<void> TokenSlot::fly(std::shared_ptr<TokenSlot> self, std::shared_ptr<net::SharedResult<Token>> flight, Need need,
                          net::CallContext context) {
  Result<MintedToken> minted = no_memory();
  std::uint64_t dead = 0;
  unsigned forgotten = 0;
  {
    const std::lock_guard lock(self->mutex_);
    dead = self->generation_;
    forgotten = self->forgotten_;
  }
  try {
    minted = co_await self->source_(dead, need, context);
  } catch (...) {
    // Whatever happens, those who wait are answered and the next one may try.
    minted = net::error_of_exception();
  }
  Result<Token> landed = no_memory();
  try {
    landed = self->landed(need, std::move(minted), forgotten);
  } catch (const std::bad_alloc&) {  // what was made is in the store, and found there
  }
  flight->set(std::move(landed));
}

Result<Token> TokenSlot::landed(Need need, Result<MintedToken> minted, unsigned forgotten) {
  const std::lock_guard lock(mutex_);
  flight_ = nullptr;
  if (minted) {
    last_failure_.reset();
    end_pause();
    Token token(minted->secret(), minted->generation(), minted->is_fresh());
    next_ = std::make_unique<MintedToken>(std::move(*minted));
    use_next();
    // Whoever gets it later did not have it made, and it may be dead by then.
    if (next_) next_->fresh(false);
    return token;
  }
  if (need != Need::moves) remember(minted.error(), forgotten == forgotten_);
  return minted.error();
}

std::optional<Token> TokenSlot::at_hand() const {
  const std::lock_guard lock(mutex_);
  const net::TimePoint now = net::Clock::now();
  if (!secret_ || now >= end_ || (now >= renew_ && !flight_ && !next_)) return std::nullopt;
  return Token(*secret_, generation_, fresh_);
}

Task<Result<Token>> TokenSlot::get(std::shared_ptr<TokenSlot> self, net::CallContext context) {
  std::optional<Token> current;
  bool renew = false;
  {
    const std::lock_guard lock(self->mutex_);
    self->use_next();
    const net::TimePoint now = net::Clock::now();
    if (self->secret_ && now < self->end_) {
      current.emplace(*self->secret_, self->generation_, self->fresh_);
      renew = now >= self->renew_ && !self->flight_ && !self->next_;
    }
  }
  if (current) {
    std::optional<Error> refused;
    unsigned place = 0;
    bool moves = false;
    if (renew) (void)self->join(context, Need::ends, refused, place, moves);
    co_return std::move(*current);
  }
  co_return co_await fetch(std::move(self), Need::ends, std::move(context));
}

Task<Result<Token>> TokenSlot::fetch(std::shared_ptr<TokenSlot> self, Need need, net::CallContext context,
                                     std::optional<std::uint64_t> dead) {
  for (;;) {
    std::optional<Error> refused;
    unsigned place = 0;
    bool moves = false;
    std::shared_ptr<net::SharedResult<Token>> flight = self->join(context, need, refused, place, moves, dead);
    if (!flight && !refused) co_return co_await replace(std::move(self), *dead, std::move(context));
    if (!flight) co_return std::move(*refused);
    Result<Token> token = co_await wait(self, std::move(flight), place, context);
    const bool time_left = net::Clock::now() < context.deadline() && !context.stop().stop_requested();
    if (token || !moves || !time_left) co_return token;
  }
}

Task<Result<Token>> TokenSlot::wait(std::shared_ptr<TokenSlot> self, std::shared_ptr<net::SharedResult<Token>> flight,
                                    unsigned place, net::CallContext context) {
  Result<Token> token = co_await net::SharedResult<Token>::wait(flight, context);
  if (!token || place == 0) co_return token;
  // Where few wait there is nothing to spread, and they are not kept.
  const std::chrono::milliseconds turn(place);
  const std::chrono::milliseconds jitter = net::uniform_wait(std::min(turn, release_spread), *self->random_);
  const net::TimePoint release = net::Clock::now() + turn % longest_release + jitter;
  if (release < context.deadline()) (void)co_await context.loop().sleep_until(release, context.stop());
  co_return token;
}

Task<Result<Token>> TokenSlot::replace(std::shared_ptr<TokenSlot> self, std::uint64_t dead, net::CallContext context) {
  {
    const std::lock_guard lock(self->mutex_);
    if (self->generation_ == dead) self->secret_.reset();
    self->use_next();
    const bool lives = self->secret_ && net::Clock::now() < self->end_;
    if (lives && self->generation_ != dead) co_return Token(*self->secret_, self->generation_, self->fresh_);
    // Also while its successor is on the way: nobody else shall try it.
    self->secret_.reset();
    self->died_ = true;
  }
  co_return co_await fetch(std::move(self), Need::dead, std::move(context), dead);
}

void TokenSlot::stay_acted() {
  const std::lock_guard lock(mutex_);
  acted_ = false;
}

bool TokenSlot::is_acted() const {
  const std::lock_guard lock(mutex_);
  const bool moved = next_ && !next_->is_acted();
  return secret_ && acted_ && !moved && net::Clock::now() < end_;
}

Task<bool> TokenSlot::move(std::shared_ptr<TokenSlot> self, net::CallContext context) {
  std::optional<Error> refused;
  unsigned place = 0;
  bool moves = false;
  std::shared_ptr<net::SharedResult<Token>> flight;
  if (self->is_acted()) flight = self->join(context, Need::moves, refused, place, moves);
  if (!flight) co_return false;
  const Result<Token> moved = co_await net::SharedResult<Token>::wait(flight, context);
  co_return moved && !self->is_acted();
}

bool TokenSlot::drop(std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  ++forgotten_;
  end_pause();
  if (generation == 0) generation = next_ ? std::max(generation_, next_->generation()) : generation_;
  dropped_ = std::max(dropped_, generation);
  if (generation_ > dropped_) return false;
  died_ = false;
  return std::exchange(secret_, std::nullopt).has_value();
}

bool TokenSlot::busy() const {
  const std::lock_guard lock(mutex_);
  return flight_ != nullptr;
}

}  // namespace confab::credentials
