/// @file
/// Account: what the homeserver knows a user as.
///
/// Accounts are made by ChatService::ensure_user and on the way by whatever needs one. Their ids are computed from the
/// host's id of the user and the tenant's template, so they are the same in every process, and stay when a slug or a
/// name changes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <confab/ids.hpp>

namespace confab {

/// What an account may do. Of several that are true, the one that stands furthest down is told.
enum class AccountState : std::uint8_t {
  active,       ///< Everything that users may.
  suspended,    ///< Read and leave, but not write, until the homeserver's administrator lifts it.
  locked,       ///< Nothing until the homeserver's administrator unlocks it; then all is as before.
  deactivated,  ///< Nothing, for good.
};

/// A user's account on the homeserver.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value; it does not follow what changes on the homeserver.
/// @par Threads    As for a plain value.
class Account {
 public:
  /// Made by the library, and by hosts' tests.
  ///
  /// @param slug     Empty where the host's name is not known: from ChatProvider.
  Account(UserSlug slug, MatrixUserId user_id, std::string name)
      : slug_(std::move(slug)), user_id_(std::move(user_id)), name_(std::move(name)) {}
  /// Say what it may do.
  ///
  /// @param state    Default: AccountState::active.
  /// @returns        This account.
  Account& state(AccountState state) & noexcept {
    state_ = state;
    return *this;
  }
  /// As above, for a temporary.
  Account&& state(AccountState now) && noexcept { return std::move(state(now)); }

  /// The host's name for the user.
  [[nodiscard]] const UserSlug& slug() const noexcept { return slug_; }
  /// The homeserver's name for the user, "@localpart:server"; it never changes.
  ///
  /// @par Specification Appendices, "User Identifiers".
  [[nodiscard]] const MatrixUserId& user_id() const noexcept { return user_id_; }
  /// The display name, which follows the host directory's whenever the account is ensured; empty: none.
  ///
  /// @par Specification "Profiles".
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// What it may do. Of an account that was made or found by ChatService::ensure_user it was not asked for, and is
  /// AccountState::active.
  [[nodiscard]] AccountState state() const noexcept { return state_; }

 private:
  UserSlug slug_;
  MatrixUserId user_id_;
  std::string name_;
  AccountState state_ = AccountState::active;
};

}  // namespace confab
