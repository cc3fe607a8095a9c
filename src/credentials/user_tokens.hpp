// UserTokens: whose token is it? One slot per user, minted by the admin's login-as-user, which is not rate limited and
// needs no password of the user.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "credentials/admin_session.hpp"
#include "credentials/token_slot.hpp"

namespace confab::credentials {

class UserTokens : public std::enable_shared_from_this<UserTokens> {
 public:
  // Most users whose tokens are kept; beyond it those of users who are not busy are forgotten, and minted anew on use.
  static constexpr std::size_t max_users = 200'000;

  explicit UserTokens(std::shared_ptr<AdminSession> admin) : admin_(std::move(admin)) {}

  // Calls an endpoint as `user`. A dead token is replaced and the same request, with the same transaction id, sent once
  // more per new token; the caller notices nothing.
  template <class Endpoint>
  [[nodiscard]] Task<Result<typename Endpoint::Answer>> call(MatrixUserId user, Endpoint endpoint, net::CallContext context,
                                                             std::optional<net::Repeatable> repeatable = std::nullopt) {
    const auto alive = shared_from_this();
    if (user == admin_->user()) co_return co_await admin_->call(std::move(endpoint), std::move(context), repeatable);
    const std::shared_ptr<TokenSlot> slot = slot_of(user);
    Result<Token> token = co_await TokenSlot::get(slot, context);
    if (!token) co_return std::move(token).error();
    Result<typename Endpoint::Answer> answer =
        co_await admin_->client()->call(endpoint, token->secret(), user.str(), context, repeatable);
    if (answer || answer.error().code() != Errc::session_expired) co_return answer;
    Result<Token> next = co_await TokenSlot::replace(slot, token->generation(), context);
    if (!next) co_return std::move(next).error();
    co_return co_await admin_->client()->call(std::move(endpoint), next->secret(), user.str(), context, repeatable);
  }

  [[nodiscard]] const std::shared_ptr<AdminSession>& admin() const noexcept { return admin_; }

 private:
  [[nodiscard]] std::shared_ptr<TokenSlot> slot_of(const MatrixUserId& user);
  [[nodiscard]] static Task<Result<MintedToken>> mint(std::shared_ptr<AdminSession> admin, MatrixUserId user,
                                                      net::CallContext context);

  std::shared_ptr<AdminSession> admin_;
  std::mutex mutex_;
  std::unordered_map<MatrixUserId, std::shared_ptr<TokenSlot>> slots_;
};

}  // namespace confab::credentials
