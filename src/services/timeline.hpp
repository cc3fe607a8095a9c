// Timeline: what does a room's event mean to the host? The same answer in history and live; what it changes about a
// message that was there before is ReceivedMessage::apply, in both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <confab/event_stream.hpp>
#include <confab/received_message.hpp>

#include "matrix/event.hpp"

namespace confab::services {

// Carried inside every message we send, so that a send whose answer was lost can be found again by reading the room;
// never shown to the host.
inline constexpr const char* transaction_key = "org.confab.transaction_id";

// In the redaction of an edit, the message that it had edited: nothing that is left of the edit tells that it was one.
inline constexpr const char* edited_message_key = "org.confab.edited_message";

// Longer ones are no reactions that anybody sends; cut where they come.
inline constexpr std::size_t longest_reaction = 255;

// Whether this is the content of an edit.
[[nodiscard]] bool is_edit(const json::Value& content);

// A message that was said, redacted ones included; nothing for every other event, edits among them, redacted ones, too,
// where the redaction tells.
[[nodiscard]] std::optional<ReceivedMessage> message_of(const MatrixRoomId& room, const matrix::RoomEvent& event,
                                                        std::string_view sender_name = {});

// An edit, reaction or redaction, which changes an event that was there before; nothing for every other event.
[[nodiscard]] std::optional<ChatEvent> change_of(const MatrixRoomId& room, const matrix::RoomEvent& event);

// The edit that the homeserver has put beside an event, the latest one.
[[nodiscard]] std::optional<ChatEvent> bundled_edit(const MatrixRoomId& room, const matrix::RoomEvent& event);

[[nodiscard]] ChatEvent chat_event_of(const MatrixRoomId& room, const matrix::RoomEvent& event,
                                      std::string_view sender_name = {});

// Typing and receipts; nothing for other ephemeral events.
[[nodiscard]] std::optional<ChatEvent> ephemeral_of(const MatrixRoomId& room, const json::Value& event);

}  // namespace confab::services
