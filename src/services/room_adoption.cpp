// A room of ours that the library's account cannot read: it has left, or it is another account than the one that made
// the room.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "matrix/endpoints/membership.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/synapse_admin_room_list.hpp"
#include "matrix/endpoints/synapse_admin_rooms.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "matrix/identifiers.hpp"
#include "net/runtime_core.hpp"
#include "services/room_service.hpp"
#include "util/json.hpp"
#include "util/log.hpp"

namespace confab::services {

namespace {

// What the state of the room tells an account that may not be in it.
struct RoomFacts {
  std::optional<MatrixUserId> author;   // who marked it as one of ours
  std::string alias;                    // and under which name
  bool is_in = false;                   // the library's account
  std::optional<MatrixUserId> inviter;  // a local member who may invite
};

// By Matrix's authorisation rules a state key that is a user id is written by that user alone; a server that lets
// others write it is none that we trust, so the sender is looked at as well.
bool is_marker(const matrix::RoomEvent& event) {
  return event.type() == RoomService::marker_type && event.state_key() && *event.state_key() == event.sender().str();
}

RoomFacts facts_of(const matrix::EventList& state, const MatrixUserId& own) {
  RoomFacts facts;
  const matrix::RoomEvent* levels = nullptr;
  for (const matrix::RoomEvent& event : state.events()) {
    if (event.type() == "m.room.power_levels") levels = &event;
    if (!is_marker(event) || (facts.author && *facts.author == own)) continue;
    facts.author = event.sender();
    facts.alias = event.content()["alias"].string_or("");
  }
  const auto level = [levels](const char* of, std::int64_t otherwise) {
    return levels == nullptr ? otherwise : levels->content()[of].integer_or(otherwise);
  };
  std::int64_t highest = level("invite", 0) - 1;
  for (const matrix::RoomEvent& event : state.events()) {
    if (event.type() != "m.room.member" || !event.state_key()) continue;
    if (event.content()["membership"].string_or("") != "join") continue;
    const MatrixUserId member(*event.state_key());
    if (member == own) facts.is_in = true;
    if (member == own || matrix::server_name_of(member) != matrix::server_name_of(own)) continue;
    const std::int64_t usual = level("users_default", 0);
    const std::int64_t has = levels == nullptr ? usual : levels->content()["users"][member.str()].integer_or(usual);
    if (has <= highest) continue;
    highest = has;
    facts.inviter = member;
  }
  return facts;
}

}  // namespace

// Anybody may put a room of theirs under our alias, with a marker of their own: only a server administrator's counts,
// which nobody can make themselves.
Task<Result<bool>> RoomService::is_administrator(MatrixUserId user, net::CallContext context) {
  if (user == tokens_->admin()->user()) co_return true;
  if (!matrix::check_user_id(user)) co_return false;
  const Result<matrix::AdminUserAnswer> account =
      co_await tokens_->admin()->call(matrix::AdminGetUser(std::move(user)), context.step());
  if (account) co_return account->admin();
  const Errc code = account.error().code();
  if (code == Errc::not_found || code == Errc::invalid_argument) co_return false;
  co_return account.error();
}

Task<Result<bool>> RoomService::take_up(MatrixRoomId room, std::string alias, net::CallContext context) {
  credentials::AdminSession& admin = *tokens_->admin();
  const Result<matrix::EventList> state = co_await admin.call(matrix::AdminGetRoomState(room), context.step());
  if (!state) {
    const Errc code = state.error().code();
    if (code == Errc::not_found || code == Errc::invalid_argument || code == Errc::unsupported) co_return false;
    co_return state.error();
  }
  const RoomFacts facts = facts_of(*state, admin.user());
  if (!facts.author || (!alias.empty() && facts.alias != alias)) co_return false;
  const Result<bool> trusted = co_await is_administrator(*facts.author, context);
  if (!trusted || !*trusted) co_return trusted;
  const bool anothers = *facts.author != admin.user();

  // Whatever of this is refused, the room is ours and its members have it; it is tried again by who looks at it next.
  const auto gives_up = [](const Error& error) { return error.retriable() || error.code() == Errc::cancelled; };
  if (anothers) {
    const Result<matrix::Done> made = co_await admin.call(matrix::AdminMakeRoomAdmin(room, admin.user()),
                                                          context.step(), net::Repeatable::idempotent);
    if (!made && gives_up(made.error())) co_return made.error();
  }
  if (!facts.is_in) {
    Result<matrix::JoinRoomAnswer> joined =
        co_await admin.call(matrix::JoinRoom(room), context.step(), net::Repeatable::idempotent);
    if (!joined && gives_up(joined.error())) co_return joined.error();
    if (!joined && facts.inviter) {
      const Result<matrix::Done> invited = co_await tokens_->call(
          *facts.inviter, matrix::InviteUser(room, admin.user()), context.step(), net::Repeatable::idempotent);
      if (!invited && gives_up(invited.error())) co_return invited.error();
      joined = co_await admin.call(matrix::JoinRoom(room), context.step(), net::Repeatable::idempotent);
      if (!joined && gives_up(joined.error())) co_return joined.error();
    }
  }
  if (anothers) {
    // From now on it is told by the first look again.
    const Result<matrix::EventIdAnswer> marked =
        co_await admin.call(matrix::PutState(room, marker_type, admin.user().str(), marker(facts.alias)),
                            context.step(), net::Repeatable::idempotent);
    if (!marked && gives_up(marked.error())) co_return marked.error();
  }
  const Log& log = admin.client()->scheduler()->runtime()->log();
  log.write(LogLevel::info, "services", "room.taken_up",
            "a room that the library's account could not read is one of ours: " + room.str());
  co_return true;
}

}  // namespace confab::services
