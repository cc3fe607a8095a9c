#include "chat/directory_change.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace confab::chat {
namespace {

using TextSet = std::unordered_set<std::string_view>;

// The members of one room while steps are made one after the other.
class MemberList {
 public:
  explicit MemberList(std::vector<DirectoryMember> list) : list_(std::move(list)) {
    for (std::size_t i = 0; i < list_.size(); ++i) place_.emplace(list_[i].user().str(), i);
  }
  void step(const std::variant<DirectoryMember, UserSlug>& step) {
    if (const auto* put = std::get_if<DirectoryMember>(&step)) {
      const auto [at, is_new] = place_.try_emplace(put->user().str(), list_.size());
      if (is_new)
        list_.push_back(*put);
      else
        list_[at->second] = *put;
      return;
    }
    const auto at = place_.find(std::get<UserSlug>(step).str());
    if (at == place_.end()) return;
    gone_.push_back(at->second);
    place_.erase(at);
  }
  // In their order.
  [[nodiscard]] std::vector<DirectoryMember> finish() && {
    if (gone_.empty()) return std::move(list_);
    std::vector<bool> leaves(list_.size());
    for (const std::size_t place : gone_) leaves[place] = true;
    std::vector<DirectoryMember> stay;
    stay.reserve(list_.size() - gone_.size());
    for (std::size_t i = 0; i < list_.size(); ++i) {
      if (!leaves[i]) stay.push_back(std::move(list_[i]));
    }
    return stay;
  }

 private:
  std::vector<DirectoryMember> list_;
  std::unordered_map<std::string, std::size_t> place_;
  std::vector<std::size_t> gone_;  // places in `list_`
};

// Old slugs of those who are called otherwise or are there no longer (nothing).
using NewSlugs = std::unordered_map<std::string, std::optional<UserSlug>>;

std::optional<DirectoryRoom> renamed(const DirectoryRoom& room, const NewSlugs& slugs) {
  const auto creator = slugs.find(room.creator().str());
  bool touched = creator != slugs.end() && creator->second;
  for (const DirectoryMember& member : room.members()) {
    if (touched) break;
    touched = slugs.contains(member.user().str());
  }
  if (!touched) return std::nullopt;
  std::vector<DirectoryMember> members;
  members.reserve(room.members().size());
  for (const DirectoryMember& member : room.members()) {
    const auto at = slugs.find(member.user().str());
    if (at == slugs.end())
      members.push_back(member);
    else if (at->second)
      members.emplace_back(*at->second, member.role(), member.permissions());
  }
  UserSlug made_by = creator != slugs.end() && creator->second ? *creator->second : room.creator();
  return DirectoryRoom(room.ref(), room.name(), room.is_public(), std::move(made_by), std::move(members));
}

RoomChange change_between(const DirectoryRoom* from, const DirectoryRoom& to, const TextSet& gone_slugs) {
  RoomChange change(to.ref());
  if (from == nullptr || from->name() != to.name() || from->is_public() != to.is_public() ||
      from->creator() != to.creator()) {
    change.head = RoomHead{to.name(), to.is_public(), to.creator()};
  }
  std::unordered_map<std::string_view, const DirectoryMember*> before;
  if (from != nullptr) {
    for (const DirectoryMember& member : from->members()) before.emplace(member.user().str(), &member);
  }
  std::size_t kept = 0;
  for (const DirectoryMember& member : to.members()) {
    const auto at = before.find(member.user().str());
    if (at != before.end()) ++kept;
    // Whose slug was given to another user has lost their part by that, and gets it anew.
    if (at == before.end() || !(*at->second == member) || gone_slugs.contains(member.user().str())) {
      change.members.emplace_back(member);
    }
  }
  if (kept == before.size()) return change;
  TextSet after;
  for (const DirectoryMember& member : to.members()) after.insert(member.user().str());
  for (const auto& [slug, member] : before) {
    if (!after.contains(slug)) change.members.emplace_back(member->user());
  }
  return change;
}

}  // namespace

DirectoryChange difference(const DirectoryIndex& from, const DirectoryIndex& to) {
  DirectoryChange change;
  TextSet freed;  // slugs that no longer mean whom they meant
  for (const DirectoryUser& user : from.users()) {
    const DirectoryUser* stays = to.user_by_id(user.id());
    if (stays == nullptr) change.gone_users.push_back(user.id());
    if (stays == nullptr || stays->slug() != user.slug()) freed.insert(user.slug().str());
  }
  bool renames = false;
  for (const DirectoryUser& user : to.users()) {
    const DirectoryUser* was = from.user_by_id(user.id());
    if (was != nullptr && *was == user) continue;
    renames = renames || (was != nullptr && was->slug() != user.slug());
    change.users.push_back(user);
  }
  // Where slugs went from one to another, rooms are compared as they are once the users have changed.
  DirectoryIndex moved;
  const DirectoryIndex* before = &from;
  if (renames) {
    moved = from;
    DirectoryChange users_only;
    users_only.gone_users = change.gone_users;
    users_only.users = change.users;
    moved.change(edit_of(users_only, moved));
    before = &moved;
    freed.clear();
  }
  for (const RoomKind kind : {RoomKind::event, RoomKind::group}) {
    for (const DirectoryRoom& room : from.rooms(kind)) {
      if (to.room(room.ref()) != nullptr) continue;
      change.rooms.emplace_back(room.ref()).gone = true;
    }
    for (const DirectoryRoom& room : to.rooms(kind)) {
      RoomChange between = change_between(before->room(room.ref()), room, freed);
      if (between.head || !between.members.empty()) change.rooms.push_back(std::move(between));
    }
  }
  return change;
}

DirectoryEdit edit_of(const DirectoryChange& change, const DirectoryIndex& index) {
  DirectoryEdit edit;
  NewSlugs slugs;
  for (const std::string& id : change.gone_users) {
    const DirectoryUser* user = index.user_by_id(id);
    if (user == nullptr) continue;
    edit.gone_users.push_back(*user);
    slugs.emplace(user->slug().str(), std::nullopt);
  }
  for (const DirectoryUser& user : change.users) {
    if (const DirectoryUser* was = index.user_by_id(user.id())) {
      edit.gone_users.push_back(*was);
      if (was->slug() != user.slug()) slugs.insert_or_assign(was->slug().str(), user.slug());
    }
    edit.users.push_back(user);
  }
  // Rooms as they become, by the place of their kind and slug.
  std::unordered_map<std::string, std::size_t> place;
  const auto key = [](const RoomRef& ref) { return (ref.kind() == RoomKind::event ? 'e' : 'g') + ref.slug().str(); };
  if (!slugs.empty()) {
    for (const RoomKind kind : {RoomKind::event, RoomKind::group}) {
      for (const DirectoryRoom& room : index.rooms(kind)) {
        auto now = renamed(room, slugs);
        if (!now) continue;
        place.emplace(key(room.ref()), edit.rooms.size());
        edit.rooms.push_back(std::move(*now));
      }
    }
  }
  for (const RoomChange& room : change.rooms) {
    const auto at = place.find(key(room.ref));
    const DirectoryRoom* was = at != place.end() ? &edit.rooms[at->second] : index.room(room.ref);
    if (room.gone) {
      edit.gone_rooms.push_back(room.ref);
      if (!room.head && at != place.end()) {
        // Renamed above, and gone all the same.
        edit.rooms[at->second] = edit.rooms.back();
        place[key(edit.rooms[at->second].ref())] = at->second;
        edit.rooms.pop_back();
        place.erase(key(room.ref));
      }
      if (!room.head) continue;
      was = nullptr;
    }
    if (was == nullptr && !room.head) continue;
    MemberList members(was != nullptr ? was->members() : std::vector<DirectoryMember>());
    for (const auto& step : room.members) members.step(step);
    const RoomHead head = room.head ? *room.head : RoomHead{was->name(), was->is_public(), was->creator()};
    DirectoryRoom now(room.ref, head.name, head.is_public, head.creator, std::move(members).finish());
    if (at != place.end()) {
      edit.rooms[at->second] = std::move(now);
    } else {
      place.emplace(key(room.ref), edit.rooms.size());
      edit.rooms.push_back(std::move(now));
    }
  }
  return edit;
}

}  // namespace confab::chat
