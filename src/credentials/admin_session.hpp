// AdminSession: acts as the library's own account, and logs in again when its token dies.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "credentials/admin_outage.hpp"
#include "credentials/admin_password.hpp"
#include "credentials/token_slot.hpp"
#include "credentials/token_store.hpp"
#include "matrix/errcodes.hpp"
#include "matrix/matrix_client.hpp"

namespace confab::credentials {

// How often a request is sent again with another token. Once is usual; more where what the store had was dead as well.
inline constexpr int most_reissues = 3;

// Whether the answer says that the token is dead. Nothing else is a reason to replace one: not a locked account, which
// is refused by the same status, nor a rate limit, nor a status without a code.
[[nodiscard]] inline bool is_dead_token(const Error& error) {
  return error.code() == Errc::session_expired &&
         matrix::errcode_from(error.errcode()) == matrix::Errcode::unknown_token;
}

// Calls an endpoint with the slot's token; on a dead one once more per new generation, the same request with the same
// transaction id. One that was made for this and is refused too is the last: another would be no better. `owner` is
// what the slot's mint needs alive.
template <class Endpoint>
[[nodiscard]] Task<Result<typename Endpoint::Answer>> call_with_token(
    std::shared_ptr<const void> /*owner*/, std::shared_ptr<TokenSlot> slot,
    std::shared_ptr<matrix::MatrixClient> client, MatrixUserId account, Endpoint endpoint, net::CallContext context,
    std::optional<net::Repeatable> repeatable, bool* reached) {
  if (reached != nullptr) *reached = false;
  std::optional<Token> token = slot->at_hand();
  // A task is made first and then awaited, each time: what it is made of would be in this frame, thousands of which
  // wait for a long poll's answer.
  std::optional<Task<Result<Token>>> getting;
  if (!token) getting.emplace(TokenSlot::get(slot, context));
  for (int replaced = 0;; ++replaced) {
    if (getting) {
      Result<Token> got = co_await std::move(*getting);
      if (!got) co_return std::move(got).error();
      token = std::move(*got);
      getting.reset();
    }
    const std::uint64_t generation = token->generation();
    const bool last = replaced == most_reissues || (replaced > 0 && token->is_fresh());
    if (reached != nullptr) *reached = true;
    Task<Result<typename Endpoint::Answer>> calling =
        client->call(endpoint, std::move(*token).secret(), account.str(), context, repeatable);
    Result<typename Endpoint::Answer> answer = co_await std::move(calling);
    if (answer || last || !is_dead_token(answer.error())) co_return answer;
    if (reached != nullptr) *reached = false;
    getting.emplace(TokenSlot::replace(slot, generation, context));
  }
}

class AdminSession : public std::enable_shared_from_this<AdminSession> {
 public:
  AdminSession(std::shared_ptr<matrix::MatrixClient> client, MatrixUserId user, std::shared_ptr<AdminPassword> password,
               std::shared_ptr<TokenStore> tokens,
               std::chrono::milliseconds first_refusal = RefusalPause::first_refusal);

  // Calls an endpoint as the admin: on a dead token once more with a new one. `reached`: as of UserTokens::call().
  template <class Endpoint>
  [[nodiscard]] Task<Result<typename Endpoint::Answer>> call(Endpoint endpoint, net::CallContext context,
                                                             std::optional<net::Repeatable> repeatable = std::nullopt,
                                                             bool* reached = nullptr) {
    return call_with_token(shared_from_this(), slot(), client_, user_, std::move(endpoint), std::move(context),
                           repeatable, reached);
  }

  [[nodiscard]] const MatrixUserId& user() const noexcept { return user_; }
  [[nodiscard]] const std::shared_ptr<matrix::MatrixClient>& client() const noexcept { return client_; }
  // For examinations: make sure that there is a token.
  [[nodiscard]] Task<Result<Token>> token(net::CallContext context) {
    return TokenSlot::get(slot(), std::move(context));
  }

  [[nodiscard]] const std::shared_ptr<TokenSlot>& slot() const noexcept { return slot_; }

 private:
  std::shared_ptr<matrix::MatrixClient> client_;
  MatrixUserId user_;
  std::shared_ptr<TokenSlot> slot_;
};

}  // namespace confab::credentials
