#include "services/timeline.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace confab::services {

namespace {

MessageKind kind_of(std::string_view msgtype) {
  if (msgtype == "m.text") return MessageKind::text;
  if (msgtype == "m.notice") return MessageKind::notice;
  if (msgtype == "m.emote") return MessageKind::emote;
  if (msgtype == "m.image" || msgtype == "m.file" || msgtype == "m.audio" || msgtype == "m.video")
    return MessageKind::media;
  return MessageKind::other;
}

}  // namespace

std::optional<ReceivedMessage> message_of(const MatrixRoomId& room, const matrix::RoomEvent& event) {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds(event.origin_server_ts())};
  if (event.is_state() || event.redacted()) return std::nullopt;
  if (event.type() == "m.room.encrypted") {
    return ReceivedMessage(event.id(), room, event.sender(), std::string(), MessageKind::encrypted, time);
  }
  if (event.type() != "m.room.message") return std::nullopt;
  const json::Value content = event.content();
  // A message without a body is malformed (or was redacted by an old server): there is nothing to show.
  if (!content["body"].is_string()) return std::nullopt;
  return ReceivedMessage(event.id(), room, event.sender(), std::string(content["body"].string_or("")),
                         kind_of(content["msgtype"].string_or("")), time);
}

ChatEvent chat_event_of(const MatrixRoomId& room, const matrix::RoomEvent& event) {
  std::optional<ReceivedMessage> message = message_of(room, event);
  if (message) {
    ChatEvent said(EventKind::message, room);
    said.id(event.id()).type(event.type()).user(event.sender()).message(std::move(*message));
    return said;
  }
  if (event.type() == "m.room.member" && event.is_state()) {
    ChatEvent moved(EventKind::membership, room);
    moved.id(event.id()).type(event.type()).user(MatrixUserId(*event.state_key()));
    moved.membership(std::string(event.content()["membership"].string_or("")));
    return moved;
  }
  ChatEvent other(EventKind::other, room);
  other.id(event.id()).type(event.type()).user(event.sender());
  return other;
}

}  // namespace confab::services
