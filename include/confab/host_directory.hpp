/// @file
/// HostDirectory: the host's own data about users, events and groups, as far as chat needs it.
///
/// The library stores no users of its own: who exists, who made a room and who may be in it is what the directory says
/// at the moment it is asked. A host implements HostDirectory over its data in memory, or lets read_directory() make
/// one.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/export.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>

namespace confab {

/// A user of the host.
///
/// @par Errors     Making one may throw std::bad_alloc, here and below; copying never does.
/// @par Lifetime   A value that never changes; copies share what it holds, so that a look-up costs no allocation.
/// @par Threads    As for a plain value, like all classes of this header.
class DirectoryUser {
 public:
  /// A user with the host's id, slug and display name.
  ///
  /// @param id       Unique within the tenant, and never given to another user.
  /// @param slug     Unique within the tenant. It may change; the id stays.
  /// @param name     May be empty.
  DirectoryUser(std::string id, UserSlug slug, std::string name)
      : data_(std::make_shared<const Data>(std::move(id), std::move(slug), std::move(name))) {}
  /// The host's id; it fills the `{id}` of the tenant's localpart template and must never change: another id is another
  /// account on the homeserver.
  [[nodiscard]] const std::string& id() const noexcept { return data_->id; }
  /// The name in URLs and calls.
  [[nodiscard]] const UserSlug& slug() const noexcept { return data_->slug; }
  /// What people see; it becomes the Matrix display name.
  [[nodiscard]] const std::string& name() const noexcept { return data_->name; }
  /// Whether all three are the same, be it by copying or by chance.
  ///
  /// @par Errors     None.
  friend bool operator==(const DirectoryUser& a, const DirectoryUser& b) noexcept {
    return a.data_ == b.data_ || (a.id() == b.id() && a.slug() == b.slug() && a.name() == b.name());
  }

 private:
  /// What copies share; never changed, so that no lock is needed.
  struct Data {
    Data(std::string its_id, UserSlug its_slug, std::string its_name)
        : id(std::move(its_id)), slug(std::move(its_slug)), name(std::move(its_name)) {}
    std::string id;
    UserSlug slug;
    std::string name;
  };
  /// Never null, but in an object that was moved from.
  std::shared_ptr<const Data> data_;
};

/// Somebody's part in an event or group. Being a member is what lets them in; role and permissions say what they may
/// do.
class DirectoryMember {
 public:
  /// A member with a role ("host", "moderator", "guest", "owner", "admin", "member") and permissions ("ManageEvent").
  ///
  /// @param user        A user of the same directory.
  /// @param role        An unknown role gives no rights beyond taking part.
  /// @param permissions In any order; unknown ones mean nothing. Inside a co_await expression use allow() instead of a
  ///                    list in braces, which g++ 12 does not take there.
  DirectoryMember(UserSlug user, std::string role, std::vector<std::string> permissions = std::vector<std::string>())
      : user_(std::move(user)), role_(std::move(role)), permissions_(std::move(permissions)) {}
  /// Add a permission.
  ///
  /// @param permission Unknown ones mean nothing.
  /// @returns          This member.
  DirectoryMember& allow(std::string permission) & {
    permissions_.push_back(std::move(permission));
    return *this;
  }
  /// As above, for a temporary.
  DirectoryMember&& allow(std::string permission) && { return std::move(allow(std::move(permission))); }
  /// Who takes part.
  [[nodiscard]] const UserSlug& user() const noexcept { return user_; }
  /// The host's word for their part; one for each member.
  ///
  /// @par Lifetime   That of this object, as for all that is handed out by reference here.
  [[nodiscard]] const std::string& role() const noexcept { return role_; }
  /// What the host lets them do beyond their role.
  [[nodiscard]] const std::vector<std::string>& permissions() const noexcept { return permissions_; }
  /// Whether user, role and permissions are the same, these in the same order.
  ///
  /// @par Errors     None.
  friend bool operator==(const DirectoryMember& a, const DirectoryMember& b) = default;

 private:
  UserSlug user_;
  std::string role_;
  std::vector<std::string> permissions_;
};

/// An event or a group of the host, which may have a room.
///
/// @par Lifetime   A value that never changes; copies share what it holds, so that passing a large room around costs
///                 little.
class DirectoryRoom {
 public:
  /// A room's owner in the host's data.
  ///
  /// @param name      What people see; may be empty.
  /// @param is_public Whether the host shows it to everybody.
  /// @param creator   A user of the same directory; need not be among the members.
  /// @param members   Each user once, in any order.
  DirectoryRoom(RoomRef ref, std::string name, bool is_public, UserSlug creator, std::vector<DirectoryMember> members)
      : data_(std::make_shared<const Data>(std::move(ref), std::move(name), is_public, std::move(creator),
                                           std::move(members))) {}
  /// Which event or group.
  [[nodiscard]] const RoomRef& ref() const noexcept { return data_->ref; }
  /// What people see.
  [[nodiscard]] const std::string& name() const noexcept { return data_->name; }
  /// Whether the host shows it to everybody.
  ///
  /// It decides how the room looks on Matrix, not who may join.
  [[nodiscard]] bool is_public() const noexcept { return data_->is_public; }
  /// Who made it; power level 50 in the room, and admitted without being a member.
  [[nodiscard]] const UserSlug& creator() const noexcept { return data_->creator; }
  /// Attendees of an event, members of a group, in the order in which they were given.
  ///
  /// @par Lifetime   That of the last copy of this room.
  [[nodiscard]] const std::vector<DirectoryMember>& members() const noexcept { return data_->members; }
  /// Whether the host's data lets `user` take part: its creator and its members. Found by bisection, so that it costs
  /// little for large rooms.
  ///
  /// @param user     Need not exist.
  /// @par Errors     None.
  [[nodiscard]] bool admits(const UserSlug& user) const noexcept {
    if (user == data_->creator) return true;
    const auto& sorted = data_->by_slug;
    const auto at =
        std::lower_bound(sorted.begin(), sorted.end(), user,
                         [](const DirectoryMember* member, const UserSlug& slug) { return member->user() < slug; });
    return at != sorted.end() && (*at)->user() == user;
  }

 private:
  /// What copies share, with an index over the members; never changed.
  struct Data {
    /// Sort the index. Of a slug that occurs twice either entry may be found.
    Data(RoomRef its_ref, std::string its_name, bool shown, UserSlug its_creator, std::vector<DirectoryMember> list)
        : ref(std::move(its_ref)),
          name(std::move(its_name)),
          is_public(shown),
          creator(std::move(its_creator)),
          members(std::move(list)) {
      by_slug.reserve(members.size());
      for (const auto& member : members) by_slug.push_back(&member);
      std::sort(by_slug.begin(), by_slug.end(),
                [](const DirectoryMember* a, const DirectoryMember* b) { return a->user() < b->user(); });
    }
    Data(const Data&) = delete;
    Data& operator=(const Data&) = delete;
    RoomRef ref;
    std::string name;
    bool is_public;
    UserSlug creator;
    /// In the order of the host.
    std::vector<DirectoryMember> members;
    /// Sorted by slug.
    std::vector<const DirectoryMember*> by_slug;  // into `members`
  };
  /// Never null, but in an object that was moved from.
  std::shared_ptr<const Data> data_;
};

/// Where the library looks up the host's users, events and groups of one tenant. Being listed decides who may join,
/// listen, read and send.
///
/// It may answer differently from one moment to the next, as the host's data changes; what is remembered of an answer
/// is remembered within one operation only.
///
/// @par Errors     nullopt: there is no such user, event or group. An implementation must not throw.
/// @par Lifetime   Shared by the services that were made with it.
/// @par Threads    Called from any of the library's threads, several at once; it must answer from memory, because a
///                 loop waits for it, and must not call back into the library.
class CONFAB_EXPORT HostDirectory {
 public:
  /// For implementers to derive from.
  HostDirectory() = default;
  /// Not copied: services share it.
  HostDirectory(const HostDirectory&) = delete;
  /// Not assigned: services share it.
  HostDirectory& operator=(const HostDirectory&) = delete;
  /// Called when the last service that was made with it is gone, on any thread.
  virtual ~HostDirectory();
  /// Look a user up by slug.
  ///
  /// @param slug     As the caller of the service gave it: any text.
  /// @returns        The user of exactly this slug, or nothing.
  [[nodiscard]] virtual std::optional<DirectoryUser> user(const UserSlug& slug) const = 0;
  /// Look a user up by the host's id: the way back from a Matrix id.
  ///
  /// @param id       Any text.
  /// @returns        The user of exactly this id, or nothing.
  [[nodiscard]] virtual std::optional<DirectoryUser> user_by_id(std::string_view id) const = 0;
  /// Look an event or group up.
  ///
  /// @returns        The event or group of exactly this kind and slug, or nothing.
  [[nodiscard]] virtual std::optional<DirectoryRoom> room(const RoomRef& ref) const = 0;
};

/// Read a directory from JSON text in the format of docs/configuration.md, all of it or nothing.
///
/// @param json     `{"users":[...],"events":[...],"groups":[...]}`.
/// @returns        A directory that never changes; every look-up is answered from an index.
/// @par Errors     Errc::config; subject() names the first path at fault, for example "events[3].creator", the message
///                 all of them.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<HostDirectory>> read_directory(std::string json);

}  // namespace confab
