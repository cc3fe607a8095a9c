#include "chat/directory_file.hpp"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <new>
#include <unordered_map>

#include <confab/host_directory.hpp>

#include "chat/checked_object.hpp"
#include "chat/directory_change.hpp"
#include "chat/faults.hpp"
#include "chat/slug.hpp"
#include "util/json.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

using chat::CheckedObject;
using chat::DirectoryIndex;
using chat::Faults;

constexpr std::size_t longest_directory = std::size_t{64} << 20U;
constexpr std::size_t most_values = std::size_t{4} << 20U;  // some 500,000 users; 128 MB while it is read
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

class FileDirectory final : public HostDirectory {
 public:
  explicit FileDirectory(std::shared_ptr<const DirectoryIndex> index) : index_(std::move(index)) {}
  std::optional<DirectoryUser> user(const UserSlug& slug) const override { return copy(index_->user(slug.str())); }
  std::optional<DirectoryUser> user_by_id(std::string_view id) const override { return copy(index_->user_by_id(id)); }
  std::optional<DirectoryRoom> room(const RoomRef& ref) const override { return copy(index_->room(ref)); }

 private:
  template <class T>
  static std::optional<T> copy(const T* found) {
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  std::shared_ptr<const DirectoryIndex> index_;
};

class DirectoryReader {
 public:
  explicit DirectoryReader(Faults& faults) : faults_(&faults), directory_(std::make_shared<DirectoryIndex>()) {}

  std::shared_ptr<DirectoryIndex> read(const json::Value& root) {
    static constexpr std::array<std::string_view, 3> keys{"users", "events", "groups"};
    CheckedObject file(root, keys, *faults_);
    const json::Value users = file.array("users");
    const json::Value events = file.optional_array("events");
    const json::Value groups = file.optional_array("groups");
    for (const json::Value user : users.elements()) read_user(user);
    for (const json::Value event : events.elements()) read_room(event, RoomKind::event);
    for (const json::Value group : groups.elements()) read_room(group, RoomKind::group);
    return directory_;
  }

 private:
  [[nodiscard]] bool lists(std::string_view slug) const { return directory_->user(slug) != nullptr; }

  static std::string_view slug_of(CheckedObject& object) {
    const std::string_view slug = object.text("slug");
    if (slug.empty() || chat::is_slug(slug)) return slug;
    object.fault("slug", chat::slug_rule);
    return {};
  }

  void read_user(const json::Value& value) {
    static constexpr std::array<std::string_view, 3> keys{"id", "slug", "name"};
    CheckedObject user(value, keys, *faults_);
    const std::string_view id = user.text("id", chat::longest_user_id);
    const std::string_view slug = slug_of(user);
    const std::string_view name = user.text("name", chat::longest_directory_name);
    if (id.empty() || slug.empty()) return;
    const auto added = directory_->add(DirectoryUser(std::string(id), UserSlug(std::string(slug)), std::string(name)));
    if (added == DirectoryIndex::Added::slug_is_taken) user.fault("slug", "is the slug of a user before");
    if (added == DirectoryIndex::Added::id_is_taken) user.fault("id", "is the id of a user before");
  }

  void read_room(const json::Value& value, RoomKind kind) {
    static constexpr std::array<std::string_view, 5> event_keys{"slug", "name", "visibility", "creator", "attendees"};
    static constexpr std::array<std::string_view, 5> group_keys{"slug", "name", "visibility", "creator", "members"};
    const bool is_event = kind == RoomKind::event;
    CheckedObject room(value, is_event ? event_keys : group_keys, *faults_);
    const std::string_view slug = slug_of(room);
    const std::string_view name = room.text("name", chat::longest_directory_name);
    const std::string_view visibility = room.text("visibility");
    if (!visibility.empty() && visibility != "public" && visibility != "private") {
      room.fault("visibility", "must be \"public\" or \"private\"");
    }
    const std::string_view creator = room.text("creator");
    if (!creator.empty() && !lists(creator)) room.fault("creator", "is none of users[].slug");
    const json::Value list = room.optional_array(is_event ? "attendees" : "members");
    std::vector<DirectoryMember> members = read_members(list, is_event);
    if (slug.empty() || creator.empty()) return;
    RoomRef ref(kind, RoomSlug(std::string(slug)));
    if (!directory_->add(DirectoryRoom(std::move(ref), std::string(name), visibility == "public",
                                       UserSlug(std::string(creator)), std::move(members)))) {
      room.fault("slug", is_event ? "is the slug of an event before" : "is the slug of a group before");
    }
  }

  std::vector<DirectoryMember> read_members(const json::Value& list, bool have_permissions) {
    static constexpr std::array<std::string_view, 3> keys{"user", "role", "permissions"};
    std::vector<DirectoryMember> members;
    members.reserve(list.size());
    ByText<bool> seen;
    for (const json::Value value : list.elements()) {
      CheckedObject member(value, std::span(keys).first(have_permissions ? 3 : 2), *faults_);
      const std::string_view user = member.text("user");
      const std::string_view role = member.text("role", chat::longest_directory_word);
      if (!user.empty() && !lists(user)) member.fault("user", "is none of users[].slug");
      if (!user.empty() && !seen.try_emplace(std::string(user), true).second) member.fault("user", "is listed before");
      std::vector<std::string> permissions;
      if (have_permissions) permissions = read_permissions(member);
      members.emplace_back(UserSlug(std::string(user)), std::string(role), std::move(permissions));
    }
    return members;
  }

  std::vector<std::string> read_permissions(CheckedObject& member) {
    std::vector<std::string> permissions;
    const json::Value list = member.optional_array("permissions");
    if (list.size() > chat::most_permissions) {
      member.fault("permissions", fmt::format("are more than {}", chat::most_permissions));
      return permissions;
    }
    for (const json::Value value : list.elements()) {
      const std::string_view word = value.string_or({});
      if (word.empty() || word.size() > chat::longest_directory_word)
        faults_->add(value, "must be a text of 1 to 64 bytes");
      permissions.emplace_back(word);
    }
    return permissions;
  }

  Faults* faults_;
  std::shared_ptr<DirectoryIndex> directory_;
};

}  // namespace

namespace chat {

Result<json::Document> parse_directory(std::string json) {
  auto document = json::parse(std::move(json), json::Limits().bytes(longest_directory).values(most_values).depth(16));
  if (!document) return document.error().with_code(Errc::config);
  return document;
}

Result<std::shared_ptr<DirectoryIndex>> read_directory_index(std::string json) try {
  auto document = parse_directory(std::move(json));
  if (!document) return std::move(document).error();
  Faults faults;
  std::shared_ptr<DirectoryIndex> directory = DirectoryReader(faults).read(document->root());
  if (faults.any()) return faults.error();
  return directory;
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace chat

Result<std::shared_ptr<HostDirectory>> read_directory(std::string json) try {
  auto index = chat::read_directory_index(std::move(json));
  if (!index) return std::move(index).error();
  return std::shared_ptr<HostDirectory>(std::make_shared<FileDirectory>(std::move(*index)));
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace confab
