#include "services/message_service.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/send.hpp"
#include "services/send_attempts.hpp"
#include "services/timeline.hpp"
#include "util/json.hpp"

namespace confab::services {

namespace {

// How many of the sender's own latest messages are searched for an earlier attempt. Repeats follow within seconds and
// sends of one user in one room are ordered, so the first few would do.
constexpr int look_back = 100;

// The connection of the lost attempt is closed by now, but the homeserver may still be at work on it.
constexpr std::chrono::milliseconds settle_time{300};

std::string content_of(const ProviderMessage& message) {
  json::Writer writer;
  writer.object().member("msgtype", "m.text").member("body", message.body());
  writer.member(transaction_key, message.transaction_id().str());
  return std::move(writer).finish();
}

std::string own_messages_filter(const MatrixUserId& sender) {
  json::Writer writer;
  writer.object().key("senders").array().value(sender.str()).end();
  writer.key("types").array().value("m.room.message").end();
  return std::move(writer).finish();
}

}  // namespace

Task<Result<std::optional<EventId>>> MessageService::find_earlier(ProviderMessage message, net::CallContext context) {
  matrix::GetMessages request(message.room());
  request.limit(look_back).filter(own_messages_filter(message.sender()));
  Result<matrix::MessagesAnswer> page = co_await tokens_->call(message.sender(), std::move(request), context);
  if (!page) co_return std::move(page).error();
  for (const matrix::RoomEvent& event : page->events()) {
    if (event.sender() != message.sender()) continue;
    if (event.content()[transaction_key].string_or("") == message.transaction_id().str()) {
      co_return std::optional<EventId>(event.id());
    }
  }
  co_return std::optional<EventId>();
}

Task<Result<EventId>> MessageService::send(std::shared_ptr<MessageService> self, ProviderMessage message,
                                           net::CallContext context) {
  SendAttempts attempts(message.transaction_id(), message.repeated());
  for (;;) {
    switch (attempts.step()) {
      case SendAttempts::Step::look: {
        Result<std::optional<EventId>> found = co_await self->find_earlier(message, context);
        attempts.looked(std::move(found), context.attempts().left());
        break;
      }
      case SendAttempts::Step::send: {
        matrix::SendEvent request(message.room(), "m.room.message", message.transaction_id(), content_of(message));
        request.written_here(true);
        // Once: under a token without a device the homeserver forgets the transaction id when it restarts.
        const unsigned before = context.attempts().left();
        bool reached = false;
        Result<matrix::EventIdAnswer> sent = co_await self->tokens_->call(message.sender(), std::move(request), context,
                                                                          net::Repeatable::once, &reached);
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

Task<Result<MessagePage>> MessageService::history(std::shared_ptr<MessageService> self, MatrixRoomId room,
                                                  MatrixUserId reader, std::size_t limit, PageToken from,
                                                  net::CallContext context) {
  matrix::GetMessages request(room);
  request.limit(static_cast<int>(limit)).filter(R"({"types":["m.room.message","m.room.encrypted"]})");
  if (!from.empty()) request.from(from);
  Result<matrix::MessagesAnswer> page = co_await self->tokens_->call(reader, std::move(request), context);
  if (!page) co_return std::move(page).error();
  std::vector<ReceivedMessage> messages;
  for (const matrix::RoomEvent& event : page->events()) {
    std::optional<ReceivedMessage> message = message_of(room, event);
    if (message) messages.push_back(std::move(*message));
  }
  PageToken end;
  if (page->end()) end = *page->end();
  co_return MessagePage(std::move(room), std::move(messages), std::move(end));
}

}  // namespace confab::services
