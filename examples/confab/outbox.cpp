// `confab send --durable` and `confab outbox`.
#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "commands.hpp"
#include "report.hpp"

namespace program {
namespace {

constexpr std::chrono::milliseconds look_pause{50};

JsonLine line_of(const confab::OutboxMessage& message) {
  JsonLine line;
  line.text("transaction_id", message.transaction_id().str());
  line.text("state", confab::outbox_state_name(message.state()));
  if (!message.event().empty()) line.text("event_id", message.event().str());
  if (message.room()) {
    const confab::RoomRef& room = *message.room();
    line.text("sender", message.sender().str()).text("kind", confab::room_kind_name(room.kind()));
    if (room.kind() == confab::RoomKind::direct) {
      line.texts("users", {room.first().str(), room.second().str()});
    } else {
      line.text("slug", room.slug().str());
    }
    const auto since_epoch = message.accepted().time_since_epoch();
    line.number("accepted", std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
  }
  if (message.reason()) {
    JsonLine reason;
    reason.text("code", confab::errc_name(message.reason()->code())).text("message", message.reason()->message());
    line.object("reason", reason);
  }
  return line;
}

}  // namespace

confab::Result<void> accept(Session& session, confab::Message message, std::vector<confab::TransactionId>& accepted) {
  auto id = session.chat().send_durably(std::move(message), confab::CallOptions().within(session.limit())).wait();
  if (!id) return std::move(id).error();
  accepted.push_back(*id);
  return print(JsonLine().text("transaction_id", id->str()).text("state", "accepted"));
}

int await_sent(Session& session, const std::vector<confab::TransactionId>& accepted) {
  const auto end = std::chrono::steady_clock::now() + session.limit();
  int code = exit_done;
  for (const confab::TransactionId& id : accepted) {
    for (;;) {
      const auto found = session.chat().outbox_message(id, confab::CallOptions().within(session.limit())).wait();
      if (!found) return fail(found.error());
      const bool dead = found->state() == confab::OutboxState::dead;
      if (dead) code = exit_failed;
      if (dead || found->state() == confab::OutboxState::sent || std::chrono::steady_clock::now() >= end) {
        if (auto printed = print(line_of(*found)); !printed) return fail(printed.error());
        break;
      }
      std::this_thread::sleep_for(look_pause);
    }
  }
  return code;
}

int outbox_list(Session& session, bool dead) {
  std::string from;
  do {
    confab::OutboxRequest request;
    request.dead(dead).from(from);
    const auto page = session.chat().outbox(request, confab::CallOptions().within(session.limit())).wait();
    if (!page) return fail(page.error());
    for (const confab::OutboxMessage& message : page->messages()) {
      if (auto printed = print(line_of(message)); !printed) return fail(printed.error());
    }
    from = page->end();
  } while (!from.empty());
  return exit_done;
}

int outbox_show(Session& session, const std::string& id) {
  const auto found =
      session.chat().outbox_message(confab::TransactionId(id), confab::CallOptions().within(session.limit())).wait();
  if (!found) return fail(found.error());
  JsonLine line = line_of(*found);
  if (found->room()) line.text("body", found->body());
  if (auto printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

int outbox_retry(Session& session, const std::string& id) {
  const confab::TransactionId transaction(id);
  const auto done = session.chat().outbox_retry(transaction, confab::CallOptions().within(session.limit())).wait();
  if (!done) return fail(done.error());
  return await_sent(session, {transaction});
}

int outbox_drop(Session& session, const std::string& id) {
  const auto done =
      session.chat().outbox_drop(confab::TransactionId(id), confab::CallOptions().within(session.limit())).wait();
  if (!done) return fail(done.error());
  if (auto printed = print(JsonLine().text("transaction_id", id).text("state", "dropped")); !printed)
    return fail(printed.error());
  return exit_done;
}

}  // namespace program
