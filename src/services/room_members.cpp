// Who is in a room, and how they come in and go out.
#include <algorithm>
#include <string>
#include <utility>

#include "matrix/endpoints/members.hpp"
#include "matrix/endpoints/membership.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/synapse_admin_rooms.hpp"
#include "services/room_service.hpp"
#include "util/json.hpp"

namespace confab::services {

namespace {

// Already in, not in, banned, not allowed and no such room are all 403, under M_FORBIDDEN or M_BAD_STATE.
bool says_too_little(const Error& error) {
  return error.http_status() == 403 && (error.code() == Errc::forbidden || error.code() == Errc::conflict);
}

Error banned(const Error& refusal) {
  return refusal.with_code(Errc::forbidden).with_message("the user is banned from the room").with_subject("user");
}

// Of an id that a room of version 12 could have, but none has, Synapse says that it is no legal one.
bool is_unknown_room(const Error& error) { return error.http_status() == 400 && error.errcode() == "M_UNKNOWN"; }

// Who is neither in nor asked in has nothing to be taken out of; a banned user is out already.
bool is_out(std::string_view membership) { return membership != "join" && membership != "invite"; }

}  // namespace

Task<Result<std::string>> RoomService::membership(MatrixRoomId room, MatrixUserId user, net::CallContext context) {
  Result<matrix::StateContentAnswer> state =
      co_await tokens_->admin()->call(matrix::GetState(room, "m.room.member", user.str()), context.step());
  if (state) co_return std::string(state->content()["membership"].string_or("leave"));
  if (state.error().code() == Errc::not_found) co_return std::string("leave");
  co_return std::move(state).error();
}

Task<Result<void>> RoomService::join(std::shared_ptr<RoomService> self, MatrixRoomId room, MatrixUserId user,
                                     net::CallContext context) {
  Result<matrix::JoinRoomAnswer> joined =
      co_await self->tokens_->call(user, matrix::JoinRoom(room), context.step(), net::Repeatable::idempotent);
  if (joined) co_return Result<void>();
  if (is_unknown_room(joined.error())) {
    co_return joined.error().with_code(Errc::not_found).with_message("there is no such room").with_subject("room");
  }
  if (!says_too_little(joined.error())) co_return std::move(joined).error();

  // Not invited, banned, or no such room: the answer says too little. Invite, and let the state decide.
  for (bool looked = false;;) {
    Result<matrix::Done> invited = co_await self->tokens_->admin()->call(matrix::InviteUser(room, user), context.step(),
                                                                         net::Repeatable::idempotent);
    if (invited) {
      joined = co_await self->tokens_->call(user, matrix::JoinRoom(room), context.step(), net::Repeatable::idempotent);
      if (joined) co_return Result<void>();
      if (!says_too_little(joined.error())) co_return std::move(joined).error();
      break;
    }
    if (!says_too_little(invited.error())) co_return std::move(invited).error();
    Result<std::string> member = co_await self->membership(room, user, context);
    if (!member && member.error().code() != Errc::forbidden) co_return std::move(member).error();
    if (member && *member == "join") co_return Result<void>();
    if (member && *member == "ban") co_return banned(invited.error());
    // Perhaps the library's account is not in the room itself; who has left still reads what there was.
    if (!std::exchange(looked, true) && self->may_be_out(room)) {
      const Result<Ours> ours = co_await self->take_up(room, std::string(), context);
      if (ours && *ours == Ours::taken_up) continue;
      if (!ours && (ours.error().retriable() || ours.error().code() == Errc::cancelled)) co_return ours.error();
    }
    if (!member) co_return std::move(member).error();
    break;
  }

  Result<matrix::JoinRoomAnswer> by_admin =
      co_await self->tokens_->admin()->call(matrix::AdminJoin(room, user), context.step(), net::Repeatable::idempotent);
  if (by_admin) co_return Result<void>();
  Result<std::string> member = co_await self->membership(room, user, context);
  if (member && *member == "join") co_return Result<void>();
  if (member && *member == "ban") co_return banned(by_admin.error());
  co_return std::move(by_admin).error();
}

Task<Result<void>> RoomService::remove(std::shared_ptr<RoomService> self, MatrixRoomId room, MatrixUserId user,
                                       net::CallContext context) {
  Result<matrix::Done> kicked = co_await self->tokens_->admin()->call(matrix::KickUser(room, user), context.step());
  if (kicked) co_return Result<void>();
  // Not in, no such room and not allowed are one answer; and of a lost one nobody knows.
  if (!says_too_little(kicked.error()) && kicked.error().code() != Errc::outcome_unknown) {
    co_return std::move(kicked).error();
  }
  Result<std::string> now = co_await self->membership(room, user, context);
  if (now && is_out(*now)) co_return Result<void>();
  co_return std::move(kicked).error();
}

// By the admin: who asks names nobody, the admin is in each room that we made, and of its users some may be out by now.
Task<Result<std::vector<Member>>> RoomService::members(std::shared_ptr<RoomService> self, MatrixRoomId room,
                                                       net::CallContext context) {
  credentials::AdminSession& admin = *self->tokens_->admin();
  matrix::GetMembers request(room);
  request.without(matrix::Membership::leave);
  Result<matrix::EventList> events = co_await admin.call(std::move(request), context.step());
  if (!events) co_return std::move(events).error();
  Result<matrix::StateContentAnswer> levels =
      co_await admin.call(matrix::GetState(room, "m.room.power_levels", ""), context.step());
  if (!levels && levels.error().code() != Errc::not_found) co_return std::move(levels).error();

  std::vector<Member> members;
  for (const matrix::RoomEvent& event : events->events()) {
    if (event.type() != "m.room.member" || !event.state_key()) continue;
    const std::string_view membership = event.content()["membership"].string_or("leave");
    if (membership == "leave" || *event.state_key() == admin.user().str()) continue;
    Member member(MatrixUserId(*event.state_key()), std::string(membership));
    member.name(std::string(event.content()["displayname"].string_or("")));
    if (levels) {
      const json::Value content = levels->content();
      member.power_level(content["users"][*event.state_key()].integer_or(content["users_default"].integer_or(0)));
    }
    members.push_back(std::move(member));
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.user_id() < b.user_id(); });
  co_return members;
}

}  // namespace confab::services
