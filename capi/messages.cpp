// Operations about messages: said, changed, seen and read.
#include <confab/message_requests.hpp>

#include "capi/results.hpp"
#include "capi/tenant_operation.hpp"

using namespace confab::capi;
using confab::CallOptions;
using confab::ChatService;
using confab::EventId;
using confab::TransactionId;
using confab::UserSlug;

namespace {

template <class Request>
confab::RoomRef room_of(const Request& given) {
  return room_ref(given.room_kind, given.room, given.user);
}
template <class Request>
UserSlug user_of(const Request& given) {
  return UserSlug(text(given.user));
}

confab::Message message_of(const confab_message_request& given) {
  confab::Message message(room_of(given), user_of(given), text(given.body));
  message.formatted(text(given.formatted)).kind(message_kind(given.message_kind));
  message.reply_to(EventId(text(given.reply_to)));
  return message;
}

// Sends under the caller's transaction id or a fresh one, which the result tells, too.
template <class Make, class Request>
confab_status start_send(const Ask& ask, confab_tenant* tenant, const confab_message_request* request, Make make,
                         confab::Pending<EventId> (ChatService::*send)(Request, CallOptions)) noexcept {
  return start(ask, tenant, request, [&](ChatService& chat, const confab_message_request& given, CallOptions how) {
    check_reserved(given.reserved);
    TransactionId transaction(text(given.transaction_id));
    if (transaction.empty()) transaction = confab::make_transaction_id();
    Request event = make(given);
    event.transaction_id(transaction).repeated(given.repeated != 0);
    return std::make_pair(
        (chat.*send)(std::move(event), std::move(how)),
        [transaction](confab::json::Writer& out, const EventId& sent) { write_sent(out, sent, transaction); });
  });
}

}  // namespace

confab_status confab_send(confab_tenant* tenant, const confab_message_request* request, CONFAB_ASK) {
  return start_send({queue, tag, operation, error}, tenant, request, message_of, &ChatService::send);
}

confab_status confab_send_durably(confab_tenant* tenant, const confab_message_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_message_request& given, CallOptions how) {
                 check_reserved(given.reserved);
                 confab::Message message = message_of(given);
                 message.transaction_id(TransactionId(text(given.transaction_id)));
                 return std::make_pair(chat.send_durably(std::move(message), std::move(how)), write_accepted);
               });
}

confab_status confab_edit(confab_tenant* tenant, const confab_message_request* request, CONFAB_ASK) {
  return start_send(
      {queue, tag, operation, error}, tenant, request,
      [](const confab_message_request& given) {
        confab::Edit edit(room_of(given), user_of(given), EventId(text(given.event)), text(given.body));
        edit.formatted(text(given.formatted)).kind(message_kind(given.message_kind));
        return edit;
      },
      &ChatService::edit);
}

confab_status confab_redact(confab_tenant* tenant, const confab_message_request* request, CONFAB_ASK) {
  return start_send(
      {queue, tag, operation, error}, tenant, request,
      [](const confab_message_request& given) {
        confab::Redaction redaction(room_of(given), user_of(given), EventId(text(given.event)));
        redaction.reason(text(given.body));
        return redaction;
      },
      &ChatService::redact);
}

confab_status confab_react(confab_tenant* tenant, const confab_message_request* request, CONFAB_ASK) {
  return start_send(
      {queue, tag, operation, error}, tenant, request,
      [](const confab_message_request& given) {
        return confab::Reaction(room_of(given), user_of(given), EventId(text(given.event)), text(given.body));
      },
      &ChatService::react);
}

confab_status confab_typing(confab_tenant* tenant, const confab_notice_request* request, CONFAB_ASK) {
  return start(
      {queue, tag, operation, error}, tenant, request,
      [](ChatService& chat, const confab_notice_request& given, CallOptions how) {
        check_reserved(given.reserved);
        return std::make_pair(
            chat.typing(confab::TypingNotice(room_of(given), user_of(given), given.stopped == 0), std::move(how)),
            write_done);
      });
}

confab_status confab_mark_read(confab_tenant* tenant, const confab_notice_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_notice_request& given, CallOptions how) {
                 check_reserved(given.reserved);
                 confab::ReadMark mark(room_of(given), user_of(given), EventId(text(given.event)));
                 mark.in_private(given.in_private != 0);
                 return std::make_pair(chat.mark_read(std::move(mark), std::move(how)), write_done);
               });
}

confab_status confab_history(confab_tenant* tenant, const confab_history_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_history_request& given, CallOptions how) {
                 check_reserved(given.reserved);
                 confab::HistoryRequest wanted(room_of(given), user_of(given));
                 if (given.limit != 0) wanted.limit(given.limit);
                 wanted.from(confab::PageToken(text(given.from))).reactions(given.without_reactions == 0);
                 return std::make_pair(chat.history(std::move(wanted), std::move(how)), write_history);
               });
}
