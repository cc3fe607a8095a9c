// Is this text a batch of changes of a directory, and which steps is it?
#include <confab/directory_batch.hpp>

#include <fmt/format.h>

#include <array>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/checked_object.hpp"
#include "chat/directory_change.hpp"
#include "chat/directory_file.hpp"
#include "chat/faults.hpp"
#include "util/json.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

using chat::CheckedObject;
using chat::Faults;

// How the parts of events and groups are called.
struct Words {
  RoomKind kind;
  std::string_view rooms;
  std::string_view room;
  std::string_view members;
};
constexpr std::array<Words, 2> both{
    {{RoomKind::event, "events", "event", "attendees"}, {RoomKind::group, "groups", "group", "members"}}};

class BatchText {
 public:
  explicit BatchText(Faults& faults) : faults_(&faults) {}

  DirectoryBatch read(const json::Value& root) {
    static constexpr std::array<std::string_view, 6> keys{"users", "events", "groups", "attendees", "members", "erase"};
    CheckedObject text(root, keys, *faults_);
    // First, so that what is erased and written is written anew.
    if (text.has("erase")) erase(text.object("erase"));
    for (const json::Value user : text.optional_array("users").elements()) put_user(user);
    for (const Words& words : both) {
      for (const json::Value room : text.optional_array(words.rooms).elements()) put_room(room, words);
      for (const json::Value member : text.optional_array(words.members).elements()) put_listed_member(member, words);
    }
    return std::move(batch_);
  }

 private:
  void erase(const json::Value& value) {
    static constexpr std::array<std::string_view, 5> keys{"users", "events", "groups", "attendees", "members"};
    if (!value) return;
    CheckedObject gone(value, keys, *faults_);
    for (const json::Value user : gone.optional_array("users").elements()) batch_.erase_user(UserSlug(slug(user)));
    for (const Words& words : both) {
      for (const json::Value room : gone.optional_array(words.rooms).elements()) {
        batch_.erase_room(RoomRef(words.kind, RoomSlug(slug(room))));
      }
      for (const json::Value member : gone.optional_array(words.members).elements()) {
        const std::array<std::string_view, 2> member_keys{words.room, "user"};
        CheckedObject named(member, member_keys, *faults_);
        RoomRef room(words.kind, RoomSlug(std::string(named.text(words.room))));
        batch_.erase_member(std::move(room), UserSlug(std::string(named.text("user"))));
      }
    }
  }

  // What it may be is judged when the batch is applied, as of a batch that was made otherwise.
  std::string slug(const json::Value& value) {
    if (!value.is_string()) faults_->add(value, "must be a text");
    return std::string(value.string_or({}));
  }

  void put_user(const json::Value& value) {
    static constexpr std::array<std::string_view, 3> keys{"id", "slug", "name"};
    CheckedObject user(value, keys, *faults_);
    const std::string_view id = user.text("id");
    const std::string_view name = user.text("slug");
    batch_.put_user(DirectoryUser(std::string(id), UserSlug(std::string(name)), std::string(user.text("name"))));
  }

  void put_room(const json::Value& value, const Words& words) {
    const std::array<std::string_view, 5> keys{"slug", "name", "visibility", "creator", words.members};
    CheckedObject room(value, keys, *faults_);
    const RoomRef ref(words.kind, RoomSlug(std::string(room.text("slug"))));
    const std::string_view name = room.text("name");
    const std::string_view visibility = room.text("visibility");
    if (!visibility.empty() && visibility != "public" && visibility != "private") {
      room.fault("visibility", "must be \"public\" or \"private\"");
    }
    batch_.put_room(ref, std::string(name), visibility == "public", UserSlug(std::string(room.text("creator"))));
    for (const json::Value listed : room.optional_array(words.members).elements()) {
      static constexpr std::array<std::string_view, 3> member_keys{"user", "role", "permissions"};
      CheckedObject member(listed, permitted(member_keys, words), *faults_);
      put_member(member, ref);
    }
  }

  void put_listed_member(const json::Value& value, const Words& words) {
    const std::array<std::string_view, 4> keys{words.room, "user", "role", "permissions"};
    CheckedObject member(value, permitted(keys, words), *faults_);
    put_member(member, RoomRef(words.kind, RoomSlug(std::string(member.text(words.room)))));
  }

  // Only events have permissions, the last of the keys.
  static std::span<const std::string_view> permitted(std::span<const std::string_view> keys, const Words& words) {
    return words.kind == RoomKind::event ? keys : keys.first(keys.size() - 1);
  }

  void put_member(CheckedObject& value, const RoomRef& room) {
    const std::string_view user = value.text("user");
    DirectoryMember member(UserSlug(std::string(user)), std::string(value.text("role")));
    for (const json::Value permission : value.optional_array("permissions").elements()) {
      if (!permission.is_string()) faults_->add(permission, "must be a text");
      member.allow(std::string(permission.string_or({})));
    }
    batch_.put_member(room, std::move(member));
  }

  Faults* faults_;
  DirectoryBatch batch_;
};

}  // namespace

Result<DirectoryBatch> read_directory_batch(std::string json) try {
  auto document = chat::parse_directory(std::move(json));
  if (!document) return document.error().with_code(Errc::invalid_argument).with_subject("batch");
  Faults faults;
  DirectoryBatch batch = BatchText(faults).read(document->root());
  if (faults.any()) return faults.error().with_code(Errc::invalid_argument);
  return batch;
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace confab
