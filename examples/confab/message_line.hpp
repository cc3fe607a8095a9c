// A message as the lines of `history` and `watch` hold it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

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
  // What few messages have is left out where it is not there.
  const auto text_if = [&line](const char* key, const std::string& value) {
    if (!value.empty()) line.text(key, value);
  };
  text_if("sender_name", message.sender_name());
  text_if("formatted_body", message.formatted_body());
  if (!message.encrypted_content().empty()) line.json("encrypted", message.encrypted_content());
  text_if("reply_to", message.relation().reply_to().str());
  text_if("thread", message.relation().thread().str());
  if (message.edited()) line.truth("edited", true);
  if (message.redacted()) line.truth("redacted", true);
  JsonLine reactions;
  for (const confab::Reactions& each : message.reactions()) {
    std::vector<std::string> users;
    for (const confab::MatrixUserId& user : each.senders()) users.push_back(user.str());
    reactions.texts(each.key(), users);
  }
  if (!message.reactions().empty()) line.object("reactions", reactions);
}

}  // namespace program
