// Who is in a tenant's rooms.
#include <fmt/format.h>

#include <utility>

#include "chat/slug.hpp"
#include "chat/tenant_chat.hpp"
#include "net/await_pending.hpp"

namespace confab::chat {

std::string default_name(const RoomRef& ref) {
  if (ref.kind() == RoomKind::direct) return {};
  return fmt::format("{}-{}", room_kind_name(ref.kind()), ref.slug().str());
}

std::optional<std::string> TenantChat::id_of(const MatrixUserId& user) const {
  std::string_view localpart = user.str();
  const std::string server = ":" + provider_->server_name();
  if (!localpart.starts_with('@') || !localpart.ends_with(server)) return std::nullopt;
  localpart.remove_prefix(1);
  localpart.remove_suffix(server.size());
  return names_.id_of(localpart);
}

UserSlug TenantChat::slug_of(const MatrixUserId& user) const {
  const std::optional<std::string> id = id_of(user);
  if (!id) return UserSlug();
  const std::optional<DirectoryUser> known = directory_->user_by_id(*id);
  return known ? known->slug() : UserSlug();
}

void TenantChat::heard(const ChatEvent& event) {
  if (event.kind() == EventKind::membership) memberships_.heard(event.room_id(), event.user(), event.membership());
}

Task<Result<Room>> TenantChat::add_member(Self self, RoomRef ref, UserSlug slug, net::CallContext context) {
  auto user = self->find_user(slug);
  if (!user) co_return std::move(user).error();
  auto listed = self->find_room(ref);
  if (!listed) co_return std::move(listed).error();
  if (auto admitted = admit(*listed, slug); !admitted) co_return std::move(admitted).error();
  Result<MatrixRoomId> room = co_await reach(self, ref, *user, context);
  if (!room) co_return std::move(room).error();
  Result<void> account = co_await make_account(self, *user, context);
  if (!account) co_return std::move(account).error();
  Way way(std::move(*room));
  way.makes = true;
  way.joined = true;  // joining is what is to be done, so it is no remedy
  for (;;) {
    Result<void> joined = co_await enter(self, way.room, *user, context);
    if (joined) co_return Room(ref, std::move(way.room), default_name(ref));
    Result<Way> mended = co_await mend(self, way, joined.error(), *user, ref, context);
    if (!mended) co_return std::move(mended).error();
    way = std::move(*mended);
    way.joined = true;
  }
}

Task<Result<Room>> TenantChat::remove_member(Self self, RoomRef ref, UserSlug slug, net::CallContext context) {
  auto user = self->find_user(slug);
  if (!user) co_return std::move(user).error();
  if (auto checked = check_slug(ref); !checked) co_return std::move(checked).error();
  if (ref.kind() == RoomKind::direct) {
    co_return Error(Errc::invalid_argument, "a direct conversation always has its two: nobody is taken out of it")
        .with_subject(room_kind_name(ref.kind()));
  }
  for (int round = 0;; ++round) {
    Result<MatrixRoomId> room = co_await room_id(self, ref, context);
    if (!room) co_return std::move(room).error();
    Pending<void> removing = self->provider_->remove(*room, user->id(), options_of(context));
    Result<void> removed = co_await net::on_loop(context, std::move(removing));
    if (removed) {
      self->memberships_.put(*room, user->id(), MembershipCache::Place::out);
      co_return Room(ref, std::move(*room), default_name(ref));
    }
    if (round > 0 || !self->forget_room(ref, *room, removed.error())) co_return std::move(removed).error();
  }
}

Task<Result<std::vector<Member>>> TenantChat::members(Self self, RoomRef ref, net::CallContext context) {
  if (auto checked = check_slug(ref); !checked) co_return std::move(checked).error();
  for (int round = 0;; ++round) {
    Result<MatrixRoomId> room = co_await room_id(self, ref, context);
    if (!room) co_return std::move(room).error();
    Pending<std::vector<Member>> reading = self->provider_->members(*room, options_of(context));
    Result<std::vector<Member>> members = co_await net::on_loop(context, std::move(reading));
    if (!members) {
      if (round > 0 || !self->forget_room(ref, *room, members.error())) co_return std::move(members).error();
      continue;
    }
    for (Member& member : *members) member.slug(self->slug_of(member.user_id()));
    co_return members;
  }
}

// A room that was remembered and is gone looks like one that nobody may touch.
bool TenantChat::forget_room(const RoomRef& ref, const MatrixRoomId& room, const Error& error) {
  if (error.code() != Errc::forbidden && error.code() != Errc::not_found) return false;
  const Result<std::string> name = alias(ref);
  if (name) rooms_.forget(*name, room);
  return name.has_value();
}

}  // namespace confab::chat
