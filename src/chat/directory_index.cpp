#include "chat/directory_index.hpp"

#include <utility>

namespace confab::chat {
namespace {

template <class Set>
auto find(const Set& set, std::string_view name) -> decltype(&*set.begin()) {
  const auto at = set.find(name);
  return at == set.end() ? nullptr : &*at;
}

template <class Set>
void remove(Set& set, std::string_view name) {
  if (const auto at = set.find(name); at != set.end()) set.erase(at);
}

}  // namespace

const DirectoryUser* DirectoryIndex::user(std::string_view slug) const { return find(users_, slug); }
const DirectoryUser* DirectoryIndex::user_by_id(std::string_view id) const { return find(by_id_, id); }
const DirectoryRoom* DirectoryIndex::room(const RoomRef& ref) const {
  return find(rooms(ref.kind()), ref.slug().str());
}

DirectoryIndex::Added DirectoryIndex::add(const DirectoryUser& user) {
  if (users_.contains(std::string_view(user.slug().str()))) return Added::slug_is_taken;
  if (!by_id_.insert(user).second) return Added::id_is_taken;
  users_.insert(user);
  return Added::yes;
}

bool DirectoryIndex::add(DirectoryRoom room) {
  Rooms& all = rooms(room.ref().kind());
  return all.insert(std::move(room)).second;
}

void DirectoryIndex::change(const DirectoryEdit& edit) {
  // All names are given back before any is given out: two users may have exchanged theirs.
  for (const DirectoryUser& user : edit.gone_users) {
    remove(users_, user.slug().str());
    remove(by_id_, user.id());
  }
  for (const RoomRef& ref : edit.gone_rooms) remove(rooms(ref.kind()), ref.slug().str());
  for (const DirectoryUser& user : edit.users) add(user);
  for (const DirectoryRoom& room : edit.rooms) {
    Rooms& all = rooms(room.ref().kind());
    remove(all, room.ref().slug().str());
    all.insert(room);
  }
}

}  // namespace confab::chat
