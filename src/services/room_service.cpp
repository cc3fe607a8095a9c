#include "services/room_service.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <stop_token>
#include <utility>

#include "matrix/endpoints/capabilities.hpp"
#include "matrix/endpoints/directory.hpp"
#include "matrix/endpoints/rooms_create.hpp"
#include "matrix/endpoints/send.hpp"
#include "net/lease_on_loop.hpp"
#include "net/runtime_core.hpp"
#include "services/direct_list.hpp"
#include "util/json.hpp"
#include "util/no_memory.hpp"

namespace confab::services {

namespace {

constexpr int admin_level = 100;
constexpr int moderator_level = 50;

// Clients that know it (MSC4171) leave these accounts out when they name a room after who is in it.
constexpr const char* service_members_type = "io.element.functional_members";

// For about 100 ms after a race the winner's room cannot be read yet; a room that stays unreadable for this long is
// dead.
constexpr std::chrono::seconds half_made_patience{3};
constexpr std::chrono::milliseconds look_again_after{150};

// What only one process may do at a time is not begun unless the lease outlasts it, and this is the longest of it.
constexpr std::chrono::seconds making_limit{15};
static_assert(making_limit < RoomRecords::lease_length);
constexpr std::chrono::seconds farewell_limit{2};

// An alias that is taken for createRoom and unknown to the directory will not become either by asking on.
constexpr unsigned max_refusals = 3;

bool lost_a_race(const Error& error) {
  // 400 M_ROOM_IN_USE when the alias stood already, 409 M_UNKNOWN for the loser of a race, and every lost answer.
  return error.code() == Errc::conflict || error.code() == Errc::outcome_unknown || error.http_status() >= 500;
}

std::string power_levels(const ProviderRoomRequest& request, const std::optional<MatrixUserId>& admin) {
  const bool direct = !request.other().empty();
  json::Writer writer;
  writer.object().key("users").object();
  writer.member(request.creator().str(), moderator_level);
  if (direct) writer.member(request.other().str(), moderator_level);
  if (admin && *admin != request.creator()) writer.member(admin->str(), admin_level);
  writer.end();
  // Who may come in is the host's affair: members ask nobody in past its directory.
  writer.member("invite", direct ? admin_level : moderator_level);
  // Neither of two takes the other's words away.
  if (direct) writer.member("redact", admin_level);
  return std::move(writer).finish();
}

}  // namespace

Task<Result<std::optional<MatrixRoomId>>> RoomService::resolve(RoomAlias alias, net::CallContext context) {
  // Anybody may ask this, so it is asked without a token: it works while the admin is locked out.
  credentials::AdminSession& admin = *tokens_->admin();
  Result<matrix::ResolveAliasAnswer> found =
      co_await admin.client()->call(matrix::ResolveAlias(alias), Secret(), admin.user().str(), context.step());
  if (found) co_return std::optional<MatrixRoomId>(found->room_id());
  if (found.error().code() == Errc::not_found) co_return std::optional<MatrixRoomId>();
  co_return std::move(found).error();
}

std::string RoomService::marker(std::string_view alias) {
  json::Writer writer;
  writer.object().member("alias", alias).member("version", 1);
  return std::move(writer).finish();
}

Task<Result<RoomService::Whole>> RoomService::look(MatrixRoomId room, std::string alias, net::CallContext context) {
  Result<matrix::StateContentAnswer> marker = co_await tokens_->admin()->call(
      matrix::GetState(room, marker_type, tokens_->admin()->user().str()), context.step());
  if (marker) co_return marker->content()["alias"].string_or("") == alias ? Whole::yes : Whole::no;
  switch (marker.error().code()) {
    case Errc::not_found:
      co_return Whole::no;
    case Errc::forbidden:
      co_return Whole::unreadable;
    default:
      co_return std::move(marker).error();
  }
}

Task<Result<bool>> RoomService::creator_is_above_levels(net::CallContext context) {
  {
    const std::lock_guard lock(mutex_);
    if (above_levels_) co_return *above_levels_;
  }
  Result<matrix::CapabilitiesAnswer> answer =
      co_await tokens_->admin()->call(matrix::GetCapabilities(), context.step());
  if (!answer) co_return std::move(answer).error();
  // Room versions are names, not numbers, but those that order creators by power levels are a closed set: 1 to 11.
  const std::string& version = answer->default_room_version();
  static constexpr const char* with_levels[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"};
  bool above = true;
  for (const char* old : with_levels) above = above && version != old;
  const std::lock_guard lock(mutex_);
  above_levels_ = above;
  co_return above;
}

std::string RoomService::service_members() const {
  json::Writer writer;
  writer.object().key("service_members").array().value(tokens_->admin()->user().str()).end();
  return std::move(writer).finish();
}

Task<Result<MatrixRoomId>> RoomService::create(ProviderRoomRequest request, net::CallContext context) {
  Result<bool> above = co_await creator_is_above_levels(context);
  if (!above) co_return std::move(above).error();
  // In room version 12 the account that makes the room stands above all levels and may not be listed in them.
  std::optional<MatrixUserId> listed_admin;
  if (!*above) listed_admin = tokens_->admin()->user();

  matrix::CreateRoom create(request.is_public() ? matrix::RoomPreset::public_chat : matrix::RoomPreset::private_chat);
  create.alias_localpart(request.alias_localpart()).name(request.name()).topic(request.topic());
  create.listed(request.is_public());
  create.power_levels(power_levels(request, listed_admin));
  if (!request.other().empty()) {
    create.direct(true).invite(request.creator()).invite(request.other());
    create.initial_state(service_members_type, "", service_members());
  }
  create.initial_state("m.room.guest_access", "", R"({"guest_access":"forbidden"})");
  create.initial_state("m.room.history_visibility", "", R"({"history_visibility":"shared"})");
  create.initial_state(marker_type, tokens_->admin()->user().str(), marker(request.alias_localpart()));
  Result<matrix::CreateRoomAnswer> made = co_await tokens_->admin()->call(std::move(create), context.step());
  if (!made) co_return std::move(made).error();
  co_return made->room_id();
}

Task<Result<MatrixRoomId>> RoomService::ensure_room(std::shared_ptr<RoomService> self, ProviderRoomRequest request,
                                                    net::CallContext context) {
  const std::string alias = request.alias_localpart();
  const auto make = [self, request](net::CallContext own) {
    return find_or_make_and_note(self, request, std::move(own));
  };
  co_return co_await net::Flights<MatrixRoomId>::join(
      self->flights_, alias, Error(Errc::internal, "the room could not be made; please report it"), std::move(context),
      make);
}

Task<Result<MatrixRoomId>> RoomService::find_or_make_and_note(std::shared_ptr<RoomService> self,
                                                              ProviderRoomRequest request, net::CallContext context) {
  const std::string alias = request.alias_localpart();
  Making making;
  Result<MatrixRoomId> room = no_memory();
  try {
    room = co_await self->find_or_make(std::move(request), making, context);
  } catch (...) {  // whoever is next shall not have to wait until the lease ends
    room = net::error_of_exception();
  }
  for (int tries = 0; making.lease && making.lease->owes() && tries < net::most_farewells; ++tries) {
    try {
      net::CallContext parting(context.loop(), net::Clock::now() + farewell_limit, std::stop_token());
      co_await net::release_lease(making.lease, std::move(parting));
    } catch (...) {  // once more
    }
  }
  if (room && self->records_) co_await self->records_->put(alias, *room, context);
  co_return room;
}

bool RoomService::may_be_out(const MatrixRoomId& room) {
  const std::lock_guard lock(mutex_);
  const net::TimePoint now = net::Clock::now();
  const std::optional<net::TimePoint> last = looked_at_.find(room.str());
  if (last && now - *last < look_pause) return false;
  looked_at_.put(room.str(), now);
  return true;
}

bool RoomService::known_as_ours(const MatrixRoomId& room, const std::string& alias) {
  const std::optional<net::TimePoint> found = ours_unread_.find(room.str() + ' ' + alias);
  return found && net::Clock::now() - *found < look_pause;
}

void RoomService::note_as_ours(const MatrixRoomId& room, const std::string& alias) {
  ours_unread_.put(room.str() + ' ' + alias, net::Clock::now());
}

Task<bool> RoomService::may_make(std::string alias, Making& making, net::CallContext context) {
  if (!records_ || making.without) co_return true;
  const net::TimePoint now = net::Clock::now();
  if (making.lease && making.lease->covers(now + making_limit)) co_return true;
  if (!making.lease) {
    Result<std::shared_ptr<store::Lease>> made = records_->lease(alias);
    making.without = !made;
    if (!made) co_return true;
    making.lease = std::move(*made);
  }
  const net::LeaseOutcome outcome = co_await net::ask_lease(
      making.lease, context.until(std::min(context.deadline(), now + RoomRecords::store_patience)));
  if (outcome != net::LeaseOutcome::failed) co_return outcome == net::LeaseOutcome::held;
  // The homeserver gives an alias once all the same: a store that fails makes races likelier, no more.
  making.lease.reset();
  making.without = true;
  co_return true;
}

Task<Result<MatrixRoomId>> RoomService::find_or_make(ProviderRoomRequest request, Making& making,
                                                     net::CallContext context) {
  const std::string localpart = request.alias_localpart();
  const RoomAlias alias = this->alias(localpart);
  std::optional<net::TimePoint> half_made_since;
  MatrixRoomId half_made;
  bool looked_alone = false;  // while nobody else could be making it
  int looks = 0;              // at this one
  bool waited = false;        // for another process that was making it
  std::optional<Error> race;
  unsigned refusals = 0;
  for (;;) {
    // Asked first: every refused createRoom costs one of the few that the homeserver allows.
    Result<std::optional<MatrixRoomId>> resolved = co_await resolve(alias, context);
    if (!resolved) co_return std::move(resolved).error();
    if (!*resolved) {
      half_made_since.reset();
      const bool ours = co_await may_make(localpart, making, context);
      // Whoever was at it may have made it since it was looked for.
      if (ours && std::exchange(waited, false)) continue;
      waited = !ours;
      if (ours) {
        const net::TimePoint end = std::min(context.deadline(), net::Clock::now() + making_limit);
        Result<MatrixRoomId> made = co_await create(request, context.until(end));
        if (made && !request.other().empty()) co_await list_as_direct(tokens_, request, *made, context);
        if (made) co_return made;
        const bool late = made.error().code() == Errc::timed_out && net::Clock::now() < context.deadline();
        if (!late && (!lost_a_race(made.error()) || ++refusals >= max_refusals)) co_return made;
        race = made.error();
      }
    } else {
      Result<Whole> whole = co_await look(**resolved, localpart, context);
      if (!whole) co_return std::move(whole).error();
      if (*whole == Whole::yes) co_return **resolved;
      const net::TimePoint now = net::Clock::now();
      // Each room has its own patience: the alias may have been taken back and given to another one meanwhile.
      if (!half_made_since || half_made != **resolved) {
        half_made_since = now;
        looked_alone = false;
        looks = 0;
      }
      half_made = **resolved;
      if (*whole == Whole::unreadable && known_as_ours(half_made, localpart)) co_return half_made;
      const bool patient = now - *half_made_since < half_made_patience;
      // Not at once: while somebody is making it, it cannot be read for a moment.
      if (!patient || (++looks == 2 && *whole == Whole::unreadable)) {
        const Result<bool> ours = co_await is_ours(half_made, localpart, *whole, context);
        if (!ours && (!patient || ours.error().retriable() || ours.error().code() == Errc::cancelled)) {
          co_return ours.error();
        }
        if (ours && *ours) co_return half_made;
      }
      if (!patient) {
        if (!co_await may_make(localpart, making, context)) {
          // Somebody is at it.
          half_made_since.reset();
        } else if (!std::exchange(looked_alone, true)) {
          // Whoever was at it may have finished just now.
          continue;
        } else {
          // Nobody is finishing it: a crash left the alias on a room that never became one. Take the name back.
          const net::TimePoint end = std::min(context.deadline(), net::Clock::now() + making_limit);
          Result<matrix::Done> removed = co_await tokens_->admin()->call(
              matrix::DeleteAlias(alias), context.until(end).step(), net::Repeatable::idempotent);
          half_made_since.reset();
          if (removed || removed.error().code() == Errc::not_found) continue;
          const bool late = removed.error().code() == Errc::timed_out && net::Clock::now() < context.deadline();
          if (!late) co_return std::move(removed).error();
        }
      }
    }
    const bool slept = co_await context.loop().sleep_until(net::Clock::now() + look_again_after, context.stop());
    if (!slept || net::Clock::now() >= context.deadline()) {
      if (race) co_return std::move(*race);
      co_return net::stopped_error(context);
    }
  }
}

// Of a room whose marker was not found by a look.
Task<Result<bool>> RoomService::is_ours(MatrixRoomId room, std::string alias, Whole seen, net::CallContext context) {
  if (seen == Whole::unreadable && known_as_ours(room, alias)) co_return true;
  const Result<Ours> ours = co_await take_up(room, alias, std::move(context));
  if (!ours) co_return ours.error();
  if (*ours == Ours::already && seen == Whole::unreadable) note_as_ours(room, alias);
  co_return *ours != Ours::no;
}

Task<Result<bool>> RoomService::is_made(MatrixRoomId room, std::string alias, net::CallContext context) {
  const Result<Whole> seen = co_await look(room, alias, context);
  if (!seen) co_return seen.error();
  if (*seen == Whole::yes) co_return true;
  co_return co_await is_ours(std::move(room), std::move(alias), *seen, std::move(context));
}

Task<Result<MatrixRoomId>> RoomService::find_room(std::shared_ptr<RoomService> self, std::string alias_localpart,
                                                  net::CallContext context) {
  std::optional<RoomRecords::Remembered> remembered;
  if (self->records_) remembered = co_await self->records_->find(alias_localpart, context);
  if (remembered && remembered->believed()) co_return remembered->room();
  Result<std::optional<MatrixRoomId>> resolved = co_await self->resolve(self->alias(alias_localpart), context);
  if (!resolved) co_return std::move(resolved).error();
  if (remembered && *resolved == remembered->room()) {
    co_await self->records_->put(std::move(alias_localpart), remembered->room(), context);
    co_return remembered->room();
  }
  if (remembered) co_await self->records_->forget(alias_localpart, remembered->room(), context);
  const Error not_made = Error(Errc::not_found, "the room was not made yet").with_subject("room");
  if (!*resolved) co_return not_made;
  // What is said in a room that was only begun is lost when it is made anew. Where that cannot be told, because the
  // admin is locked out perhaps, the alias is believed for this time.
  const Result<bool> made = co_await self->is_made(**resolved, alias_localpart, context);
  if (!made) co_return std::move(**resolved);
  if (!*made) co_return not_made;
  if (self->records_) co_await self->records_->put(std::move(alias_localpart), **resolved, context);
  co_return std::move(**resolved);
}

Task<Result<std::size_t>> RoomService::forget_rooms(std::shared_ptr<RoomService> self, std::string alias_prefix,
                                                    net::CallContext context) {
  if (!self->records_) co_return std::size_t{0};
  co_return co_await self->records_->forget_all(std::move(alias_prefix), std::move(context));
}

Task<Result<std::string>> RoomService::room_alias(std::shared_ptr<RoomService> self, MatrixRoomId room,
                                                  net::CallContext context) {
  credentials::AdminSession& admin = *self->tokens_->admin();
  Result<matrix::StateContentAnswer> marker =
      co_await admin.call(matrix::GetState(room, marker_type, admin.user().str()), context.step());
  if (marker) {
    std::string localpart(marker->content()["alias"].string_or(""));
    if (!localpart.empty()) co_return localpart;
  } else {
    const Errc code = marker.error().code();
    // In a room of somebody else's the library's account is not.
    const bool none = code == Errc::not_found || code == Errc::forbidden || code == Errc::invalid_argument;
    if (!none) co_return std::move(marker).error();
  }
  co_return Error(Errc::not_found, "the room is none that was made here").with_subject("room");
}

}  // namespace confab::services
