/// @file
/// Member: somebody's place in one room.
///
/// Who may be in a room is what the host's directory says; who is, is what the homeserver says, and that is what
/// ChatService::members tells. The two differ where somebody has not come yet, left by a client of their own, or came
/// from elsewhere into a public room.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <confab/ids.hpp>

namespace confab {

/// Somebody who is in a room, was asked into it, or is kept out of it.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value; it does not follow what changes in the room.
/// @par Threads    As for a plain value.
class Member {
 public:
  /// Made by the library, and by hosts' tests.
  ///
  /// @param membership  "join", "invite", "knock" or "ban", as the specification has it.
  Member(MatrixUserId user_id, std::string membership)
      : user_id_(std::move(user_id)), membership_(std::move(membership)) {}
  /// Say whose account it is in the host's words.
  ///
  /// @param slug     Default: empty, nobody of the directory.
  /// @returns        This member, as for each setter.
  Member& slug(UserSlug slug) & {
    slug_ = std::move(slug);
    return *this;
  }
  /// As above, for a temporary.
  Member&& slug(UserSlug user) && { return std::move(slug(std::move(user))); }
  /// Say what the room calls them.
  ///
  /// @param name     Default: empty, no name.
  Member& name(std::string name) & {
    name_ = std::move(name);
    return *this;
  }
  /// As above, for a temporary.
  Member&& name(std::string text) && { return std::move(name(std::move(text))); }
  /// Say what they may do.
  ///
  /// @param level    Default: 0.
  Member& power_level(std::int64_t level) & noexcept {
    power_level_ = level;
    return *this;
  }
  /// As above, for a temporary.
  Member&& power_level(std::int64_t level) && noexcept { return std::move(power_level(level)); }

  /// The homeserver's name for them.
  ///
  /// @par Specification Appendices, "User Identifiers".
  [[nodiscard]] const MatrixUserId& user_id() const noexcept { return user_id_; }
  /// The host's name for them; empty where the directory lists nobody of that account, as somebody who came from
  /// elsewhere on Matrix.
  [[nodiscard]] const UserSlug& slug() const noexcept { return slug_; }
  /// Their display name in this room; empty: none.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// "join": in the room. "invite", "knock": not yet. "ban": kept out. Later versions of Matrix may have others.
  ///
  /// @par Specification "m.room.member".
  [[nodiscard]] const std::string& membership() const noexcept { return membership_; }
  /// What they may do: 50, moderate; 0, take part. Other levels come from outside the library.
  ///
  /// @par Specification "m.room.power_levels".
  [[nodiscard]] std::int64_t power_level() const noexcept { return power_level_; }

 private:
  MatrixUserId user_id_;
  std::string membership_;
  UserSlug slug_;
  std::string name_;
  std::int64_t power_level_ = 0;
};

}  // namespace confab
