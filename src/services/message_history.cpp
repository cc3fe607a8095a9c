// A page of history: what was said, as it stands now.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/relations.hpp"
#include "matrix/member_names.hpp"
#include "services/message_service.hpp"
#include "services/timeline.hpp"
#include "util/json.hpp"

namespace confab::services {

namespace {

// Edits, reactions and redactions are left out: the homeserver puts the latest edit beside the message, and what was
// redacted is empty already.
std::string messages_filter(bool only_reacted) {
  json::Writer writer;
  writer.object().key("types").array().value("m.room.message").value("m.room.encrypted").end();
  if (only_reacted) {
    writer.key("related_by_rel_types").array().value("m.annotation").end();
  } else {
    writer.member("lazy_load_members", true);
  }
  return std::move(writer).finish();
}

// Newest first, as the page is.
std::vector<ReceivedMessage> messages_of(const MatrixRoomId& room, const matrix::MessagesAnswer& page) {
  matrix::MemberNames names;
  for (const matrix::RoomEvent& member : page.state()) names.note(member);
  std::vector<ReceivedMessage> messages;
  std::vector<ChatEvent> changes;
  for (const matrix::RoomEvent& event : page.events()) {
    if (std::optional<ReceivedMessage> message = message_of(room, event, names.of(event.sender()))) {
      if (const std::optional<ChatEvent> edit = bundled_edit(room, event)) message->apply(*edit);
      messages.push_back(*std::move(message));
    } else if (std::optional<ChatEvent> change = change_of(room, event)) {
      changes.push_back(*std::move(change));
    }
  }
  // Homeservers that put no edits beside messages still list them.
  for (const ChatEvent& change : changes) {
    const auto target = std::find_if(messages.begin(), messages.end(), [&change](const ReceivedMessage& message) {
      return message.id() == change.target();
    });
    if (target != messages.end()) target->apply(change);
  }
  return messages;
}

// How many events of a page, newest first, hold no more messages with reactions than are served at once.
std::size_t served_at_once(const std::vector<matrix::RoomEvent>& events, const std::vector<EventId>& reacted) {
  std::size_t served = 0;
  for (std::size_t at = 0; at < events.size(); ++at) {
    const bool has_any =
        !events[at].redacted() && std::find(reacted.begin(), reacted.end(), events[at].id()) != reacted.end();
    if (has_any && served++ == MessageService::most_reacted) return at;
  }
  return events.size();
}

}  // namespace

Task<Result<std::vector<EventId>>> MessageService::find_reacted(Self self, ProviderHistoryRequest request,
                                                                PageToken end, net::CallContext context) {
  matrix::GetMessages asked(request.room());
  asked.limit(static_cast<int>(request.limit())).filter(messages_filter(true));
  if (!request.from().empty()) asked.from(request.from());
  if (!end.empty()) asked.to(end);
  Result<matrix::MessagesAnswer> page =
      co_await self->tokens_->call(request.reader(), std::move(asked), context.step());
  if (!page) co_return std::move(page).error();
  std::vector<EventId> reacted;
  for (const matrix::RoomEvent& event : page->events()) reacted.push_back(event.id());
  co_return reacted;
}

Task<Result<std::vector<ChatEvent>>> MessageService::reactions_to(Self self, MatrixRoomId room, EventId message,
                                                                  MatrixUserId reader, net::CallContext context) {
  matrix::GetRelations asked(room, message);
  asked.rel_type("m.annotation").event_type("m.reaction").forwards(true);
  asked.limit(static_cast<int>(ReceivedMessage::most_reactions));
  std::vector<ChatEvent> reactions;
  // A homeserver may give fewer at once than it is asked for.
  for (std::size_t pages = 1;; ++pages) {
    Result<matrix::RelationsAnswer> page = co_await self->tokens_->call(reader, asked, context.step());
    // It was redacted meanwhile, or may not be seen any more: then there is nothing to count.
    if (!page && page.error().code() == Errc::not_found) co_return std::vector<ChatEvent>();
    if (!page) co_return std::move(page).error();
    for (const matrix::RoomEvent& event : page->events()) {
      if (std::optional<ChatEvent> reaction = change_of(room, event)) reactions.push_back(*std::move(reaction));
    }
    const bool enough = reactions.size() >= ReceivedMessage::most_reactions || pages == most_reaction_pages;
    if (enough || !page->next()) co_return reactions;
    asked.from(*page->next());
  }
}

Task<Result<MessagePage>> MessageService::history(Self self, ProviderHistoryRequest request, net::CallContext context) {
  matrix::GetMessages asked(request.room());
  asked.limit(static_cast<int>(std::min<std::size_t>(request.limit(), 100'000))).filter(messages_filter(false));
  if (!request.from().empty()) asked.from(request.from());
  Result<matrix::MessagesAnswer> page = co_await self->tokens_->call(request.reader(), std::move(asked), context);
  if (!page) co_return std::move(page).error();
  PageToken end = page->end().value_or(PageToken());
  std::vector<ReceivedMessage> messages = messages_of(request.room(), *page);
  const bool may_be_reacted =
      std::any_of(messages.begin(), messages.end(), [](const ReceivedMessage& each) { return !each.redacted(); });
  if (!request.reactions() || !may_be_reacted) co_return MessagePage(request.room(), std::move(messages), end);

  // From where this page begins, so that what is said meanwhile does not move it.
  if (request.from().empty() && page->start()) request.from(*page->start());
  Result<std::vector<EventId>> reacted = co_await find_reacted(self, request, end, context);
  if (!reacted) co_return std::move(reacted).error();
  // Reactions cost a request for each message that has some. Where these are too many for one call, the page ends
  // before the first that would be one too many: it begins the next page, and no reaction is left out.
  if (const std::size_t fitting = served_at_once(page->events(), *reacted); fitting < page->events().size()) {
    matrix::GetMessages shorter(request.room());
    shorter.limit(static_cast<int>(fitting)).filter(messages_filter(false)).from(request.from());
    page = co_await self->tokens_->call(request.reader(), std::move(shorter), context.step());
    if (!page) co_return std::move(page).error();
    end = page->end().value_or(PageToken());
    messages = messages_of(request.room(), *page);
  }
  std::size_t served = 0;
  for (ReceivedMessage& message : messages) {
    if (message.redacted() || served == most_reacted) continue;
    if (std::find(reacted->begin(), reacted->end(), message.id()) == reacted->end()) continue;
    ++served;
    Result<std::vector<ChatEvent>> reactions =
        co_await reactions_to(self, request.room(), message.id(), request.reader(), context);
    if (!reactions) co_return std::move(reactions).error();
    for (const ChatEvent& reaction : *reactions) message.apply(reaction);
  }
  co_return MessagePage(request.room(), std::move(messages), end);
}

}  // namespace confab::services
