#include "chat/outgoing_record.hpp"

#include <optional>
#include <string_view>

#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::chat {
namespace {

std::optional<RoomRef> room_of(const json::Value& value) {
  const std::string_view kind = value["kind"].string_or("");
  const std::string slug(value["slug"].string_or(""));
  if (kind == room_kind_name(RoomKind::event)) return RoomRef::event(RoomSlug(slug));
  if (kind == room_kind_name(RoomKind::group)) return RoomRef::group(RoomSlug(slug));
  if (kind != room_kind_name(RoomKind::direct)) return std::nullopt;
  return RoomRef::direct(UserSlug(std::string(value["first"].string_or(""))),
                         UserSlug(std::string(value["second"].string_or(""))));
}

MessageKind words_kind_of(std::string_view name) {
  for (const MessageKind kind : {MessageKind::notice, MessageKind::emote}) {
    if (name == message_kind_name(kind)) return kind;
  }
  return MessageKind::text;
}

}  // namespace

std::string outgoing_record(const Message& message) {
  json::Writer writer;
  writer.object().key("room").object().member("kind", room_kind_name(message.room().kind()));
  if (message.room().kind() == RoomKind::direct) {
    writer.member("first", message.room().first().str()).member("second", message.room().second().str());
  } else {
    writer.member("slug", message.room().slug().str());
  }
  writer.end().member("kind", message_kind_name(message.kind())).member("body", message.body());
  if (!message.formatted().empty()) writer.member("formatted", message.formatted());
  if (!message.reply_to().empty()) writer.member("reply_to", message.reply_to().str());
  return std::move(writer.end()).finish();
}

Result<Message> outgoing_message(const std::string& record, const UserSlug& sender) {
  const Result<json::Document> parsed = json::parse(record);
  const json::Value root = parsed ? parsed->root() : json::Value();
  const std::optional<RoomRef> room = room_of(root["room"]);
  if (!room || !root["body"].is_string())
    return Error(Errc::store, "a message of the outbox cannot be read: damaged, or of a later release");
  Message message(*room, sender, std::string(root["body"].string_or("")));
  message.formatted(std::string(root["formatted"].string_or("")));
  message.kind(words_kind_of(root["kind"].string_or("")));
  message.reply_to(EventId(std::string(root["reply_to"].string_or(""))));
  return message;
}

// No slug holds the colon.
std::string room_text(const RoomRef& room) {
  if (room.kind() == RoomKind::direct)
    return text::concat({room_kind_name(room.kind()), ":", room.first().str(), ":", room.second().str()});
  return text::concat({room_kind_name(room.kind()), ":", room.slug().str()});
}

}  // namespace confab::chat
