/// @file
/// DirectoryBatch: changes of a host's users, events and groups that take effect together.
///
///     DirectoryBatch()
///         .put_user(DirectoryUser("7", UserSlug("ana"), "Ana"))
///         .put_room(RoomRef::event(RoomSlug("picnic")), "Picnic", true, UserSlug("ana"))
///         .put_member(RoomRef::event(RoomSlug("picnic")), DirectoryMember(UserSlug("ben"),
///         "guest").allow("ManageEvent"))
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <confab/export.hpp>
#include <confab/host_directory.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>

namespace confab {

namespace detail {

// One step of a batch is one of the following. Which it is, and what it holds, is all that tells what shall become of
// one entry; nothing in them is checked before the batch is applied.

/// A user with everything that is said of them.
struct PutUser {
  DirectoryUser user;
};
/// The user of this slug, and their part in everything.
struct EraseUser {
  UserSlug user;
};
/// What an event or group is, without who is in it.
struct PutRoom {
  RoomRef room;
  std::string name;
  bool is_public;
  UserSlug creator;
};
/// An event or group with everybody's part in it.
struct EraseRoom {
  RoomRef room;
};
/// One attendee of an event, or member of a group.
struct PutMember {
  RoomRef room;
  DirectoryMember member;
};
/// One attendee's or member's part.
struct EraseMember {
  RoomRef room;
  UserSlug user;
};
/// Any of them.
using DirectoryStep = std::variant<PutUser, EraseUser, PutRoom, EraseRoom, PutMember, EraseMember>;

}  // namespace detail

/// Single entries of a directory that shall be written or removed, all of them or none: see StoredDirectory::apply().
///
/// Each entry has a step of its own, so that a change costs what changed: one attendee more is one step, however many
/// there are. Of several steps for one entry the last one counts; otherwise their order says nothing, and what they
/// refer to may come later in the batch. Writing what is there already, and removing what is not, changes nothing.
///
/// @par Errors     Its members check nothing; StoredDirectory::apply does. Adding may throw std::bad_alloc.
/// @par Lifetime   A value.
/// @par Threads    As for a std::vector.
class DirectoryBatch {
 public:
  /// Nothing yet; the setters below add to it.
  DirectoryBatch() = default;

  /// Write a user. One of the same id becomes this one: another slug is a new name of theirs, under which they go on to
  /// be in every event and group.
  ///
  /// @param user     Its slug must be nobody else's when the batch has taken effect. Two users may exchange theirs.
  /// @returns        This batch, as for each of the following.
  /// @par Errors     By apply(): Errc::invalid_argument, "user", for an id that is empty or over 100 bytes, a slug that
  /// is
  ///                 none or is taken, a name that is no UTF-8 or over 255 bytes.
  DirectoryBatch& put_user(DirectoryUser user) & { return add(detail::PutUser{std::move(user)}); }
  /// As above, for a temporary, and so on for each of the following.
  DirectoryBatch&& put_user(DirectoryUser user) && { return std::move(put_user(std::move(user))); }

  /// Remove a user, and their part in every event and group.
  ///
  /// @param user     Somebody who made an event or group that stays cannot be removed: give it another creator first,
  ///                 or in the same batch.
  /// @par Errors     By apply(): Errc::invalid_argument, "user", naming what they made.
  DirectoryBatch& erase_user(UserSlug user) & { return add(detail::EraseUser{std::move(user)}); }
  /// As above.
  DirectoryBatch&& erase_user(UserSlug user) && { return std::move(erase_user(std::move(user))); }

  /// Write an event or group. Who is in it is left as it is; in a new one there is nobody.
  ///
  /// @param room      Which event or group. Its slug is its name for good: another slug is another room.
  /// @param name      What people see; may be empty.
  /// @param is_public Whether the host shows it to everybody.
  /// @param creator   A user of the directory, who is admitted without being a member.
  /// @par Errors     By apply(): Errc::invalid_argument, "event" or "group", for a slug that is none, a name that is
  /// too
  ///                 long, a creator who does not exist.
  DirectoryBatch& put_room(RoomRef room, std::string name, bool is_public, UserSlug creator) & {
    return add(detail::PutRoom{std::move(room), std::move(name), is_public, std::move(creator)});
  }
  /// As above.
  DirectoryBatch&& put_room(RoomRef room, std::string name, bool is_public, UserSlug creator) && {
    return std::move(put_room(std::move(room), std::move(name), is_public, std::move(creator)));
  }

  /// Remove an event or group with everybody's part in it. What the homeserver holds of it is left alone.
  ///
  /// @param room     Written anew later, it begins without members, and with the room on the homeserver that it had.
  DirectoryBatch& erase_room(RoomRef room) & { return add(detail::EraseRoom{std::move(room)}); }
  /// As above.
  DirectoryBatch&& erase_room(RoomRef room) && { return std::move(erase_room(std::move(room))); }

  /// Write one attendee of an event or member of a group: somebody new comes last, somebody who is there stays at their
  /// place.
  ///
  /// @param room     One that the directory has when the batch has taken effect.
  /// @param member   A user of the directory, with the role and permissions they have from now on.
  /// @par Errors     By apply(): Errc::invalid_argument, "member", for a user or room that does not exist, a role or
  ///                 permission that is empty or over 64 bytes, over 64 permissions.
  DirectoryBatch& put_member(RoomRef room, DirectoryMember member) & {
    return add(detail::PutMember{std::move(room), std::move(member)});
  }
  /// As above.
  DirectoryBatch&& put_member(RoomRef room, DirectoryMember member) && {
    return std::move(put_member(std::move(room), std::move(member)));
  }

  /// Remove one attendee of an event or member of a group. They are no longer admitted; whoever made it still is.
  ///
  /// @param user     Somebody who is not in it, or does not exist, changes nothing.
  DirectoryBatch& erase_member(RoomRef room, UserSlug user) & {
    return add(detail::EraseMember{std::move(room), std::move(user)});
  }
  /// As above.
  DirectoryBatch&& erase_member(RoomRef room, UserSlug user) && {
    return std::move(erase_member(std::move(room), std::move(user)));
  }

  /// How many steps there are.
  [[nodiscard]] std::size_t size() const noexcept { return steps_.size(); }
  /// Whether there are none.
  [[nodiscard]] bool empty() const noexcept { return steps_.empty(); }
  /// The steps as they were added, for the library.
  ///
  /// @par Lifetime   Until the batch is changed.
  [[nodiscard]] const std::vector<detail::DirectoryStep>& steps() const noexcept { return steps_; }

 private:
  /// Nothing is looked at here.
  DirectoryBatch& add(detail::DirectoryStep step) {
    steps_.push_back(std::move(step));
    return *this;
  }
  /// In the order in which they were added.
  std::vector<detail::DirectoryStep> steps_;
};

/// Read a batch from JSON text: for hosts that say what changes in another language, or in a message.
///
/// A directory file is a batch, too, that writes each entry in it and removes none. Beside `users`, `events` and
/// `groups`, whose `attendees` and `members` are written one by one and leave others where they are, there may be
/// `attendees` and `members` alone, which name their room, and `erase`, which comes first: what is erased and written
/// is written anew. All keys are optional; docs/directory.md shows them.
///
/// @param json     `{"users":[...],"attendees":[{"event":"picnic","user":"ben","role":"guest"}],"erase":{...}}`.
/// @returns        The batch. What its entries may be is judged by StoredDirectory::apply().
/// @par Errors     Errc::invalid_argument: no JSON, or of another form; subject() names the first path at fault, for
///                 example "erase.users[3]", the message all of them. Errc::no_memory.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT Result<DirectoryBatch> read_directory_batch(std::string json);

}  // namespace confab
