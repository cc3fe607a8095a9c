// A message as the lines of `history` and `watch` hold it.
#pragma once

#include <chrono>

#include <confab/received_message.hpp>

#include "json_line.hpp"

namespace program {

inline void add_message(JsonLine& line, const confab::ReceivedMessage& message) {
  line.text("event_id", message.id().str())
      .text("room_id", message.room_id().str())
      .text("sender", message.sender().str());
  line.text("kind", confab::message_kind_name(message.kind())).text("body", message.body());
  const auto since_epoch = message.time().time_since_epoch();
  line.number("time", std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
}

}  // namespace program
