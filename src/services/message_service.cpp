#include "services/message_service.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/read_markers.hpp"
#include "matrix/endpoints/redaction.hpp"
#include "matrix/endpoints/relations.hpp"
#include "matrix/endpoints/room_event.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/typing.hpp"
#include "matrix/endpoints/unread.hpp"
#include "services/message_content.hpp"
#include "services/send_attempts.hpp"
#include "services/timeline.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::services {

namespace {

// How many of the sender's own latest messages are searched for an earlier attempt. Repeats follow within seconds and
// sends of one user in one room are ordered, so the first few would do.
constexpr int look_back = 100;
// Where it is known when the first attempt was made, it is gone back so many times to that.
constexpr int most_looks = 20;
// So much may our clock be ahead of the homeserver's.
constexpr std::chrono::minutes clock_allowance{10};
// How many reactions of the same kind are searched for the user's own.
constexpr int look_among = 1000;

// The connection of the lost attempt is closed by now, but the homeserver may still be at work on it.
constexpr std::chrono::milliseconds settle_time{1'000};

std::string own_events_filter(const MatrixUserId& sender, const std::string& type) {
  json::Writer writer;
  writer.object().key("senders").array().value(sender.str()).end();
  writer.key("types").array().value(type).end();
  return std::move(writer).finish();
}

Error wrong_target(const char* text) { return Error(Errc::invalid_argument, text).with_subject("message"); }

// Whether an event of after `since` may be further back than the page. One without events may have more behind it.
bool may_be_behind(const matrix::MessagesAnswer& page, std::optional<std::chrono::system_clock::time_point> since) {
  if (!since || !page.end()) return false;
  const auto oldest = (*since - clock_allowance).time_since_epoch();
  return page.events().empty() || page.events().back().origin_server_ts() >=
                                      std::chrono::duration_cast<std::chrono::milliseconds>(oldest).count();
}

// The content is of our own writing.
matrix::SendEvent written(const MatrixRoomId& room, std::string type, const TransactionId& transaction,
                          std::string content) {
  matrix::SendEvent event(room, std::move(type), transaction, std::move(content));
  event.written_here(true);
  return event;
}

// An endpoint that is kept for later attempts anyway: it is shared with each of them.
template <class Endpoint>
class Kept {
 public:
  using Answer = typename Endpoint::Answer;
  explicit Kept(std::shared_ptr<const Endpoint> endpoint) : endpoint_(std::move(endpoint)) {}
  [[nodiscard]] Result<matrix::EndpointRequest> encode() const { return endpoint_->encode(); }
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return Endpoint::decode(body); }
  [[nodiscard]] static std::optional<Answer> quick_decode(std::string_view body) {
    return Endpoint::quick_decode(body);
  }

 private:
  std::shared_ptr<const Endpoint> endpoint_;
};

// Whether `user` may edit the event.
std::optional<Error> wrong_edit(const matrix::RoomEvent& event, const MatrixUserId& user) {
  if (event.sender() != user)
    return Error(Errc::forbidden, "only who said a message can edit it").with_subject("message");
  if (event.redacted()) return wrong_target("the message was redacted: there is nothing to edit");
  if (event.is_state() || event.type() != "m.room.message") return wrong_target("the event is no message to edit");
  if (is_edit(event.content())) return wrong_target("the event is an edit: edit the message that it edits");
  return std::nullopt;
}

}  // namespace

Task<Result<std::optional<EventId>>> MessageService::find_earlier(std::shared_ptr<const Outgoing> outgoing,
                                                                  net::CallContext context) {
  PageToken from;
  for (int looks = 1;; ++looks) {
    matrix::GetMessages request(outgoing->event.room());
    request.limit(look_back).filter(own_events_filter(outgoing->sender, outgoing->event.type()));
    request.from(from);
    // The first look is one of the call's requests, those that go further back are not.
    net::CallContext budget = looks == 1 ? context : context.step();
    Result<matrix::MessagesAnswer> page =
        co_await tokens_->call(outgoing->sender, std::move(request), std::move(budget));
    if (!page) co_return std::move(page).error();
    for (const matrix::RoomEvent& earlier : page->events()) {
      if (earlier.sender() != outgoing->sender) continue;
      if (earlier.content()[transaction_key].string_or("") == outgoing->event.transaction_id().str()) {
        co_return std::optional<EventId>(earlier.id());
      }
    }
    if (!may_be_behind(*page, outgoing->first_tried)) co_return std::optional<EventId>();
    if (looks == most_looks) {
      co_return Error(Errc::outcome_unknown, "the message may stand in the room, further back than is looked for it");
    }
    from = *page->end();
  }
}

// A redaction carries nothing of ours, but what it did can be seen.
Task<Result<std::optional<EventId>>> MessageService::find_redaction(std::shared_ptr<const Outgoing> outgoing,
                                                                    net::CallContext context) {
  matrix::GetEvent request(outgoing->event.room(), outgoing->redacts);
  Result<matrix::RoomEvent> target = co_await tokens_->call(outgoing->sender, std::move(request), context);
  if (!target) co_return std::move(target).error();
  const std::string_view id = target->unsigned_data()["redacted_because"]["event_id"].string_or("");
  if (id.empty()) co_return std::optional<EventId>();
  co_return std::optional<EventId>(EventId(std::string(id)));
}

Task<Result<matrix::EventIdAnswer>> MessageService::attempt(std::shared_ptr<const Outgoing> outgoing,
                                                            net::CallContext context, bool* reached) {
  // Once: under a token without a device the homeserver forgets the transaction id when it restarts.
  const matrix::SendEvent& event = outgoing->event;
  if (!outgoing->redacts.empty()) {
    matrix::RedactEvent request(event.room(), outgoing->redacts, event.transaction_id());
    request.reason(event.content());
    if (!outgoing->edited.empty()) request.beside(edited_message_key, outgoing->edited.str());
    return tokens_->call(outgoing->sender, std::move(request), std::move(context), net::Repeatable::once, reached);
  }
  Kept<matrix::SendEvent> request(std::shared_ptr<const matrix::SendEvent>(outgoing, &event));
  return tokens_->call(outgoing->sender, std::move(request), std::move(context), net::Repeatable::once, reached);
}

Task<Result<EventId>> MessageService::put(Self self, std::shared_ptr<const Outgoing> outgoing,
                                          net::CallContext context) {
  const std::shared_ptr<const credentials::TokenSlot::Hold> hold = self->tokens_->hold(outgoing->sender, context);
  SendAttempts attempts(outgoing->event.transaction_id(), outgoing->repeated);
  for (;;) {
    switch (attempts.step()) {
      case SendAttempts::Step::look: {
        const bool redacts = !outgoing->redacts.empty();
        Task<Result<std::optional<EventId>>> looking =
            redacts ? self->find_redaction(outgoing, context) : self->find_earlier(outgoing, context);
        Result<std::optional<EventId>> found = co_await std::move(looking);
        attempts.looked(std::move(found), context.attempts().left());
        break;
      }
      case SendAttempts::Step::send: {
        const unsigned before = context.attempts().left();
        bool reached = false;
        Result<matrix::EventIdAnswer> sent = co_await self->attempt(outgoing, context, &reached);
        // Of a room that is gone, or that the user is not in, the homeserver says that it is forbidden.
        if (!sent && reached && !outgoing->redacts.empty() && sent.error().code() == Errc::not_found) {
          sent = sent.error().with_subject("event");
        }
        if (!sent && (!reached || context.attempts().left() == before)) {
          attempts.not_sent(sent.error());
          break;
        }
        Result<EventId> result = sent ? Result<EventId>(sent->event_id()) : Result<EventId>(sent.error());
        attempts.sent(std::move(result), context.attempts().left());
        break;
      }
      case SendAttempts::Step::wait: {
        const net::TimePoint until = net::Clock::now() + settle_time;
        const bool slept = co_await context.loop().sleep_until(std::min(until, context.deadline()), context.stop());
        attempts.waited(slept && net::Clock::now() < context.deadline());
        break;
      }
      case SendAttempts::Step::end:
        co_return std::move(attempts).result();
    }
  }
}

std::optional<Result<void>> MessageService::known_plain(const MatrixRoomId& room) const {
  const std::optional<bool> encrypted = encryption_->is_encrypted(room, net::Clock::now());
  if (!encrypted) return std::nullopt;
  return *encrypted ? Result<void>(RoomEncryption::refused()) : Result<void>();
}

Task<Result<void>> MessageService::check_plain(Self self, MatrixRoomId room, MatrixUserId user,
                                               net::CallContext context) {
  matrix::GetState request(room, "m.room.encryption");
  Result<matrix::StateContentAnswer> state = co_await self->tokens_->call(user, std::move(request), context.step());
  // Whatever stands there: a room whose encryption is broken is no room for plain text either.
  if (!state && state.error().errcode() != "M_NOT_FOUND") co_return std::move(state).error();
  self->encryption_->note(room, state.has_value(), net::Clock::now());
  // A stream may have heard otherwise while it was asked.
  std::optional<Result<void>> known = self->known_plain(room);
  if (known) co_return std::move(*known);
  if (state) co_return RoomEncryption::refused();
  co_return Result<void>();
}

Task<Result<EventId>> MessageService::send(Self self, ProviderMessage message, net::CallContext context) {
  if (std::optional<Error> wrong = wrong_words(message.body(), message.formatted(), message.kind()))
    co_return *std::move(wrong);
  if (!message.even_if_encrypted()) {
    std::optional<Result<void>> plain = self->known_plain(message.room());
    if (!plain) plain = co_await check_plain(self, message.room(), message.sender(), context);
    if (!*plain) co_return std::move(*plain).error();
  }
  auto event = std::make_shared<const Outgoing>(Outgoing{
      message.sender(), written(message.room(), "m.room.message", message.transaction_id(), content_of(message)),
      message.repeated(), EventId(), message.first_tried()});
  Result<EventId> sent = co_await put(self, event, context);
  // Who has said it writes no longer: the next key stroke is news.
  if (sent) self->typing_.forget(message.room(), message.sender());
  co_return sent;
}

Task<Result<EventId>> MessageService::edit(Self self, ProviderEdit edit, net::CallContext context) {
  if (std::optional<Error> wrong = wrong_words(edit.body(), edit.formatted(), edit.kind())) co_return *std::move(wrong);
  if (edit.transaction_id().empty()) edit.transaction_id(make_transaction_id());
  if (!edit.even_if_encrypted()) {
    std::optional<Result<void>> plain = self->known_plain(edit.room());
    if (!plain) plain = co_await check_plain(self, edit.room(), edit.user(), context);
    if (!*plain) co_return std::move(*plain).error();
  }
  matrix::GetEvent read(edit.room(), edit.message());
  bool reached = false;
  Result<matrix::RoomEvent> target =
      co_await self->tokens_->call(edit.user(), std::move(read), context.step(), std::nullopt, &reached);
  if (!target && reached && target.error().code() == Errc::not_found)
    co_return std::move(target).error().with_subject("message");
  if (!target) co_return std::move(target).error();
  if (std::optional<Error> wrong = wrong_edit(*target, edit.user())) co_return *std::move(wrong);
  auto event = std::make_shared<const Outgoing>(
      Outgoing{edit.user(), written(edit.room(), "m.room.message", edit.transaction_id(), content_of(edit)),
               edit.repeated(), EventId()});
  co_return co_await put(self, event, context);
}

Task<Result<EventId>> MessageService::redact(Self self, ProviderRedaction redaction, net::CallContext context) {
  if (redaction.event().empty()) {
    co_return Error(Errc::invalid_argument, "the event to redact is not named").with_subject("event");
  }
  if (redaction.transaction_id().empty()) redaction.transaction_id(make_transaction_id());
  // What the event is has to be known before nothing of it is left. Where it cannot be told, it is redacted all the
  // same.
  matrix::GetEvent read(redaction.room(), redaction.event());
  Result<matrix::RoomEvent> target = co_await self->tokens_->call(redaction.user(), std::move(read), context.step());
  EventId edited;
  if (target && is_edit(target->content()))
    edited = EventId(std::string(target->content()["m.relates_to"]["event_id"].string_or("")));
  matrix::SendEvent said(redaction.room(), "m.room.redaction", redaction.transaction_id(), redaction.reason());
  auto event = std::make_shared<const Outgoing>(Outgoing{redaction.user(), std::move(said), redaction.repeated(),
                                                         redaction.event(), std::nullopt, std::move(edited)});
  co_return co_await put(self, event, context);
}

Task<Result<EventId>> MessageService::react(Self self, ProviderReaction reaction, net::CallContext context) {
  const std::string& key = reaction.key();
  if (key.empty() || key.size() > longest_reaction || !text::is_valid_utf8(key)) {
    co_return Error(Errc::invalid_argument, "a reaction is 1 to 255 bytes of UTF-8").with_subject("key");
  }
  if (reaction.transaction_id().empty()) reaction.transaction_id(make_transaction_id());
  auto event = std::make_shared<const Outgoing>(
      Outgoing{reaction.user(), written(reaction.room(), "m.reaction", reaction.transaction_id(), content_of(reaction)),
               reaction.repeated(), EventId()});
  Result<EventId> sent = co_await put(self, event, context);
  if (sent || sent.error().errcode() != "M_DUPLICATE_ANNOTATION") co_return sent;
  matrix::GetRelations request(reaction.room(), reaction.message());
  request.rel_type("m.annotation").event_type("m.reaction").limit(look_among);
  Result<matrix::RelationsAnswer> page =
      co_await self->tokens_->call(reaction.user(), std::move(request), context.step());
  if (!page) co_return std::move(page).error();
  for (const matrix::RoomEvent& earlier : page->events()) {
    if (earlier.sender() == reaction.user() && earlier.content()["m.relates_to"]["key"].string_or("") == key)
      co_return earlier.id();
  }
  co_return sent;
}

Task<Result<void>> MessageService::typing(Self self, ProviderTypingNotice notice, net::CallContext context) {
  if (!self->typing_.has_to_say(notice.room(), notice.user(), notice.on(), net::Clock::now())) co_return Result<void>();
  matrix::SetTyping request = notice.on() ? matrix::SetTyping(notice.room(), notice.user(), TypingMemory::shown_for)
                                          : matrix::SetTyping(notice.room(), notice.user());
  Result<matrix::Done> done = co_await self->tokens_->call(notice.user(), std::move(request), context);
  if (done) co_return Result<void>();
  self->typing_.forget(notice.room(), notice.user());
  co_return std::move(done).error();
}

Task<Result<void>> MessageService::mark_read(Self self, ProviderReadMark mark, net::CallContext context) {
  matrix::SetReadMarkers request(mark.room());
  request.fully_read(mark.event());
  if (mark.in_private()) {
    request.read_private(mark.event());
  } else {
    request.read(mark.event());
  }
  Result<matrix::Done> done = co_await self->tokens_->call(mark.user(), std::move(request), context);
  if (!done) co_return std::move(done).error();
  co_return Result<void>();
}

Task<Result<Unread>> MessageService::unread(Self self, MatrixRoomId room, MatrixUserId user, net::CallContext context) {
  matrix::GetUnread request(room);
  Result<matrix::UnreadAnswer> answer = co_await self->tokens_->call(user, std::move(request), context);
  if (!answer) co_return std::move(answer).error();
  // The homeserver leaves out rooms that the user is not in.
  if (!answer->is_joined(room)) co_return Error(Errc::forbidden, "the user is not in the room").with_subject("room");
  co_return Unread(answer->notifications(room), answer->highlights(room), answer->last_read(room, user));
}

}  // namespace confab::services
