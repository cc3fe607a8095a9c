/// @file
/// HostDirectory: the host's own data about users, events and groups, as far as chat needs it.
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
/// @par Threads    As for a plain value, like all classes of this header.
class DirectoryUser {
 public:
  /// A user with the host's id, slug and display name.
  DirectoryUser(std::string id, UserSlug slug, std::string name)
      : id_(std::move(id)), slug_(std::move(slug)), name_(std::move(name)) {}
  /// The host's id; it fills the `{id}` of the tenant's localpart template and must never change.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  /// The name in URLs and calls.
  [[nodiscard]] const UserSlug& slug() const noexcept { return slug_; }
  /// What people see; it becomes the Matrix display name.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  std::string id_;
  UserSlug slug_;
  std::string name_;
};

/// Somebody's part in an event or group.
class DirectoryMember {
 public:
  /// A member with a role ("host", "moderator", "guest", "owner", "admin", "member") and permissions ("ManageEvent").
  DirectoryMember(UserSlug user, std::string role, std::vector<std::string> permissions)
      : user_(std::move(user)), role_(std::move(role)), permissions_(std::move(permissions)) {}
  /// Who.
  [[nodiscard]] const UserSlug& user() const noexcept { return user_; }
  /// The host's word for their part.
  [[nodiscard]] const std::string& role() const noexcept { return role_; }
  /// What the host lets them do.
  [[nodiscard]] const std::vector<std::string>& permissions() const noexcept { return permissions_; }

 private:
  UserSlug user_;
  std::string role_;
  std::vector<std::string> permissions_;
};

/// An event or a group of the host, which may have a room.
///
/// @par Lifetime   A value; copies share the list of members, so that passing a large room around costs little.
class DirectoryRoom {
 public:
  /// A room's owner in the host's data.
  DirectoryRoom(RoomRef ref, std::string name, bool is_public, UserSlug creator, std::vector<DirectoryMember> members)
      : ref_(std::move(ref)), name_(std::move(name)), is_public_(is_public), creator_(std::move(creator)),
        members_(std::make_shared<const Members>(std::move(members))) {}
  /// Which event or group.
  [[nodiscard]] const RoomRef& ref() const noexcept { return ref_; }
  /// What people see.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Whether the host shows it to everybody. It decides how the room looks on Matrix, not who may join.
  [[nodiscard]] bool is_public() const noexcept { return is_public_; }
  /// Who made it; power level 50 in the room.
  [[nodiscard]] const UserSlug& creator() const noexcept { return creator_; }
  /// Attendees of an event, members of a group.
  [[nodiscard]] const std::vector<DirectoryMember>& members() const noexcept { return members_->list; }
  /// Whether the host's data lets `user` take part: its creator and its members. Found by bisection.
  [[nodiscard]] bool admits(const UserSlug& user) const noexcept {
    if (user == creator_) return true;
    const auto& sorted = members_->by_slug;
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), user,
                                     [](const DirectoryMember* member, const UserSlug& slug) { return member->user() < slug; });
    return at != sorted.end() && (*at)->user() == user;
  }

 private:
  struct Members {
    explicit Members(std::vector<DirectoryMember> members) : list(std::move(members)) {
      by_slug.reserve(list.size());
      for (const auto& member : list) by_slug.push_back(&member);
      std::sort(by_slug.begin(), by_slug.end(),
                [](const DirectoryMember* a, const DirectoryMember* b) { return a->user() < b->user(); });
    }
    Members(const Members&) = delete;
    Members& operator=(const Members&) = delete;
    std::vector<DirectoryMember> list;
    std::vector<const DirectoryMember*> by_slug;  // into `list`
  };
  RoomRef ref_;
  std::string name_;
  bool is_public_;
  UserSlug creator_;
  std::shared_ptr<const Members> members_;
};

/// Where the library looks up the host's users, events and groups of one tenant. Being listed decides who may join,
/// listen, read and send.
///
/// @par Errors     nullopt: there is no such user, event or group. An implementation must not throw.
/// @par Threads    Called from any of the library's threads, several at once; it must answer from memory.
class CONFAB_EXPORT HostDirectory {
 public:
  HostDirectory() = default;
  HostDirectory(const HostDirectory&) = delete;
  HostDirectory& operator=(const HostDirectory&) = delete;
  virtual ~HostDirectory();
  /// Look a user up by slug.
  [[nodiscard]] virtual std::optional<DirectoryUser> user(const UserSlug& slug) const = 0;
  /// Look a user up by the host's id.
  [[nodiscard]] virtual std::optional<DirectoryUser> user_by_id(std::string_view id) const = 0;
  /// Look an event or group up.
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
