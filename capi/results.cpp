#include "capi/results.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace confab::capi {
namespace {

// What not everything has is left out where it is not there.
void member_if(json::Writer& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out.member(name, value);
}

std::int64_t milliseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string_view name_of(AccountState state) {
  switch (state) {
    case AccountState::active:
      return "active";
    case AccountState::suspended:
      return "suspended";
    case AccountState::locked:
      return "locked";
    case AccountState::deactivated:
      break;
  }
  return "deactivated";
}

void write_users(json::Writer& out, const std::vector<MatrixUserId>& users) {
  out.key("users").array();
  for (const MatrixUserId& user : users) out.value(user.str());
  out.end();
}

// Which room it is, in the host's words.
void write_ref(json::Writer& out, const RoomRef& ref) {
  out.member("kind", room_kind_name(ref.kind()));
  if (ref.kind() == RoomKind::direct) {
    out.key("users").array().value(ref.first().str()).value(ref.second().str()).end();
  } else {
    out.member("slug", ref.slug().str());
  }
}

// The members of a message, in history and live.
void write_message(json::Writer& out, const ReceivedMessage& message) {
  out.member("event_id", message.id().str()).member("room_id", message.room_id().str());
  out.member("sender", message.sender().str());
  member_if(out, "sender_name", message.sender_name());
  out.member("kind", message_kind_name(message.kind())).member("body", message.body());
  member_if(out, "formatted_body", message.formatted_body());
  // The library's own writing of what a homeserver said, so it is JSON.
  if (!message.encrypted_content().empty()) out.key("encrypted").raw(message.encrypted_content());
  out.member("time", milliseconds(message.time()));
  member_if(out, "reply_to", message.relation().reply_to().str());
  member_if(out, "thread", message.relation().thread().str());
  out.member("edited", message.edited()).member("redacted", message.redacted());
  out.key("reactions").array();
  for (const Reactions& each : message.reactions()) {
    out.object().member("key", each.key());
    write_users(out, each.senders());
    out.end();
  }
  out.end();
}

void write_event(json::Writer& out, const ChatEvent& event) {
  out.member("event", event_kind_name(event.kind()));
  member_if(out, "type", event.type());
  member_if(out, "room_id", event.room_id().str());
  member_if(out, "event_id", event.id().str());
  member_if(out, "user_id", event.user().str());
  member_if(out, "target", event.target().str());
  if (event.message()) {
    out.key("message").object();
    write_message(out, *event.message());
    out.end();
  }
  if (event.kind() == EventKind::reaction) out.member("key", event.key());
  if (event.kind() == EventKind::redaction || event.kind() == EventKind::given_up)
    member_if(out, "reason", event.reason());
  member_if(out, "transaction_id", event.transaction_id().str());
  if (event.kind() == EventKind::membership) out.member("membership", event.membership());
  if (event.kind() == EventKind::typing) write_users(out, event.users());
  if (event.kind() == EventKind::receipt) {
    out.key("receipts").array();
    for (const ReadReceipt& receipt : event.receipts()) {
      out.object().member("user_id", receipt.user().str()).member("event_id", receipt.event().str());
      out.member("time", milliseconds(receipt.time())).end();
    }
    out.end();
  }
}

}  // namespace

void write_done(json::Writer& /*out*/) {}

void write_findings(json::Writer& out, const std::vector<Finding>& findings) {
  out.key("findings").array();
  for (const Finding& finding : findings) {
    out.object().member("check", finding.check()).member("fit", finding.fit()).member("detail", finding.detail()).end();
  }
  out.end();
}

void write_metrics(json::Writer& out, const TokenMetrics& seen) {
  out.key("steps").array();
  for (const TokenStep step : token_steps) {
    const TokenStepMetrics& of = seen.step(step);
    const auto in_ms = [](std::chrono::microseconds time) {
      return std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(time).count()};
    };
    out.object().member("step", token_step_name(step)).member("attempts", of.attempts());
    out.member("succeeded", of.outcome(TokenOutcome::succeeded)).member("refused", of.outcome(TokenOutcome::refused));
    out.member("limited", of.outcome(TokenOutcome::limited)).member("failed", of.outcome(TokenOutcome::failed));
    out.member("total_ms", in_ms(of.total())).member("longest_ms", in_ms(of.longest())).end();
  }
  out.end().key("made").object();
  for (const TokenReason reason : token_reasons) out.member(token_reason_name(reason), seen.made(reason));
  out.end();
  out.member("admin_refused", seen.admin_refused()).member("admin_outages", seen.admin_outages());
}

void write_account(json::Writer& out, const Account& account) {
  out.member("user_id", account.user_id().str()).member("slug", account.slug().str());
  out.member("name", account.name()).member("state", name_of(account.state()));
}

void write_reset(json::Writer& out, const ResetCounts& counts) {
  out.member("users", counts.users()).member("tokens", counts.tokens());
  out.member("positions", counts.positions()).member("rooms", counts.rooms());
  out.member("messages", counts.messages());
}

void write_room(json::Writer& out, const Room& room) {
  write_ref(out, room.ref());
  out.member("room_id", room.room_id().str()).member("name", room.name());
}

void write_members(json::Writer& out, const std::vector<Member>& members) {
  out.key("members").array();
  for (const Member& member : members) {
    out.object().member("user_id", member.user_id().str());
    member_if(out, "slug", member.slug().str());
    member_if(out, "name", member.name());
    out.member("membership", member.membership()).member("power_level", member.power_level()).end();
  }
  out.end();
}

void write_unread(json::Writer& out, const Unread& unread) {
  out.member("notifications", unread.notifications()).member("highlights", unread.highlights());
  member_if(out, "last_read", unread.last_read().str());
}

void write_sent(json::Writer& out, const EventId& event, const TransactionId& transaction) {
  out.member("event_id", event.str()).member("transaction_id", transaction.str());
}

void write_accepted(json::Writer& out, const TransactionId& transaction) {
  out.member("transaction_id", transaction.str());
}

void write_outbox_message(json::Writer& out, const OutboxMessage& message) {
  out.member("transaction_id", message.transaction_id().str()).member("state", outbox_state_name(message.state()));
  member_if(out, "event_id", message.event().str());
  if (message.room()) {
    out.member("user", message.sender().str());
    write_ref(out, *message.room());
    out.member("body", message.body()).member("accepted", milliseconds(message.accepted()));
  }
  if (!message.reason()) return;
  out.key("reason").object().member("code", errc_name(message.reason()->code()));
  out.member("message", message.reason()->message()).end();
}

void write_outbox(json::Writer& out, const OutboxPage& page) {
  out.key("messages").array();
  for (const OutboxMessage& message : page.messages()) {
    out.object();
    write_outbox_message(out, message);
    out.end();
  }
  out.end();
  member_if(out, "end", page.end());
}

void write_history(json::Writer& out, const MessagePage& page) {
  member_if(out, "room_id", page.room_id().str());
  out.key("messages").array();
  for (const ReceivedMessage& message : page.messages()) {
    out.object();
    write_message(out, message);
    out.end();
  }
  out.end();
  member_if(out, "end", page.end().str());
}

void write_revision(json::Writer& out, DirectoryRevision revision) { out.member("revision", std::uint64_t{revision}); }

void write_events(json::Writer& out, const EventBatch& batch) {
  out.key("events").array();
  for (const ChatEvent& event : batch) {
    out.object();
    write_event(out, event);
    out.end();
  }
  out.end();
}

}  // namespace confab::capi
