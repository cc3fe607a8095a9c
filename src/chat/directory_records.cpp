#include "chat/directory_records.hpp"

#include <string_view>
#include <utility>

#include "chat/slug.hpp"

namespace confab::chat {
namespace {

constexpr std::size_t most_members_in_entry = 200;
constexpr std::size_t most_member_bytes = std::size_t{24} << 10U;  // written with escapes it may be six times that

class Parts {
 public:
  void add(std::string entry) {
    if (!part_.empty() && part_.size() + entry.size() + 2 > most_part_bytes) close();
    part_ += part_.empty() ? '[' : ',';
    part_ += entry;
  }
  std::vector<std::string> finish() && {
    if (!part_.empty()) close();
    return std::move(parts_);
  }

 private:
  void close() {
    part_ += ']';
    parts_.push_back(std::exchange(part_, std::string()));
  }
  std::string part_;
  std::vector<std::string> parts_;
};

std::string encode(const DirectoryUser& user) {
  json::Writer out;
  out.object().member("user", user.id()).member("slug", user.slug().str()).member("name", user.name());
  return std::move(out).finish();
}

json::Writer entry_of(const RoomRef& ref) {
  json::Writer out;
  out.object().member(room_kind_name(ref.kind()), ref.slug().str());
  return out;
}

void write(json::Writer& out, const DirectoryMember& member) {
  out.object().member("user", member.user().str()).member("role", member.role());
  if (!member.permissions().empty()) {
    out.key("permissions").array();
    for (const std::string& word : member.permissions()) out.value(word);
    out.end();
  }
  out.end();
}

std::size_t size_of(const DirectoryMember& member) {
  std::size_t bytes = member.user().str().size() + member.role().size() + 64;
  for (const std::string& word : member.permissions()) bytes += word.size() + 16;
  return bytes;
}

// A few at a time, those who are removed last: an entry says of nobody both.
void encode_members(Parts& parts, const RoomChange& room) {
  const auto& steps = room.members;
  std::size_t at = 0;
  while (at < steps.size()) {
    json::Writer out = entry_of(room.ref);
    out.key("put").array();
    std::size_t bytes = 0;
    const std::size_t first = at;
    std::size_t end = first;
    for (; end < steps.size() && end - first < most_members_in_entry && bytes < most_member_bytes; ++end) {
      if (const auto* put = std::get_if<DirectoryMember>(&steps[end])) {
        write(out, *put);
        bytes += size_of(*put);
      }
    }
    out.end().key("remove").array();
    for (at = first; at < end; ++at) {
      if (const auto* user = std::get_if<UserSlug>(&steps[at])) out.value(user->str());
    }
    out.end();
    parts.add(std::move(out).finish());
  }
}

std::string text(json::Reader& read, std::string_view key) { return std::string(read.string(key)); }

void decode_user(json::Reader& read, DirectoryChange& change) {
  std::string id = text(read, "user");
  if (read.optional_boolean("gone").value_or(false)) {
    change.gone_users.push_back(std::move(id));
  } else {
    change.users.emplace_back(std::move(id), UserSlug(text(read, "slug")), text(read, "name"));
  }
}

DirectoryMember decode_member(const json::Value& value) {
  std::vector<std::string> permissions;
  for (const json::Value word : value["permissions"].elements()) permissions.emplace_back(word.string_or({}));
  return {UserSlug(std::string(value["user"].string_or({}))), std::string(value["role"].string_or({})),
          std::move(permissions)};
}

void decode_room(json::Reader& read, RoomRef ref, DirectoryChange& change) {
  // What is said of a room in several entries stands one after the other.
  if (change.rooms.empty() || !(change.rooms.back().ref == ref)) change.rooms.emplace_back(std::move(ref));
  RoomChange& room = change.rooms.back();
  if (read.optional_boolean("gone").value_or(false)) room.gone = true;
  if (read.optional_string("creator")) {
    room.head = RoomHead{text(read, "name"), read.string("visibility") == "public", UserSlug(text(read, "creator"))};
  }
  for (const json::Value member : read.optional_array("put").elements())
    room.members.emplace_back(decode_member(member));
  for (const json::Value user : read.optional_array("remove").elements()) {
    room.members.emplace_back(UserSlug(std::string(user.string_or({}))));
  }
}

}  // namespace

std::vector<std::string> encode(const DirectoryChange& change) {
  Parts parts;
  for (const std::string& id : change.gone_users) {
    json::Writer out;
    out.object().member("user", id).member("gone", true);
    parts.add(std::move(out).finish());
  }
  for (const DirectoryUser& user : change.users) parts.add(encode(user));
  for (const RoomChange& room : change.rooms) {
    if (room.gone || room.head) {
      json::Writer out = entry_of(room.ref);
      if (room.gone) out.member("gone", true);
      if (room.head) {
        out.member("name", room.head->name).member("visibility", room.head->is_public ? "public" : "private");
        out.member("creator", room.head->creator.str());
      }
      parts.add(std::move(out).finish());
    }
    encode_members(parts, room);
  }
  return std::move(parts).finish();
}

Result<void> decode(const json::Value& entries, DirectoryChange& change) {
  if (!entries.is_array()) return entries.wrong("a list");
  for (const json::Value entry : entries.elements()) {
    json::Reader read(entry);
    if (entry["user"]) {
      decode_user(read, change);
    } else if (entry["event"]) {
      decode_room(read, RoomRef::event(RoomSlug(text(read, "event"))), change);
    } else {
      decode_room(read, RoomRef::group(RoomSlug(text(read, "group"))), change);
    }
    if (read.failed()) return read.error();
  }
  return {};
}

}  // namespace confab::chat
