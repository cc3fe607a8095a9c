// A room of ours that the library's account cannot read: it has left, or it is another account than the one that made
// the room.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

// Who is asked about, at most, whether they are an administrator: everybody who may send state can have left a marker.
constexpr std::size_t most_authors = 4;
// For the one request that is made in another's name.
constexpr std::chrono::minutes inviting_limit{1};

struct Marker {
  MatrixUserId author;
  std::string alias;
};

// What the state of the room tells an account that may not be in it.
struct RoomFacts {
  std::vector<Marker> markers;          // our own first, then that of who made the room
  bool is_in = false;                   // the library's account
  std::optional<MatrixUserId> inviter;  // a local member who may invite
};

// By Matrix's authorisation rules a state key that is a user id is written by that user alone; a server that lets
// others write it is none that we trust, so the sender is looked at as well.
bool is_marker(const matrix::RoomEvent& event) {
  return event.type() == RoomService::marker_type && event.state_key() && *event.state_key() == event.sender().str();
}

// `alias`: only markers of this one; empty: of any.
RoomFacts facts_of(const matrix::EventList& state, const MatrixUserId& own, const std::string& alias) {
  RoomFacts facts;
  const matrix::RoomEvent* levels = nullptr;
  MatrixUserId creator;
  for (const matrix::RoomEvent& event : state.events()) {
    if (event.type() == "m.room.power_levels") levels = &event;
    if (event.type() == "m.room.create") creator = event.sender();
    if (!is_marker(event)) continue;
    Marker marker{event.sender(), std::string(event.content()["alias"].string_or(""))};
    if (!marker.alias.empty() && (alias.empty() || marker.alias == alias)) facts.markers.push_back(std::move(marker));
  }
  const auto place = [&](const Marker& marker) { return marker.author == own ? 0 : marker.author == creator ? 1 : 2; };
  std::stable_sort(facts.markers.begin(), facts.markers.end(),
                   [&](const Marker& a, const Marker& b) { return place(a) < place(b); });
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

// As the admin's login-as-user does it, and without a trace: the member may be anybody, whose token and password are
// none of the library's business.
Task<Result<matrix::Done>> RoomService::ask_in(MatrixUserId member, MatrixRoomId room, net::CallContext context) {
  credentials::AdminSession& admin = *tokens_->admin();
  Result<matrix::AdminLoginAsAnswer> acting = co_await admin.call(
      matrix::AdminLoginAs(member, std::chrono::system_clock::now() + inviting_limit), context.step());
  if (!acting) co_return std::move(acting).error();
  co_return co_await admin.client()->call(matrix::InviteUser(std::move(room), admin.user()), acting->access_token(),
                                          member.str(), context.step(), net::Repeatable::idempotent);
}

Task<Result<RoomService::Ours>> RoomService::take_up(MatrixRoomId room, std::string alias, net::CallContext context) {
  credentials::AdminSession& admin = *tokens_->admin();
  const Result<matrix::EventList> state = co_await admin.call(matrix::AdminGetRoomState(room), context.step());
  if (!state) {
    const Errc code = state.error().code();
    if (code == Errc::not_found || code == Errc::invalid_argument || code == Errc::unsupported) co_return Ours::no;
    co_return state.error();
  }
  const RoomFacts facts = facts_of(*state, admin.user(), alias);
  const Marker* found = nullptr;
  for (std::size_t i = 0; i < std::min(facts.markers.size(), most_authors) && found == nullptr; ++i) {
    const Result<bool> trusted = co_await is_administrator(facts.markers[i].author, context);
    if (!trusted) co_return trusted.error();
    if (*trusted) found = &facts.markers[i];
  }
  if (found == nullptr) co_return Ours::no;
  const bool anothers = found->author != admin.user();
  if (!anothers && facts.is_in) co_return Ours::already;

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
      const Result<matrix::Done> invited = co_await ask_in(*facts.inviter, room, context);
      if (!invited && gives_up(invited.error())) co_return invited.error();
      joined = co_await admin.call(matrix::JoinRoom(room), context.step(), net::Repeatable::idempotent);
      if (!joined && gives_up(joined.error())) co_return joined.error();
    }
    if (!joined) co_return Ours::already;
  }
  if (anothers) {
    // From now on it is told by the first look again.
    const Result<matrix::EventIdAnswer> marked =
        co_await admin.call(matrix::PutState(room, marker_type, admin.user().str(), marker(found->alias)),
                            context.step(), net::Repeatable::idempotent);
    if (!marked && gives_up(marked.error())) co_return marked.error();
  }
  const Log& log = admin.client()->scheduler()->runtime()->log();
  log.write(LogLevel::info, "services", "room.taken_up",
            "a room that the library's account could not read is one of ours: " + room.str());
  co_return Ours::taken_up;
}

}  // namespace confab::services
