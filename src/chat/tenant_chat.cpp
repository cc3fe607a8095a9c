#include "chat/tenant_chat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "chat/message_check.hpp"
#include "chat/slug.hpp"
#include "matrix/identifiers.hpp"
#include "net/await_pending.hpp"

namespace confab::chat {
namespace {

constexpr std::size_t most_messages = 1000;
constexpr std::size_t longest_token = 1024;

CallOptions options_of(const net::CallContext& context) { return CallOptions().until(context.deadline()); }

std::string words(const RoomRef& ref) { return fmt::format("{} {}", kind_name(ref.kind()), quoted(ref.slug().str())); }

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
    return Error(Errc::not_found, fmt::format("the directory lists no user {}", quoted(slug.str())))
        .with_subject("user");
  }
  MatrixUserId id(fmt::format("@{}:{}", names_.localpart(user->id()), provider_->server_name()));
  if (id.str().size() > matrix::max_identifier_bytes) {
    return Error(Errc::invalid_argument,
                 fmt::format("the id of user {} is too long for a Matrix user id", quoted(slug.str())))
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
  auto room = directory_->room(ref);
  if (room) return std::move(*room);
  return Error(Errc::not_found, fmt::format("the directory lists no {}", words(ref)))
      .with_subject(kind_name(ref.kind()));
}

Result<void> TenantChat::admit(const DirectoryRoom& room, const UserSlug& user) {
  if (room.admits(user)) return {};
  return Error(Errc::forbidden,
               fmt::format("the directory does not list user {} in {}", quoted(user.str()), words(room.ref())))
      .with_subject("user");
}

Task<Result<void>> TenantChat::make_account(Self self, KnownUser user, net::CallContext context) {
  Pending<void> made = self->provider_->ensure_account(user.id(), user.user().name(), options_of(context));
  co_return co_await net::on_loop(context, std::move(made));
}

Task<Result<Account>> TenantChat::ensure_user(Self self, UserSlug slug, std::string name, net::CallContext context) {
  auto user = self->find_user(slug);
  if (!user) co_return std::move(user).error();
  if (name.empty()) name = user->user().name();
  if (auto checked = check_name("display name", name); !checked) co_return std::move(checked).error();
  Pending<void> making = self->provider_->ensure_account(user->id(), name, options_of(context));
  Result<void> made = co_await net::on_loop(context, std::move(making));
  if (!made) co_return std::move(made).error();
  co_return Account(std::move(slug), user->id(), std::move(name));
}

Task<Result<MatrixRoomId>> TenantChat::room_id(Self self, RoomRef ref, net::CallContext context) {
  const std::string name = self->alias(ref);
  if (auto cached = self->rooms_.find(name)) co_return std::move(*cached);
  const RoomAlias full(fmt::format("#{}:{}", name, self->provider_->server_name()));
  if (full.str().size() > matrix::max_identifier_bytes) {
    co_return Error(Errc::invalid_argument, fmt::format("the slug of {} is too long for a room alias", words(ref)))
        .with_subject(kind_name(ref.kind()));
  }
  Pending<MatrixRoomId> finding = self->provider_->find_room(name, options_of(context));
  Result<MatrixRoomId> found = co_await net::on_loop(context, std::move(finding));
  if (found) {
    self->rooms_.put(name, found.value());
  } else if (found.error().code() == Errc::not_found) {
    co_return found.error()
        .with_message(fmt::format("the room of {} was not made yet: make it first", words(ref)))
        .with_subject(kind_name(ref.kind()));
  }
  co_return found;
}

// Joins, and makes the account where that is what was missing.
Task<Result<void>> TenantChat::enter(Self self, MatrixRoomId room, KnownUser user, net::CallContext context) {
  Pending<void> joining = self->provider_->join(room, user.id(), options_of(context));
  Result<void> joined = co_await net::on_loop(context, std::move(joining));
  if (joined || joined.error().code() != Errc::not_found) co_return joined;
  Result<void> made = co_await make_account(self, user, context);
  if (!made) co_return made;
  Pending<void> once_more = self->provider_->join(room, user.id(), options_of(context));
  co_return co_await net::on_loop(context, std::move(once_more));
}

// What can be done about an error of a request as a user to a room: each remedy once. Nothing is checked beforehand, so
// that the usual case costs one request.
Task<Result<TenantChat::Way>> TenantChat::mend(Self self, Way way, Error error, KnownUser user, RoomRef ref,
                                               net::CallContext context) {
  if (error.code() == Errc::forbidden && !way.joined) {
    way.joined = true;
    Result<void> joined = co_await enter(self, way.room, user, context);
    if (!joined) co_return std::move(joined).error();
    co_return way;
  }
  // No such account, or the room that we remember is gone.
  if (error.code() == Errc::not_found && !way.renewed) {
    way.renewed = true;
    Result<void> made = co_await make_account(self, user, context);
    if (!made) co_return std::move(made).error();
    self->rooms_.forget(self->alias(ref), way.room);
    Result<MatrixRoomId> room = co_await room_id(self, ref, context);
    if (!room) co_return std::move(room).error();
    way.room = std::move(*room);
    co_return way;
  }
  co_return error;
}

Task<Result<Room>> TenantChat::ensure_room(Self self, RoomRequest request, net::CallContext context) {
  auto creator = self->find_user(request.creator());
  if (!creator) co_return std::move(creator).error();
  auto listed = self->find_room(request.ref());
  if (!listed) co_return std::move(listed).error();
  if (listed->creator() != request.creator()) {
    co_return Error(Errc::forbidden, fmt::format("the directory does not list user {} as the creator of {}",
                                                 quoted(request.creator().str()), words(request.ref())))
        .with_subject("creator");
  }
  std::string name = request.name();
  if (auto checked = check_name("room name", name); !checked) co_return std::move(checked).error();
  if (name.empty()) name = fmt::format("{}-{}", kind_name(request.ref().kind()), request.ref().slug().str());

  const std::string alias = self->alias(request.ref());
  if (alias.size() + self->provider_->server_name().size() + 2 > matrix::max_identifier_bytes) {
    co_return Error(Errc::invalid_argument,
                    fmt::format("the slug of {} is too long for a room alias", words(request.ref())))
        .with_subject(kind_name(request.ref().kind()));
  }
  Result<void> account = co_await make_account(self, *creator, context);
  if (!account) co_return std::move(account).error();

  ProviderRoomRequest room(alias, creator->id());
  room.name(name).topic("Discussion for " + listed->name()).make_public(request.is_public() || listed->is_public());
  Pending<MatrixRoomId> making = self->provider_->ensure_room(std::move(room), options_of(context));
  Result<MatrixRoomId> made = co_await net::on_loop(context, std::move(making));
  if (!made) co_return std::move(made).error();
  Result<void> joined = co_await enter(self, made.value(), *creator, context);
  if (!joined) co_return std::move(joined).error();
  self->rooms_.put(alias, made.value());
  co_return Room(request.ref(), std::move(*made), std::move(name));
}

Task<Result<Room>> TenantChat::add_member(Self self, RoomRef ref, UserSlug slug, net::CallContext context) {
  auto user = self->find_user(slug);
  if (!user) co_return std::move(user).error();
  auto listed = self->find_room(ref);
  if (!listed) co_return std::move(listed).error();
  if (auto admitted = admit(*listed, slug); !admitted) co_return std::move(admitted).error();
  Result<MatrixRoomId> room = co_await room_id(self, ref, context);
  if (!room) co_return std::move(room).error();
  Result<void> account = co_await make_account(self, *user, context);
  if (!account) co_return std::move(account).error();
  Pending<void> joining = self->provider_->join(room.value(), user->id(), options_of(context));
  Result<void> joined = co_await net::on_loop(context, std::move(joining));
  if (!joined && joined.error().code() == Errc::not_found) {  // the room that we remembered is gone
    self->rooms_.forget(self->alias(ref), room.value());
    Result<MatrixRoomId> again = co_await room_id(self, ref, context);
    if (!again) co_return std::move(again).error();
    room.value() = std::move(*again);
    Pending<void> once_more = self->provider_->join(room.value(), user->id(), options_of(context));
    joined = co_await net::on_loop(context, std::move(once_more));
  }
  if (!joined) co_return std::move(joined).error();
  co_return Room(ref, std::move(*room), fmt::format("{}-{}", kind_name(ref.kind()), ref.slug().str()));
}

Task<Result<EventId>> TenantChat::send(Self self, Message message, net::CallContext context) {
  auto user = self->find_user(message.sender());
  if (!user) co_return std::move(user).error();
  auto listed = self->find_room(message.room());
  if (!listed) co_return std::move(listed).error();
  if (auto admitted = admit(*listed, message.sender()); !admitted) co_return std::move(admitted).error();
  if (auto checked = check_message(message, user->id()); !checked) co_return std::move(checked).error();
  // Chosen before the first attempt, and the same for all of them.
  const TransactionId transaction = message.transaction_id().empty() ? make_transaction_id() : message.transaction_id();

  Result<MatrixRoomId> room = co_await room_id(self, message.room(), context);
  if (!room) co_return std::move(room).error();
  Way way(std::move(*room));
  for (;;) {
    ProviderMessage outgoing(way.room, user->id(), message.body(), transaction);
    outgoing.repeated(message.repeated());
    Pending<EventId> sending = self->provider_->send(std::move(outgoing), options_of(context));
    Result<EventId> sent = co_await net::on_loop(context, std::move(sending));
    if (sent) co_return sent;
    Result<Way> mended = co_await mend(self, way, sent.error(), *user, message.room(), context);
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
    Pending<MessagePage> reading =
        self->provider_->history(way.room, user->id(), request.limit(), request.from(), options_of(context));
    Result<MessagePage> page = co_await net::on_loop(context, std::move(reading));
    if (page) co_return page;
    Result<Way> mended = co_await mend(self, way, page.error(), *user, request.room(), context);
    if (!mended && mended.error().code() == Errc::not_found) co_return MessagePage(MatrixRoomId(), {}, PageToken());
    if (!mended) co_return in_words_of_host(mended.error(), request);
    way = std::move(*mended);
  }
}

}  // namespace confab::chat
