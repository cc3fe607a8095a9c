// What can be done with messages beside saying and reading them: each a request as a member of the room.
#include <utility>

#include "chat/message_check.hpp"
#include "chat/tenant_chat.hpp"
#include "net/await_pending.hpp"

namespace confab::chat {

namespace {

CallOptions until_end_of(const net::CallContext& context) { return CallOptions().until(context.deadline()); }

// The transport's request of the host's.
ProviderEdit provider_edit(const MatrixRoomId& room, const MatrixUserId& user, const Edit& edit) {
  ProviderEdit out(room, user, edit.message(), edit.body());
  out.formatted(edit.formatted()).kind(edit.kind()).transaction_id(edit.transaction_id()).repeated(edit.repeated());
  return out;
}
ProviderRedaction provider_redaction(const MatrixRoomId& room, const MatrixUserId& user, const Redaction& redaction) {
  ProviderRedaction out(room, user, redaction.event());
  out.reason(redaction.reason()).transaction_id(redaction.transaction_id()).repeated(redaction.repeated());
  return out;
}
ProviderReaction provider_reaction(const MatrixRoomId& room, const MatrixUserId& user, const Reaction& reaction) {
  ProviderReaction out(room, user, reaction.message(), reaction.key());
  out.transaction_id(reaction.transaction_id()).repeated(reaction.repeated());
  return out;
}

// Chosen before the first attempt, and the same for all of them.
template <class Request>
Result<void> choose_transaction(Request& request) {
  if (request.transaction_id().empty()) request.transaction_id(make_transaction_id());
  return check_transaction(request.transaction_id());
}

}  // namespace

// Once and, where something can be done about its error, again.
template <class T>
Task<Result<T>> TenantChat::as_member(Self self, RoomRef ref, UserSlug slug, Attempt<T> attempt,
                                      net::CallContext context) {
  auto user = self->find_user(slug);
  if (!user) co_return std::move(user).error();
  auto listed = self->find_room(ref);
  if (!listed) co_return std::move(listed).error();
  if (auto admitted = admit(*listed, slug); !admitted) co_return std::move(admitted).error();
  Result<MatrixRoomId> room = co_await room_id(self, ref, context);
  if (!room) co_return std::move(room).error();
  Way way(std::move(*room));
  for (;;) {
    Pending<T> asking = attempt(*self->provider_, way.room, user->id(), until_end_of(context));
    Result<T> done = co_await net::on_loop(context, std::move(asking));
    // Who is in the room and may not do it cannot be helped by joining again; only the homeserver knows which it is.
    if (done) co_return done;
    const Error refused = done.error();
    Result<Way> mended = co_await mend(self, way, refused, *user, ref, context);
    if (!mended) co_return std::move(mended).error();
    way = std::move(*mended);
  }
}

Task<Result<EventId>> TenantChat::edit(Self self, Edit edit, net::CallContext context) {
  if (auto checked = choose_transaction(edit); !checked) co_return std::move(checked).error();
  if (auto checked = check_words(edit.body(), edit.formatted(), edit.kind()); !checked)
    co_return std::move(checked).error();
  const bool even_if_encrypted = self->plain_text_in_encrypted_rooms_;
  Attempt<EventId> attempt = [edit, even_if_encrypted](ChatProvider& provider, const MatrixRoomId& room,
                                                       const MatrixUserId& user, CallOptions options) {
    ProviderEdit request = provider_edit(room, user, edit);
    request.even_if_encrypted(even_if_encrypted);
    return provider.edit(std::move(request), std::move(options));
  };
  co_return co_await as_member<EventId>(self, edit.room(), edit.user(), std::move(attempt), std::move(context));
}

Task<Result<EventId>> TenantChat::redact(Self self, Redaction redaction, net::CallContext context) {
  if (auto checked = choose_transaction(redaction); !checked) co_return std::move(checked).error();
  Attempt<EventId> attempt = [redaction](ChatProvider& provider, const MatrixRoomId& room, const MatrixUserId& user,
                                         CallOptions options) {
    return provider.redact(provider_redaction(room, user, redaction), std::move(options));
  };
  co_return co_await as_member<EventId>(self, redaction.room(), redaction.user(), std::move(attempt),
                                        std::move(context));
}

Task<Result<EventId>> TenantChat::react(Self self, Reaction reaction, net::CallContext context) {
  if (auto checked = choose_transaction(reaction); !checked) co_return std::move(checked).error();
  Attempt<EventId> attempt = [reaction](ChatProvider& provider, const MatrixRoomId& room, const MatrixUserId& user,
                                        CallOptions options) {
    return provider.react(provider_reaction(room, user, reaction), std::move(options));
  };
  co_return co_await as_member<EventId>(self, reaction.room(), reaction.user(), std::move(attempt), std::move(context));
}

Task<Result<void>> TenantChat::typing(Self self, TypingNotice notice, net::CallContext context) {
  Attempt<void> attempt = [on = notice.on()](ChatProvider& provider, const MatrixRoomId& room, const MatrixUserId& user,
                                             CallOptions options) {
    return provider.typing(ProviderTypingNotice(room, user, on), std::move(options));
  };
  co_return co_await as_member<void>(self, notice.room(), notice.user(), std::move(attempt), std::move(context));
}

Task<Result<void>> TenantChat::mark_read(Self self, ReadMark mark, net::CallContext context) {
  Attempt<void> attempt = [mark](ChatProvider& provider, const MatrixRoomId& room, const MatrixUserId& user,
                                 CallOptions options) {
    ProviderReadMark request(room, user, mark.event());
    request.in_private(mark.in_private());
    return provider.mark_read(std::move(request), std::move(options));
  };
  co_return co_await as_member<void>(self, mark.room(), mark.user(), std::move(attempt), std::move(context));
}

Task<Result<Unread>> TenantChat::unread(Self self, RoomRef ref, UserSlug user, net::CallContext context) {
  Attempt<Unread> attempt = [](ChatProvider& provider, const MatrixRoomId& room, const MatrixUserId& reader,
                               CallOptions options) { return provider.unread(room, reader, std::move(options)); };
  co_return co_await as_member<Unread>(self, std::move(ref), std::move(user), std::move(attempt), std::move(context));
}

}  // namespace confab::chat
