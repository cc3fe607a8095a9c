// Timeline: what does a room event mean to the host? The same answer in history and live.
#pragma once

#include <optional>

#include <confab/event_stream.hpp>
#include <confab/message.hpp>

#include "matrix/event.hpp"

namespace confab::services {

// Carried inside every message we send, so that a send whose answer was lost can be found again by reading the room;
// never shown to the host.
inline constexpr const char* transaction_key = "org.confab.transaction_id";

// Nothing for events that are no messages, and for redacted ones.
[[nodiscard]] std::optional<ReceivedMessage> message_of(const MatrixRoomId& room, const matrix::RoomEvent& event);

[[nodiscard]] ChatEvent chat_event_of(const MatrixRoomId& room, const matrix::RoomEvent& event);

}  // namespace confab::services
