// UserTokens: whose token is it? One slot per user, filled from the store, or by the mint that the user's tenant chose.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "credentials/admin_session.hpp"
#include "credentials/appservice.hpp"
#include "credentials/device_moves.hpp"
#include "credentials/stored_token.hpp"
#include "credentials/token_slot.hpp"
#include "credentials/token_store.hpp"
#include "net/turns.hpp"

namespace confab::credentials {

class UserTokens : public std::enable_shared_from_this<UserTokens> {
 public:
  // Most users whose tokens are kept; beyond it those of users who are not busy are forgotten, and read again on use.
  static constexpr std::size_t max_users = 200'000;

  // Nobody is moved to a device before: a program that does one thing and ends would end in the middle of it.
  static constexpr std::chrono::milliseconds first_move_after{3'000};

  // `key`: signs the logins of users in place of their passwords; null: there is none.
  UserTokens(std::shared_ptr<AdminSession> admin, std::shared_ptr<TokenStore> tokens,
             std::chrono::milliseconds moves_after = first_move_after,
             const std::shared_ptr<const Secret>& key = nullptr,
             std::chrono::milliseconds first_refusal = RefusalPause::first_refusal);

  // Users of this group log in themselves, each on a device of their own, but for those who have a password of their
  // own; these, and the users of all other groups, are acted for by the admin. Before the group's first call.
  void use_devices(std::string group);
  // Users of this group come to devices of their own one by one, as the homeserver's login limits allow; until then,
  // and while a login has to wait, the admin acts for them. Likewise.
  void use_both(std::string group);
  // Users of this group are spoken for by the application service; without one their calls fail. Likewise.
  void use_appservice(std::string group);
  // Before all groups' first calls.
  void set_appservice(std::shared_ptr<Appservice> appservice) { appservice_ = std::move(appservice); }
  // Null where there is none.
  [[nodiscard]] const std::shared_ptr<Appservice>& appservice() const noexcept { return appservice_; }
  // Whether users of the group are spoken for by the application service.
  [[nodiscard]] bool are_spoken_for(std::string_view group);

  // Whether users log in by a key that the homeserver has as well.
  [[nodiscard]] bool log_in_by_key() const noexcept { return moves_->needs_no_password(); }

  // Calls an endpoint as `user`. A dead token is replaced and the same request, with the same transaction id, sent once
  // more per new token; the caller notices nothing. `reached` is set when a failure is the answer to the request
  // itself: otherwise no token could be had, and the request was not sent, or refused for its token alone.
  template <class Endpoint>
  [[nodiscard]] Task<Result<typename Endpoint::Answer>> call(MatrixUserId user, Endpoint endpoint,
                                                             net::CallContext context,
                                                             std::optional<net::Repeatable> repeatable = std::nullopt,
                                                             bool* reached = nullptr) {
    if (user == admin_->user()) return refuse<typename Endpoint::Answer>(admin_refused());
    if (are_spoken_for(context.group())) {
      if (!appservice_) return refuse<typename Endpoint::Answer>(Appservice::missing());
      return Appservice::call_as(appservice_, std::move(user), std::move(endpoint), std::move(context), repeatable,
                                 reached);
    }
    const std::shared_ptr<TokenSlot> slot = slot_of(user, context);
    return call_with_token(admin_, slot, admin_->client(), std::move(user), std::move(endpoint), std::move(context),
                           repeatable, reached);
  }

  // Whose the user's password is. To be told before the homeserver is given the user's own.
  [[nodiscard]] static Task<Result<void>> note_password_owner(std::shared_ptr<UserTokens> self, MatrixUserId user,
                                                              PasswordOwner owner, net::CallContext context) {
    return TokenStore::note_password_owner(self->tokens_, std::move(user), owner, std::move(context));
  }
  [[nodiscard]] static Task<Result<void>> forget_password(std::shared_ptr<UserTokens> self, MatrixUserId user,
                                                          net::CallContext context) {
    return TokenStore::forget_password(self->tokens_, std::move(user), std::move(context));
  }

  // For as long as what is sent as `user` is undecided.
  [[nodiscard]] std::shared_ptr<const TokenSlot::Hold> hold(const MatrixUserId& user, net::CallContext& context) {
    return std::make_shared<TokenSlot::Hold>(slot_of(user, context));
  }

  // Something was done about a user whom the homeserver refused: the next call asks it again.
  void forget_refusal(const MatrixUserId& user);

  // Forgets the user's token, in the store and here: the next call makes one. Calls under way end well, by the old one
  // or a new one. Whether there was one.
  [[nodiscard]] static Task<Result<bool>> forget(std::shared_ptr<UserTokens> self, MatrixUserId user,
                                                 net::CallContext context);
  using Whose = std::function<bool(const MatrixUserId&)>;
  class Counts {
   public:
    void add(bool token) noexcept {
      ++users_;
      if (token) ++tokens_;
    }
    [[nodiscard]] std::size_t users() const noexcept { return users_; }
    [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }

   private:
    std::size_t users_ = 0;
    std::size_t tokens_ = 0;
  };
  // Of all who have a record in the store or a token here, and for whom `whose` says yes. Each is for itself: after an
  // error it may be repeated, and does the rest.
  [[nodiscard]] static Task<Result<Counts>> forget_all(std::shared_ptr<UserTokens> self, Whose whose,
                                                       net::CallContext context);

  // Otherwise a host whose names reach the library's own account would have that user act with the admin's rights.
  [[nodiscard]] static Error admin_refused() {
    return Error(Errc::forbidden, "the user is the library's own account: change the tenant's localpart template")
        .with_subject("user");
  }

  [[nodiscard]] const std::shared_ptr<AdminSession>& admin() const noexcept { return admin_; }

 private:
  template <class Answer>
  [[nodiscard]] static Task<Result<Answer>> refuse(Error error) {
    co_return error;
  }
  // Those who have a token in this process.
  [[nodiscard]] std::vector<MatrixUserId> holders(const Whose& whose);
  void forget_refusals(const Whose& whose);
  [[nodiscard]] std::shared_ptr<TokenSlot> slot_of(const MatrixUserId& user, net::CallContext& context);
  [[nodiscard]] std::shared_ptr<TokenSlot> make_slot(const MatrixUserId& user, const std::string& group);
  [[nodiscard]] static Task<Result<MintedToken>> recover(std::shared_ptr<UserTokens> self, std::shared_ptr<Mint> mint,
                                                         MatrixUserId user, std::uint64_t dead, Need need,
                                                         net::CallContext context);
  // Who is next to come to a device of their own, if anybody.
  using Mover = std::pair<MatrixUserId, std::shared_ptr<TokenSlot>>;
  [[nodiscard]] std::optional<Mover> next_to_move();
  // Whether the turn came to make a token: some are made at once, tenants in turn, and the others wait here.
  [[nodiscard]] Task<Result<void>> turn(net::Turns::Place& place, net::CallContext context);
  // Until when nobody is moved, if the one did not come to a device, or may not yet.
  [[nodiscard]] static Task<std::optional<std::chrono::milliseconds>> move_one(std::shared_ptr<UserTokens> self,
                                                                               Mover mover, net::CallContext context);
  [[nodiscard]] static Task<void> move_in_turn(std::shared_ptr<UserTokens> self, net::CallContext context);
  class Moving;
  class Recovering;

  std::shared_ptr<AdminSession> admin_;
  std::shared_ptr<TokenStore> tokens_;
  std::shared_ptr<Mint> puppets_;
  std::shared_ptr<Mint> devices_;
  // Devices as they come, and the admin meanwhile; and the same for who is at their turn.
  std::shared_ptr<Mint> both_;
  std::shared_ptr<Mint> moves_;
  net::Turns turns_;
  std::mutex mutex_;
  std::unordered_set<std::string> with_devices_;
  std::unordered_set<std::string> with_both_;
  std::unordered_set<std::string> spoken_for_;
  std::atomic<bool> speaks_ = false;  // spares all others a look at the groups
  std::shared_ptr<Appservice> appservice_;
  DeviceMoves waiting_;
  std::unordered_map<MatrixUserId, std::shared_ptr<TokenSlot>> slots_;
  std::chrono::milliseconds first_refusal_;
};

}  // namespace confab::credentials
