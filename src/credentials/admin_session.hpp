// AdminSession: acts as the library's own account, and logs in again with the stored password when its token dies.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "credentials/token_slot.hpp"
#include "matrix/matrix_client.hpp"

namespace confab::credentials {

class AdminSession : public std::enable_shared_from_this<AdminSession> {
 public:
  AdminSession(std::shared_ptr<matrix::MatrixClient> client, MatrixUserId user, Secret password);

  // Calls an endpoint as the admin: on a dead token once more with a new one.
  template <class Endpoint>
  [[nodiscard]] Task<Result<typename Endpoint::Answer>> call(Endpoint endpoint, net::CallContext context,
                                                             std::optional<net::Repeatable> repeatable = std::nullopt) {
    const auto alive = shared_from_this();
    Result<Token> token = co_await TokenSlot::get(slot(), context);
    if (!token) co_return std::move(token).error();
    Result<typename Endpoint::Answer> answer = co_await client_->call(endpoint, token->secret(), user_.str(), context, repeatable);
    if (answer || answer.error().code() != Errc::session_expired) co_return answer;
    Result<Token> next = co_await TokenSlot::replace(slot(), token->generation(), context);
    if (!next) co_return std::move(next).error();
    co_return co_await client_->call(std::move(endpoint), next->secret(), user_.str(), context, repeatable);
  }

  [[nodiscard]] const MatrixUserId& user() const noexcept { return user_; }
  [[nodiscard]] const std::shared_ptr<matrix::MatrixClient>& client() const noexcept { return client_; }
  // For examinations: make sure that there is a token.
  [[nodiscard]] Task<Result<Token>> token(net::CallContext context) { return TokenSlot::get(slot(), std::move(context)); }

 private:
  [[nodiscard]] std::shared_ptr<TokenSlot> slot();
  [[nodiscard]] static Task<Result<MintedToken>> log_in(std::shared_ptr<AdminSession> self, net::CallContext context);

  std::shared_ptr<matrix::MatrixClient> client_;
  MatrixUserId user_;
  Secret password_;
  std::mutex mutex_;
  std::shared_ptr<TokenSlot> slot_;
};

}  // namespace confab::credentials
