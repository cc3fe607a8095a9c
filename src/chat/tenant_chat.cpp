#include "chat/tenant_chat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "chat/message_check.hpp"
#include "chat/remedy.hpp"
#include "chat/slug.hpp"
#include "credentials/closed_account.hpp"
#include "matrix/identifiers.hpp"
#include "net/await_pending.hpp"
#include "util/text.hpp"

namespace confab::chat {
namespace {

constexpr std::size_t most_messages = 1000;
constexpr std::size_t longest_token = 1024;
// Each may cost some requests within the one deadline.
constexpr std::size_t most_first_members = 100;

Error bad_history(std::string_view subject, std::string text) {
  return Error(Errc::invalid_argument, std::move(text)).with_subject(subject);
}

Result<void> check_history(const HistoryRequest& request) {
  if (request.limit() < 1 || request.limit() > most_messages) {
    return bad_history("limit", fmt::format("the limit must be 1 to {}", most_messages));
  }
  const std::string& from = request.from().str();
  const bool printable = std::all_of(from.begin(), from.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (from.size() > longest_token || !printable) return bad_history("from", "from is no token of a page of history");
  return {};
}

// What the homeserver would say of somebody who is known to be out.
Error not_in() { return Error(Errc::forbidden, "the user is not in the room").with_subject("user"); }

// Why the room could not be read before a repeat: where that can be helped, the repeat can.
Error refused_look(const Error& error) {
  constexpr int status_forbidden = 403;
  constexpr int status_not_found = 404;
  if (error.http_status() == status_forbidden) return error.with_code(Errc::forbidden);
  if (error.http_status() == status_not_found) return error.with_code(Errc::not_found);
  return error;
}

// The transport's words for what is one level higher here.
Error in_words_of_host(const Error& error, const HistoryRequest& request) {
  if (error.code() != Errc::invalid_argument || request.from().empty()) return error;
  return error.with_message("from is no token that a page of this room's history ended with").with_subject("from");
}

}  // namespace

Result<KnownUser> TenantChat::find_user(const UserSlug& slug) const {
  if (auto checked = check_slug(slug); !checked) return std::move(checked).error();
  auto user = directory_->user(slug);
  if (!user) {
    return Error(Errc::not_found, fmt::format("the directory lists no user {}", in_quotes(slug.str())))
        .with_subject("user");
  }
  MatrixUserId id(text::concat({"@", names_.localpart(user->id()), ":", provider_->server_name()}));
  if (id.str().size() > matrix::max_identifier_bytes) {
    return Error(Errc::invalid_argument,
                 fmt::format("the id of user {} is too long for a Matrix user id", in_quotes(slug.str())))
        .with_subject("user");
  }
  return KnownUser(std::move(*user), std::move(id));
}

std::string TenantChat::flow_of(const UserSlug& slug) const {
  auto known = find_user(slug);
  return known ? known->id().str() : slug.str();
}

Result<DirectoryRoom> TenantChat::find_room(const RoomRef& ref) const {
  if (auto checked = check_slug(ref); !checked) return std::move(checked).error();
  if (ref.kind() == RoomKind::direct) {
    // Both are known to this tenant, or there is nothing to speak of; nobody else is admitted.
    for (const UserSlug* user : {&ref.first(), &ref.second()}) {
      if (auto known = find_user(*user); !known) return std::move(known).error();
    }
    return DirectoryRoom(ref, {}, false, ref.first(), {DirectoryMember(ref.second(), {}, {})});
  }
  auto room = directory_->room(ref);
  if (room) return std::move(*room);
  return Error(Errc::not_found, fmt::format("the directory lists no {}", in_words(ref)))
      .with_subject(room_kind_name(ref.kind()));
}

Result<void> TenantChat::admit(const DirectoryRoom& room, const UserSlug& user) {
  if (room.admits(user)) return {};
  return Error(Errc::forbidden,
               fmt::format("the directory does not list user {} in {}", in_quotes(user.str()), in_words(room.ref())))
      .with_subject("user");
}

std::size_t TenantChat::longest_alias() const {
  return matrix::max_identifier_bytes - provider_->server_name().size() - 2;  // "#" and ":"
}

Result<std::string> TenantChat::alias(const RoomRef& ref) const {
  const std::size_t most = longest_alias();
  std::string name;
  if (ref.kind() == RoomKind::direct) {
    auto first = find_user(ref.first());
    if (!first) return std::move(first).error();
    auto second = find_user(ref.second());
    if (!second) return std::move(second).error();
    name = direct_alias_localpart(tenant_, first->user().id(), second->user().id(), most);
  } else {
    name = alias_localpart(tenant_, ref);
  }
  if (name.size() <= most) return name;
  return Error(Errc::invalid_argument, fmt::format("the name of {} is too long for a room alias", in_words(ref)))
      .with_subject(room_kind_name(ref.kind()));
}

std::optional<MatrixRoomId> TenantChat::room_at_hand(const RoomRef& ref) {
  if (ref.kind() == RoomKind::direct) return std::nullopt;
  const Result<std::string> name = alias(ref);
  return name ? rooms_.find(*name) : std::nullopt;
}

Task<Result<MatrixRoomId>> TenantChat::room_id(Self self, RoomRef ref, net::CallContext context) {
  const Result<std::string> name = self->alias(ref);
  if (!name) co_return name.error();
  if (auto cached = self->rooms_.find(*name)) co_return std::move(*cached);
  Pending<MatrixRoomId> finding = self->provider_->find_room(*name, options_of(context));
  Result<MatrixRoomId> found = co_await net::on_loop(context, std::move(finding));
  if (found) {
    self->remember(ref, *name, found.value());
  } else if (found.error().code() == Errc::not_found) {
    co_return found.error()
        .with_message(fmt::format("the room of {} was not made yet: make it first", in_words(ref)))
        .with_subject(room_kind_name(ref.kind()));
  }
  co_return found;
}

// Joins, and makes the account where that is what was missing.
Task<Result<void>> TenantChat::enter(Self self, MatrixRoomId room, KnownUser user, net::CallContext context) {
  Pending<void> joining = self->provider_->join(room, user.id(), options_of(context));
  Result<void> joined = co_await net::on_loop(context, std::move(joining));
  if (!joined && self->lacks_account(joined.error())) {
    Result<void> made = co_await make_account(self, user, context);
    if (!made) co_return made;
    Pending<void> once_more = self->provider_->join(room, user.id(), options_of(context));
    joined = co_await net::on_loop(context, std::move(once_more));
  }
  if (joined) self->memberships_.put(room, user.id(), MembershipCache::Place::in);
  co_return joined;
}

// A homeserver takes those whose account it closes out of their rooms, and the admin's tokens for them go on: by these
// nobody is brought back.
Task<Result<void>> TenantChat::still_open(Self self, KnownUser user, net::CallContext context) {
  Pending<Account> looking = self->provider_->account(user.id(), options_of(context));
  const Result<Account> account = co_await net::on_loop(context, std::move(looking));
  if (account && account->state() == AccountState::deactivated) {
    self->open_.forget(user.id());
    if (self->reactivate_accounts_) co_return co_await make_account(self, std::move(user), std::move(context));
    co_return credentials::closed_account();
  }
  if (account) self->open_.put(user.id());
  co_return Result<void>();
}

// What can be done about an error of a request as a user to a room: each remedy once. Nothing is checked beforehand, so
// that the usual case costs one request.
Task<Result<TenantChat::Way>> TenantChat::mend(Self self, Way way, Error error, KnownUser user, RoomRef ref,
                                               net::CallContext context) {
  const MembershipCache::Place place = self->memberships_.find(way.room, user.id());
  const bool is_in = place == MembershipCache::Place::in;
  Remedy remedy = remedy_for(error, is_in);
  if (error.code() == Errc::account_deactivated && self->reactivate_accounts_) remedy = Remedy::renew;
  if (remedy == Remedy::join && !way.joined) {
    way.joined = true;
    // Of a newcomer, whose account was looked at or made a moment ago, it is known.
    if (place != MembershipCache::Place::unknown || !self->open_.seen(user.id())) {
      Result<void> open = co_await still_open(self, user, context);
      if (!open) co_return std::move(open).error();
    }
    Result<void> joined = co_await enter(self, way.room, user, context);
    if (joined) co_return way;
    error = joined.error();
    remedy = remedy_for(error, false);  // the room is gone, which the homeserver does not tell from "not in it"
  }
  if (remedy == Remedy::renew && !way.renewed) {
    way.renewed = true;
    Result<void> made = co_await make_account(self, user, context);
    if (!made) co_return std::move(made).error();
    if (const Result<std::string> name = self->alias(ref)) self->rooms_.forget(*name, way.room);
    Result<MatrixRoomId> room = Error(Errc::internal, "not asked");
    if (way.makes) {
      room = co_await reach(self, ref, user, context);
    } else {
      room = co_await room_id(self, ref, context);
    }
    if (!room) co_return std::move(room).error();
    if (way.room != *room) way.joined = false;  // it may be entered, too
    way.room = std::move(*room);
    co_return way;
  }
  co_return error;
}

Task<Result<Room>> TenantChat::ensure_room(Self self, RoomRequest request, net::CallContext context) {
  if (request.ref().kind() == RoomKind::direct) co_return co_await ensure_direct(self, std::move(request), context);
  auto creator = self->find_user(request.creator());
  if (!creator) co_return std::move(creator).error();
  auto listed = self->find_room(request.ref());
  if (!listed) co_return std::move(listed).error();
  if (listed->creator() != request.creator()) {
    co_return Error(Errc::forbidden, fmt::format("the directory does not list user {} as the creator of {}",
                                                 in_quotes(request.creator().str()), in_words(request.ref())))
        .with_subject("creator");
  }
  std::string name = request.name();
  if (auto checked = check_name("room name", name); !checked) co_return std::move(checked).error();
  if (name.empty()) name = default_name(request.ref());
  if (auto checked = check_topic(request.topic()); !checked) co_return std::move(checked).error();
  const std::string topic = request.topic().empty() ? "Discussion for " + listed->name() : request.topic();

  if (request.members().size() > most_first_members) {
    co_return Error(Errc::invalid_argument, fmt::format("at most {} members join with a room", most_first_members))
        .with_subject("members");
  }
  std::vector<KnownUser> members;
  for (const UserSlug& slug : request.members()) {
    auto member = self->find_user(slug);
    if (!member) co_return std::move(member).error().with_subject("members");
    if (auto admitted = admit(*listed, slug); !admitted) co_return std::move(admitted).error().with_subject("members");
    if (slug != request.creator()) members.push_back(std::move(*member));
  }

  Result<std::string> alias = self->alias(request.ref());
  if (!alias) co_return std::move(alias).error();
  Result<void> account = co_await make_account(self, *creator, context);
  if (!account) co_return std::move(account).error();

  ProviderRoomRequest room(*alias, creator->id());
  room.name(name).topic(topic).make_public(request.is_public() || listed->is_public());
  Pending<MatrixRoomId> making = self->provider_->ensure_room(std::move(room), options_of(context));
  Result<MatrixRoomId> made = co_await net::on_loop(context, std::move(making));
  if (!made) co_return std::move(made).error();
  Result<void> joined = co_await enter(self, made.value(), *creator, context);
  if (!joined) co_return std::move(joined).error();
  self->remember(request.ref(), *alias, made.value());
  for (const KnownUser& member : members) {
    account = co_await make_account(self, member, context);
    if (!account) co_return std::move(account).error();
    joined = co_await enter(self, made.value(), member, context);
    if (!joined) co_return std::move(joined).error().with_subject("members");
  }
  co_return Room(request.ref(), std::move(*made), std::move(name));
}

Result<KnownUser> TenantChat::may_send(const Message& message) const {
  auto user = find_user(message.sender());
  if (!user) return user;
  auto listed = find_room(message.room());
  if (!listed) return std::move(listed).error();
  if (auto admitted = admit(*listed, message.sender()); !admitted) return std::move(admitted).error();
  if (auto checked = check_message(message, user->id()); !checked) return std::move(checked).error();
  return user;
}

Task<Result<EventId>> TenantChat::send(Self self, Message message, net::CallContext context) {
  // Chosen before the first attempt, and the same for all of them.
  if (message.transaction_id().empty()) message.transaction_id(make_transaction_id());
  return deliver(std::move(self), std::move(message), std::nullopt, std::move(context));
}

Task<Result<EventId>> TenantChat::deliver(Self self, Message message, std::optional<WallTime> first_tried,
                                          net::CallContext context) {
  auto user = self->may_send(message);
  if (!user) co_return std::move(user).error();

  std::optional<MatrixRoomId> known = self->room_at_hand(message.room());
  if (!known) {
    Result<MatrixRoomId> room = co_await reach(self, message.room(), *user, context);
    if (!room) co_return std::move(room).error();
    known = std::move(*room);
  }
  Way way(std::move(*known));
  way.makes = true;
  if (self->memberships_.find(way.room, user->id()) == MembershipCache::Place::out) {
    Result<Way> entered = co_await mend(self, way, not_in(), *user, message.room(), context);
    if (!entered) co_return std::move(entered).error();
    way = std::move(*entered);
  }
  for (;;) {
    ProviderMessage outgoing(way.room, user->id(), message.body(), message.transaction_id());
    if (first_tried) outgoing.first_tried(*first_tried);
    outgoing.formatted(message.formatted()).kind(message.kind()).reply_to(message.reply_to());
    outgoing.even_if_encrypted(self->plain_text_in_encrypted_rooms_).repeated(message.repeated());
    Pending<EventId> sending = self->provider_->send(std::move(outgoing), options_of(context));
    Result<EventId> sent = co_await net::on_loop(context, std::move(sending));
    if (sent) co_return sent;
    const Error& error = sent.error();
    const bool unread = error.code() == Errc::outcome_unknown && message.repeated();
    const Error reason = unread ? refused_look(error) : error;
    Result<Way> mended = co_await mend(self, way, reason, *user, message.room(), context);
    // Whether an earlier attempt arrived is as open as before.
    if (!mended && unread) co_return sent;
    if (!mended) co_return std::move(mended).error();
    way = std::move(*mended);
  }
}

Task<Result<MessagePage>> TenantChat::history(Self self, HistoryRequest request, net::CallContext context) {
  auto user = self->find_user(request.reader());
  if (!user) co_return std::move(user).error();
  auto listed = self->find_room(request.room());
  if (!listed) co_return std::move(listed).error();
  if (auto admitted = admit(*listed, request.reader()); !admitted) co_return std::move(admitted).error();
  if (auto checked = check_history(request); !checked) co_return std::move(checked).error();

  Result<MatrixRoomId> room = co_await room_id(self, request.room(), context);
  if (!room && room.error().code() == Errc::not_found) co_return MessagePage(MatrixRoomId(), {}, PageToken());
  if (!room) co_return std::move(room).error();
  Way way(std::move(*room));
  for (;;) {
    ProviderHistoryRequest asked(way.room, user->id());
    asked.limit(request.limit()).from(request.from()).reactions(request.reactions());
    Pending<MessagePage> reading = self->provider_->history(std::move(asked), options_of(context));
    Result<MessagePage> page = co_await net::on_loop(context, std::move(reading));
    if (page) co_return page;
    Result<Way> mended = co_await mend(self, way, page.error(), *user, request.room(), context);
    if (!mended && mended.error().code() == Errc::not_found) co_return MessagePage(MatrixRoomId(), {}, PageToken());
    if (!mended) co_return in_words_of_host(mended.error(), request);
    way = std::move(*mended);
  }
}

}  // namespace confab::chat
