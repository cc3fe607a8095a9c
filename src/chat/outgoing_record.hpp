// A host's message as the outbox keeps it.
#pragma once

#include <string>

#include <confab/message.hpp>
#include <confab/result.hpp>

namespace confab::chat {

// JSON; the sender and the transaction id stand beside it.
[[nodiscard]] std::string outgoing_record(const Message& message);
// Errc::store for what is none.
[[nodiscard]] Result<Message> outgoing_message(const std::string& record, const UserSlug& sender);

// The room in one text, never the same for two rooms.
[[nodiscard]] std::string room_text(const RoomRef& room);

}  // namespace confab::chat
