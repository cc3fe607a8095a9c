// Direct rooms: one for each pair of a tenant's users, made when one of them first writes.
#include <utility>

#include "chat/slug.hpp"
#include "chat/tenant_chat.hpp"
#include "net/await_pending.hpp"

namespace confab::chat {
namespace {

// The other one's account may be shut for a while or for good; what is said stands in the room for them.
bool is_shut(const Error& error) {
  return error.code() == Errc::account_locked || error.code() == Errc::account_suspended ||
         error.code() == Errc::account_deactivated;
}

}  // namespace

Task<Result<MatrixRoomId>> TenantChat::reach(Self self, RoomRef ref, KnownUser user, net::CallContext context) {
  Result<MatrixRoomId> room = co_await room_id(self, ref, context);
  if (ref.kind() != RoomKind::direct) co_return room;
  auto other = self->find_user(user.user().slug() == ref.first() ? ref.second() : ref.first());
  if (!other) co_return std::move(other).error();
  if (!room) {
    if (room.error().code() != Errc::not_found) co_return room;
    co_return co_await make_direct(self, ref, std::move(user), std::move(*other), context);
  }
  // Somebody who left by a client of their own hears what is said to them all the same.
  if (self->memberships_.find(*room, other->id()) == MembershipCache::Place::in) co_return room;
  Result<void> joined = co_await enter(self, *room, *other, context);
  if (joined || is_shut(joined.error())) {
    self->memberships_.put(*room, other->id(), MembershipCache::Place::in);
    co_return room;
  }
  // A room that is gone is found out by who writes to it.
  if (joined.error().code() == Errc::not_found || joined.error().code() == Errc::forbidden) co_return room;
  co_return std::move(joined).error();
}

Task<Result<MatrixRoomId>> TenantChat::make_direct(Self self, RoomRef ref, KnownUser user, KnownUser other,
                                                   net::CallContext context) {
  const Result<std::string> name = self->alias(ref);
  if (!name) co_return name.error();
  Result<void> account = co_await make_account(self, user, context);
  if (!account) co_return std::move(account).error();
  account = co_await make_account(self, other, context);
  if (!account) co_return std::move(account).error();
  // The same request whoever asks, because only one of them makes the room.
  const bool in_order = user.user().slug() == ref.first();
  ProviderRoomRequest request(*name, in_order ? user.id() : other.id());
  request.direct_with(in_order ? other.id() : user.id());
  Pending<MatrixRoomId> making = self->provider_->ensure_room(std::move(request), options_of(context));
  Result<MatrixRoomId> made = co_await net::on_loop(context, std::move(making));
  if (!made) co_return made;
  Result<void> joined = co_await enter(self, *made, user, context);
  if (!joined) co_return std::move(joined).error();
  joined = co_await enter(self, *made, other, context);
  if (!joined && !is_shut(joined.error())) co_return std::move(joined).error();
  self->memberships_.put(*made, other.id(), MembershipCache::Place::in);
  self->remember(ref, *name, *made);
  co_return made;
}

Task<Result<Room>> TenantChat::ensure_direct(Self self, RoomRequest request, net::CallContext context) {
  auto user = self->find_user(request.creator());
  if (!user) co_return std::move(user).error();
  auto listed = self->find_room(request.ref());
  if (!listed) co_return std::move(listed).error();
  if (auto admitted = admit(*listed, request.creator()); !admitted) {
    co_return std::move(admitted).error().with_subject("creator");
  }
  const char* too_much = nullptr;
  if (!request.members().empty()) too_much = "members";
  if (!request.topic().empty()) too_much = "topic";
  if (!request.name().empty()) too_much = "name";
  if (request.is_public()) too_much = "public";
  if (too_much != nullptr) {
    co_return Error(Errc::invalid_argument,
                    "a direct conversation has its two, no name or topic, and is listed nowhere")
        .with_subject(too_much);
  }
  auto other =
      self->find_user(request.creator() == request.ref().first() ? request.ref().second() : request.ref().first());
  if (!other) co_return std::move(other).error();
  Result<MatrixRoomId> room = co_await make_direct(self, request.ref(), *user, *other, context);
  if (!room) co_return std::move(room).error();
  co_return Room(request.ref(), std::move(*room), std::string());
}

}  // namespace confab::chat
