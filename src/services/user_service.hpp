// UserService: does the user have an account, under the name that the host's directory says?
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include <confab/account.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "credentials/user_tokens.hpp"
#include "net/flights.hpp"
#include "services/password_changes.hpp"

namespace confab::services {

class UserService {
 public:
  explicit UserService(std::shared_ptr<credentials::UserTokens> tokens) : tokens_(std::move(tokens)) {}

  // Looks first, makes what is missing, changes what differs. Never sends a password: a PUT with one would log out
  // every device the user has. One at a time for each user and name in this process: who else asks meanwhile waits.
  [[nodiscard]] static Task<Result<void>> ensure_account(std::shared_ptr<UserService> self, MatrixUserId user,
                                                         std::string display_name, net::CallContext context);
  // Opens a closed account again, with a password that nobody knows: the next login of the user's sets another.
  // Errc::account_deactivated: the homeserver refuses it. One at a time for each user in this process.
  [[nodiscard]] static Task<Result<void>> reactivate(std::shared_ptr<UserService> self, MatrixUserId user,
                                                     net::CallContext context);
  // What the account is; Errc::not_found where there is none.
  [[nodiscard]] static Task<Result<Account>> account(std::shared_ptr<UserService> self, MatrixUserId user,
                                                     net::CallContext context);
  // For clients of the user's own; Errc::rate_limited when it is done too often. No device is logged out by it: one
  // that is loses what makes its sends safe to repeat.
  [[nodiscard]] static Task<Result<void>> set_password(std::shared_ptr<UserService> self, MatrixUserId user,
                                                       Secret password, net::CallContext context);

 private:
  [[nodiscard]] static Task<Result<void>> look_and_make(std::shared_ptr<UserService> self, MatrixUserId user,
                                                        std::string display_name, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> reopen(std::shared_ptr<UserService> self, MatrixUserId user,
                                                 net::CallContext context);
  // By the user's own token; by the admin where users may not, or this one cannot. An empty name: nothing is done.
  [[nodiscard]] static Task<Result<void>> rename(std::shared_ptr<UserService> self, MatrixUserId user,
                                                 std::string display_name, bool may_write, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> create(std::shared_ptr<UserService> self, MatrixUserId user,
                                                 std::string display_name, net::CallContext context);

  std::shared_ptr<credentials::UserTokens> tokens_;
  std::shared_ptr<net::Flights<void>> flights_ = std::make_shared<net::Flights<void>>();
  std::shared_ptr<net::Flights<void>> reopenings_ = std::make_shared<net::Flights<void>>();
  PasswordChanges password_changes_;
  std::atomic<bool> names_are_kept_ = false;  // the homeserver lets no user change their name
};

}  // namespace confab::services
