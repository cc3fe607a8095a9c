// Which of a user's live events are the host's to show: those of rooms that the directory lets the user be in.
#include <algorithm>
#include <utility>

#include "chat/slug.hpp"
#include "chat/tenant_chat.hpp"
#include "net/await_pending.hpp"

namespace confab::chat {
namespace {

// What tells a user that they are out is theirs to know, just when the directory lists them no longer.
bool tells_of_own_end(const ChatEvent& event, const MatrixUserId& user) {
  return event.kind() == EventKind::membership && event.user() == user &&
         (event.membership() == "leave" || event.membership() == "ban");
}

}  // namespace

void TenantChat::remember(const RoomRef& ref, const std::string& alias, const MatrixRoomId& room) {
  rooms_.put(alias, room);
  if (ref.kind() != RoomKind::direct) {
    names_of_rooms_.put(room, RoomName(ref.kind(), ref.slug()), net::Clock::now());
    return;
  }
  const auto first = directory_->user(ref.first());
  const auto second = directory_->user(ref.second());
  if (first && second) names_of_rooms_.put(room, RoomName(first->id(), second->id()), net::Clock::now());
}

bool TenantChat::grants(const RoomName& name, const KnownUser& user) const {
  if (name.kind() != RoomKind::direct) {
    const auto room = directory_->room(RoomRef(name.kind(), name.slug()));
    return room && room->admits(user.user().slug());
  }
  const std::string& id = user.user().id();
  if (id != name.id() && id != name.other_id()) return false;
  return directory_->user_by_id(id == name.id() ? name.other_id() : name.id()).has_value();
}

// The ids of a direct room whose alias is a hash of them: those of the two members that it fits. Not read as the user
// whose events these are: what is found is remembered for all, and who was only asked in, or is out, may not read it.
Task<Result<RoomNames::Name>> TenantChat::pair_in(Self self, MatrixRoomId room, std::string alias,
                                                  net::CallContext context) {
  Pending<std::vector<Member>> reading = self->provider_->members(room, options_of(context));
  Result<std::vector<Member>> members = co_await net::on_loop(context, std::move(reading));
  if (!members) co_return std::move(members).error();
  std::vector<std::string> ids;
  for (const Member& member : *members) {
    if (auto id = self->id_of(member.user_id())) ids.push_back(std::move(*id));
  }
  // Those are the two, or there is a guest whom nobody of ours asked in.
  if (ids.size() == 2 && direct_alias_localpart(self->tenant_, ids[0], ids[1], self->longest_alias()) == alias) {
    co_return RoomNames::Name(RoomName(ids[0], ids[1]));
  }
  co_return RoomNames::Name();
}

Task<Result<RoomNames::Name>> TenantChat::room_name(Self self, MatrixRoomId room, net::CallContext context) {
  if (auto known = self->names_of_rooms_.find(room, net::Clock::now())) co_return std::move(*known);
  Pending<std::string> reading = self->provider_->room_alias(room, options_of(context));
  const Result<std::string> alias = co_await net::on_loop(context, std::move(reading));
  if (!alias && alias.error().code() != Errc::not_found) co_return alias.error();
  RoomNames::Name name;
  if (alias) name = RoomName::of_alias(self->tenant_, *alias);
  if (alias && !name && is_direct_alias(self->tenant_, *alias)) {
    Result<RoomNames::Name> pair = co_await pair_in(self, room, *alias, context);
    if (!pair) co_return pair;
    name = std::move(*pair);
  }
  self->names_of_rooms_.put(room, name, net::Clock::now());
  co_return name;
}

Task<Result<TenantChat::Named>> TenantChat::rooms_of(Self self, EventRooms rooms, net::CallContext context) {
  Named named;
  for (const MatrixRoomId& room : rooms) {
    Result<RoomNames::Name> name = co_await room_name(self, room, context);
    if (!name) co_return std::move(name).error();
    named.emplace(room, std::move(*name));
  }
  co_return named;
}

void TenantChat::keep_granted(const Named& named, const KnownUser& user, EventBatch& batch) const {
  std::unordered_map<MatrixRoomId, bool> decided;  // by the directory as it is now
  for (const ChatEvent& event : batch) {
    const auto room = named.find(event.room_id());
    if (room == named.end() || !room->second) continue;
    const auto [at, is_new] = decided.try_emplace(event.room_id(), false);
    if (is_new) at->second = grants(*room->second, user);
  }
  std::erase_if(batch, [&](const ChatEvent& event) {
    if (event.room_id().empty()) return false;  // missed in all rooms
    const auto room = decided.find(event.room_id());
    return room == decided.end() || (!room->second && !tells_of_own_end(event, user.id()));
  });
}

}  // namespace confab::chat
