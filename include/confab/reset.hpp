/// @file
/// Resets: what is remembered of users is forgotten, so that it is found or made anew with the next use.
///
/// Nothing is deleted or changed on the homeserver, and ids stay: a user's id is computed, a room is found by its
/// alias.
///
///     auto counts = service.reset(ResetRequest(UserSlug("ana"))).wait();
///
/// A reset is for a store that holds what is no longer true. It revokes nothing: an old token lives on the homeserver
/// until it ends there. docs/credentials.md tells what is forgotten and what is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include <confab/ids.hpp>

namespace confab {

/// What shall be forgotten, and of whom.
///
/// @par Errors     Its members check nothing; ChatService::reset does. Copying may throw std::bad_alloc.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
class ResetRequest {
 public:
  /// All users of the tenant of whom something is kept, whether the directory still lists them or not.
  ResetRequest() = default;
  /// One user of the directory.
  ///
  /// @param user     The user's slug; an empty one means all, as without it.
  explicit ResetRequest(UserSlug user) : user_(std::move(user)) {}
  /// Forget more than tokens: where the named readers of the users' streams are, so that these begin anew, and which
  /// rooms were found. Once such a reset was begun it is done whole: what a process that died has left of it is done by
  /// the next one that serves the tenant. Default: tokens alone.
  ///
  /// @param on       Whether to.
  /// @returns        This request.
  ResetRequest& full(bool on) & noexcept { return full_ = on, *this; }
  /// As above, for a temporary.
  ResetRequest&& full(bool on) && noexcept { return std::move(full(on)); }
  /// The store, the homeserver or both were put back from a backup: messages that wait in the outbox may have been sent
  /// since, so that each is looked for in its room before it is sent. It is meant for all users of the tenant, before
  /// other processes use the store again; for one user it is refused. Default: no.
  ///
  /// @param on       Whether so.
  /// @returns        This request.
  ResetRequest& restored(bool on) & noexcept { return restored_ = on, *this; }
  /// As above, for a temporary.
  ResetRequest&& restored(bool on) && noexcept { return std::move(restored(on)); }

  /// Whose; empty: all of the tenant's.
  [[nodiscard]] const UserSlug& user() const noexcept { return user_; }
  /// As set.
  [[nodiscard]] bool is_full() const noexcept { return full_; }
  /// As set.
  [[nodiscard]] bool is_restored() const noexcept { return restored_; }

 private:
  UserSlug user_;
  bool full_ = false;
  bool restored_ = false;
};

/// The same one level below: for ChatProvider, in Matrix's ids.
///
/// @par Errors     Its members check nothing; ChatProvider::reset does. Copying may throw std::bad_alloc.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value; concerns() is called on a thread of the library.
class ProviderReset {
 public:
  /// Says whether somebody of whom something is kept is meant. It must neither block nor throw.
  using Whose = std::function<bool(const MatrixUserId& user)>;

  /// One user of this server.
  ///
  /// @param user     A full id, "@localpart:server"; not empty.
  explicit ProviderReset(MatrixUserId user) : user_(std::move(user)) {}
  /// All users of whom something is kept and for whom `whose` says yes.
  ///
  /// @param whose    Not empty. It is copied, and called for users whom no directory lists any more, too.
  explicit ProviderReset(Whose whose) : whose_(std::move(whose)) {}
  /// As ResetRequest::full.
  ProviderReset& full(bool on) & noexcept { return full_ = on, *this; }
  /// As above, for a temporary.
  ProviderReset&& full(bool on) && noexcept { return std::move(full(on)); }
  /// Of a full one: forget also what is kept of these rooms. Default: of none.
  ///
  /// @param alias_prefix How the local parts of their aliases begin; empty: none.
  /// @returns        This request.
  ProviderReset& rooms(std::string alias_prefix) & { return room_prefix_ = std::move(alias_prefix), *this; }
  /// As above, for a temporary.
  ProviderReset&& rooms(std::string alias_prefix) && { return std::move(rooms(std::move(alias_prefix))); }

  /// The one user; empty: concerns() tells.
  [[nodiscard]] const MatrixUserId& user() const noexcept { return user_; }
  /// Whether this user is meant.
  [[nodiscard]] bool concerns(const MatrixUserId& user) const { return whose_ ? whose_(user) : user == user_; }
  /// As set.
  [[nodiscard]] bool is_full() const noexcept { return full_; }
  /// As set.
  [[nodiscard]] const std::string& room_prefix() const noexcept { return room_prefix_; }

 private:
  MatrixUserId user_;
  Whose whose_;
  std::string room_prefix_;
  bool full_ = false;
};

/// What was forgotten.
///
/// A reset that is repeated counts only what it found: all but users() are 0 where nothing was left.
///
/// @par Errors     None.
/// @par Lifetime   A value that refers to nothing else.
/// @par Threads    As for a plain value.
class ResetCounts {
 public:
  /// Nothing was.
  ResetCounts() = default;
  /// Made by transports, and by hosts' tests.
  ///
  /// @param users    Users who were looked at.
  /// @param tokens   The tokens that they had.
  ResetCounts(std::uint64_t users, std::uint64_t tokens) noexcept : users_(users), tokens_(tokens) {}
  /// Say how many places of named readers.
  ///
  /// @param count    Default: 0.
  /// @returns        These counts.
  ResetCounts& positions(std::uint64_t count) & noexcept { return positions_ = count, *this; }
  /// As above, for a temporary.
  ResetCounts&& positions(std::uint64_t count) && noexcept { return std::move(positions(count)); }
  /// Say how many rooms.
  ///
  /// @param count    Default: 0.
  /// @returns        These counts.
  ResetCounts& rooms(std::uint64_t count) & noexcept { return rooms_ = count, *this; }
  /// As above, for a temporary.
  ResetCounts&& rooms(std::uint64_t count) && noexcept { return std::move(rooms(count)); }

  /// Say how many messages.
  ///
  /// @param count    Default: 0.
  /// @returns        These counts.
  ResetCounts& messages(std::uint64_t count) & noexcept { return messages_ = count, *this; }
  /// As above, for a temporary.
  ResetCounts&& messages(std::uint64_t count) && noexcept { return std::move(messages(count)); }

  /// Users who were looked at: the one, or all of whom a token or a password of the library's own making was kept.
  [[nodiscard]] std::uint64_t users() const noexcept { return users_; }
  /// Tokens that were dropped; 0 where this was done already.
  [[nodiscard]] std::uint64_t tokens() const noexcept { return tokens_; }
  /// Places of named readers that were dropped; 0 unless ResetRequest::full.
  [[nodiscard]] std::uint64_t positions() const noexcept { return positions_; }
  /// Rooms that had been found and are looked up anew; 0 unless ResetRequest::full.
  [[nodiscard]] std::uint64_t rooms() const noexcept { return rooms_; }
  /// Messages that wait in the outbox and are looked for before they are sent; 0 unless ResetRequest::restored.
  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }

 private:
  std::uint64_t users_ = 0;
  std::uint64_t tokens_ = 0;
  std::uint64_t positions_ = 0;
  std::uint64_t rooms_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace confab
