// Operations about messages that were accepted and not yet sent, or given up.
#include <confab/outbox.hpp>

#include "capi/results.hpp"
#include "capi/tenant_operation.hpp"

using namespace confab::capi;
using confab::CallOptions;
using confab::ChatService;
using confab::TransactionId;

confab_status confab_outbox_list(confab_tenant* tenant, const confab_outbox_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_outbox_request& given, CallOptions how) {
                 confab::OutboxRequest wanted;
                 wanted.dead(given.dead != 0).from(text(given.from));
                 if (given.limit != 0) wanted.limit(given.limit);
                 return std::make_pair(chat.outbox(std::move(wanted), std::move(how)), write_outbox);
               });
}

confab_status confab_outbox_show(confab_tenant* tenant, const confab_outbox_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_outbox_request& given, CallOptions how) {
                 TransactionId id(text(given.transaction_id));
                 return std::make_pair(chat.outbox_message(std::move(id), std::move(how)), write_outbox_message);
               });
}

confab_status confab_outbox_retry(confab_tenant* tenant, const confab_outbox_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_outbox_request& given, CallOptions how) {
                 TransactionId id(text(given.transaction_id));
                 return std::make_pair(chat.outbox_retry(std::move(id), std::move(how)), write_done);
               });
}

confab_status confab_outbox_drop(confab_tenant* tenant, const confab_outbox_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_outbox_request& given, CallOptions how) {
                 TransactionId id(text(given.transaction_id));
                 return std::make_pair(chat.outbox_drop(std::move(id), std::move(how)), write_done);
               });
}
