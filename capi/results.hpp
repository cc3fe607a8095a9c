// Results as the members of a JSON object: what results.schema.json describes.
#pragma once

#include <vector>

#include <confab/account.hpp>
#include <confab/chat_service.hpp>
#include <confab/event_stream.hpp>
#include <confab/homeserver.hpp>
#include <confab/member.hpp>
#include <confab/message_requests.hpp>
#include <confab/outbox.hpp>
#include <confab/received_message.hpp>
#include <confab/reset.hpp>
#include <confab/stored_directory.hpp>
#include <confab/token_metrics.hpp>

#include "util/json.hpp"

namespace confab::capi {

void write_done(json::Writer& out);
void write_findings(json::Writer& out, const std::vector<Finding>& findings);
void write_metrics(json::Writer& out, const TokenMetrics& seen);
void write_account(json::Writer& out, const Account& account);
void write_reset(json::Writer& out, const ResetCounts& counts);
void write_room(json::Writer& out, const Room& room);
void write_members(json::Writer& out, const std::vector<Member>& members);
void write_unread(json::Writer& out, const Unread& unread);
void write_sent(json::Writer& out, const EventId& event, const TransactionId& transaction);
void write_accepted(json::Writer& out, const TransactionId& transaction);
void write_outbox(json::Writer& out, const OutboxPage& page);
void write_outbox_message(json::Writer& out, const OutboxMessage& message);
void write_history(json::Writer& out, const MessagePage& page);
void write_revision(json::Writer& out, DirectoryRevision revision);
void write_events(json::Writer& out, const EventBatch& batch);

}  // namespace confab::capi
