#include "credentials/user_tokens.hpp"

#include <chrono>

#include "credentials/auto_mint.hpp"
#include "credentials/device_mint.hpp"
#include "credentials/login_allowance.hpp"
#include "credentials/puppet_mint.hpp"
#include "credentials/recovery_flight.hpp"
#include "matrix/identifiers.hpp"
#include "net/runtime_core.hpp"
#include "util/log.hpp"

namespace confab::credentials {

namespace {

// For all who are moved in one go; then the next call begins another.
constexpr std::chrono::seconds moving_limit{60};
// After a move that came to nothing, or a store that could not tell.
constexpr std::chrono::seconds moving_pause{30};
// For the turn to make a token, on behalf of all who wait for it, each until its own deadline.
constexpr std::chrono::minutes turn_limit{10};

// One flight for each user at most, so the bound on users is the one on those who wait.
net::FairQueueLimits turns_of_users() {
  return net::FairQueueLimits().waiting(UserTokens::max_users, UserTokens::max_users);
}

}  // namespace

// While one of these is there, nobody else moves users, or nobody is moved at all.
class UserTokens::Moving {
 public:
  explicit Moving(std::shared_ptr<UserTokens> of) : of_(std::move(of)) {}
  ~Moving() {
    const std::lock_guard lock(of_->mutex_);
    of_->waiting_.stopped();
  }
  Moving(const Moving&) = delete;
  Moving& operator=(const Moving&) = delete;

 private:
  std::shared_ptr<UserTokens> of_;
};

class UserTokens::Recovering {
 public:
  explicit Recovering(std::shared_ptr<UserTokens> of) : of_(std::move(of)) {
    const std::lock_guard lock(of_->mutex_);
    of_->waiting_.recovery_begins();
  }
  ~Recovering() {
    const std::lock_guard lock(of_->mutex_);
    of_->waiting_.recovery_ended();
  }
  Recovering(const Recovering&) = delete;
  Recovering& operator=(const Recovering&) = delete;

 private:
  std::shared_ptr<UserTokens> of_;
};

UserTokens::UserTokens(std::shared_ptr<AdminSession> admin, std::shared_ptr<TokenStore> tokens,
                       std::chrono::milliseconds moves_after, const std::shared_ptr<const Secret>& key,
                       std::chrono::milliseconds first_refusal)
    : admin_(std::move(admin)),
      tokens_(std::move(tokens)),
      puppets_(std::make_shared<PuppetMint>(admin_)),
      devices_(std::make_shared<AutoMint>(
          puppets_, std::make_shared<DeviceMint>(admin_, tokens_->logins(), LoginBudget::Haste::at_once, key), false)),
      both_(std::make_shared<AutoMint>(
          puppets_, std::make_shared<DeviceMint>(admin_, tokens_->logins(), LoginBudget::Haste::waits, key), true)),
      moves_(std::make_shared<AutoMint>(
          puppets_, std::make_shared<DeviceMint>(admin_, tokens_->logins(), std::nullopt, key), true)),
      turns_(turns_of_users()),
      first_refusal_(first_refusal) {
  waiting_.hold(net::Clock::now() + moves_after);
}

void UserTokens::use_devices(std::string group) {
  const std::lock_guard lock(mutex_);
  with_devices_.insert(std::move(group));
}

void UserTokens::use_both(std::string group) {
  const std::lock_guard lock(mutex_);
  with_both_.insert(std::move(group));
}

void UserTokens::use_appservice(std::string group) {
  const std::lock_guard lock(mutex_);
  spoken_for_.insert(std::move(group));
  speaks_ = true;
}

bool UserTokens::are_spoken_for(std::string_view group) {
  if (!speaks_) return false;
  const std::lock_guard lock(mutex_);
  return spoken_for_.count(std::string(group)) != 0;
}

std::shared_ptr<TokenSlot> UserTokens::slot_of(const MatrixUserId& user, net::CallContext& context) {
  std::shared_ptr<TokenSlot> slot;
  bool begins = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = slots_.find(user);
    if (found == slots_.end()) return make_slot(user, std::string(context.group()));
    slot = found->second;
    if (!with_both_.empty() && slot->is_acted()) {
      const std::string group(context.group());
      if (with_both_.count(group) != 0) waiting_.want(group, user);
      begins = waiting_.begin(net::Clock::now());
    }
  }
  if (begins) {
    net::CallContext own = context.detached(net::Clock::now() + moving_limit, context.loop().stopping());
    context.loop().spawn(move_in_turn(shared_from_this(), std::move(own)));
  }
  return slot;
}

std::shared_ptr<TokenSlot> UserTokens::make_slot(const MatrixUserId& user, const std::string& group) {
  if (slots_.size() >= max_users) {
    for (auto it = slots_.begin(); it != slots_.end(); ++it) {
      if (it->second.use_count() > 1) continue;
      slots_.erase(it);
      break;
    }
  }
  const std::shared_ptr<Mint>& mint = with_both_.count(group) != 0      ? both_
                                      : with_devices_.count(group) != 0 ? devices_
                                                                        : puppets_;
  auto slot = std::make_shared<TokenSlot>(
      [weak = weak_from_this(), mint, user](std::uint64_t dead, Need need, net::CallContext context) {
        return recover(weak.lock(), mint, user, dead, need, std::move(context));
      },
      std::shared_ptr<const net::RandomSource>(tokens_, &tokens_->random()), first_refusal_);
  slots_.emplace(user, slot);
  return slot;
}

// Who waits here has no lease yet: one that is held while the homeserver has no time ends before its turn comes.
Task<Result<void>> UserTokens::turn(net::Turns::Place& place, net::CallContext context) {
  if (Result<void> joined = place.join(context.group()); !joined) co_return joined;
  if (place.in_turn()) co_return Result<void>();
  const bool in_turn = co_await place.turn(context.until(net::Clock::now() + turn_limit));
  if (in_turn) co_return Result<void>();
  if (context.stop().stop_requested()) co_return net::stopped_error(context);
  co_return Error(Errc::unavailable, "too many users wait for a new token; try again later");
}

Task<Result<MintedToken>> UserTokens::recover(std::shared_ptr<UserTokens> self, std::shared_ptr<Mint> mint,
                                              MatrixUserId user, std::uint64_t dead, Need need,
                                              net::CallContext context) {
  if (!self) co_return Error(Errc::closed, "nobody uses the homeserver any more");
  std::optional<Recovering> recovering;
  if (need == Need::dead) recovering.emplace(self);
  // Moves are one at a time, and have spent a login already.
  net::Turns::Place place(self->turns_);
  if (need == Need::moves) {
    mint = self->moves_;
  } else {
    const Result<void> in_turn = co_await self->turn(place, context.detached(net::TimePoint::max(), context.stop()));
    if (!in_turn) co_return in_turn.error();
    context = context.detached(net::Clock::now() + flight_limit, context.stop());
  }
  Result<MintedToken> token = co_await recover_token(self->tokens_, std::move(mint), user, dead, need, context);
  if (token && token->is_fresh()) {
    const Log& log = self->admin_->client()->scheduler()->runtime()->log();
    log.write(LogLevel::info, "credentials", "matrix.user.token.updated", "a user has a new token", user.str());
  }
  co_return token;
}

std::optional<UserTokens::Mover> UserTokens::next_to_move() {
  const std::lock_guard lock(mutex_);
  if (!waiting_.may_go_on()) return std::nullopt;
  while (std::optional<MatrixUserId> user = waiting_.front()) {
    const auto found = slots_.find(*user);
    if (found != slots_.end() && found->second->is_acted()) return Mover(*std::move(user), found->second);
    waiting_.pop();
  }
  return std::nullopt;
}

Task<std::optional<std::chrono::milliseconds>> UserTokens::move_one(std::shared_ptr<UserTokens> self, Mover mover,
                                                                    net::CallContext context) {
  // Another process may have spent the login.
  const Result<std::optional<StoredToken>> known = co_await TokenStore::load(self->tokens_, mover.first, context);
  if (!known) co_return moving_pause;
  if (*known && !(*known)->may_log_in() && !self->moves_->needs_no_password()) {  // since the token was made
    const std::lock_guard lock(self->mutex_);
    self->waiting_.pop();
    mover.second->stay_acted();
    co_return std::nullopt;
  }
  if (!*known || (*known)->kind() != StoredToken::Kind::device) {
    const std::string server(matrix::server_name_of(self->admin_->user()));
    const Result<LoginAllowance::Wait> wait =
        co_await LoginAllowance::take(self->tokens_->logins(), server, LoginBudget::Haste::waits, context);
    if (!wait) co_return moving_pause;
    if (*wait) co_return **wait;
  }
  {
    const std::lock_guard lock(self->mutex_);
    self->waiting_.pop();
  }
  const bool moved = co_await TokenSlot::move(mover.second, context);
  if (!moved) co_return moving_pause;
  co_return std::nullopt;
}

Task<void> UserTokens::move_in_turn(std::shared_ptr<UserTokens> self, net::CallContext context) {
  const Moving moving(self);
  while (net::Clock::now() < context.deadline() && !context.stop().stop_requested()) {
    std::optional<Mover> mover = self->next_to_move();
    if (!mover) co_return;
    const std::optional<std::chrono::milliseconds> pause = co_await move_one(self, *std::move(mover), context);
    if (!pause) continue;
    const std::lock_guard lock(self->mutex_);
    self->waiting_.hold(net::Clock::now() + *pause);
    co_return;
  }
}

void UserTokens::forget_refusal(const MatrixUserId& user) {
  const std::lock_guard lock(mutex_);
  if (const auto found = slots_.find(user); found != slots_.end()) found->second->forget_refusal();
}

Task<Result<bool>> UserTokens::forget(std::shared_ptr<UserTokens> self, MatrixUserId user, net::CallContext context) {
  if (user == self->admin_->user()) co_return admin_refused();
  Result<TokenStore::Forgotten> stored = co_await TokenStore::forget(self->tokens_, user, std::move(context));
  if (!stored) co_return std::move(stored).error();
  // After the store: a slot that is made from now on finds the old token nowhere.
  std::shared_ptr<TokenSlot> slot;
  {
    const std::lock_guard lock(self->mutex_);
    if (const auto found = self->slots_.find(user); found != self->slots_.end()) slot = found->second;
  }
  const bool here = slot && slot->drop(stored->generation());
  co_return here || stored->had_token();
}

std::vector<MatrixUserId> UserTokens::holders(const Whose& whose) {
  std::vector<MatrixUserId> users;
  const std::lock_guard lock(mutex_);
  for (const auto& [user, slot] : slots_) {
    if (slot->at_hand() && whose(user)) users.push_back(user);
  }
  return users;
}

void UserTokens::forget_refusals(const Whose& whose) {
  const std::lock_guard lock(mutex_);
  for (const auto& [user, slot] : slots_) {
    if (whose(user)) slot->forget_refusal();
  }
}

Task<Result<UserTokens::Counts>> UserTokens::forget_all(std::shared_ptr<UserTokens> self, Whose whose,
                                                        net::CallContext context) {
  Counts counts;
  std::string cursor;
  do {
    Result<TokenStore::Accounts> page = co_await TokenStore::accounts(self->tokens_, cursor, context);
    if (!page) co_return std::move(page).error();
    for (const MatrixUserId& user : page->accounts()) {
      if (user == self->admin_->user() || !whose(user)) continue;
      Result<bool> had = co_await forget(self, user, context);
      if (!had) co_return std::move(had).error();
      counts.add(*had);
    }
    cursor = page->cursor();
  } while (!cursor.empty());
  // A user who never had a token may have been refused one.
  self->forget_refusals(whose);
  // Those whose record is gone: it ended, or somebody erased it.
  const std::vector<MatrixUserId> here = self->holders(whose);
  for (const MatrixUserId& user : here) {
    Result<bool> had = co_await forget(self, user, context);
    if (!had) co_return std::move(had).error();
    counts.add(*had);
  }
  co_return counts;
}

}  // namespace confab::credentials
