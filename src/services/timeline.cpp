#include "services/timeline.hpp"

#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "services/html_sanitizer.hpp"
#include "util/json_written.hpp"
#include "util/text.hpp"

namespace confab::services {

namespace {

using Time = std::chrono::system_clock::time_point;

// What an event says is asked of its content as it was written, or as it was parsed with a whole answer.
template <class Use>
auto with_content(const matrix::RoomEvent& event, Use use) {
  const std::string_view text = event.content_text();
  return text.empty() ? use(event.content()) : use(json::WrittenObject(text));
}

std::optional<std::string> text_of(const json::Written& value) { return value.text(); }
std::optional<std::string> text_of(const json::Value& value) {
  if (!value.is_string()) return std::nullopt;
  return std::string(value.string_or(""));
}

Time time_of(std::int64_t milliseconds) { return Time{std::chrono::milliseconds(milliseconds)}; }

MessageKind kind_of(std::string_view msgtype) {
  if (msgtype == "m.text") return MessageKind::text;
  if (msgtype == "m.notice") return MessageKind::notice;
  if (msgtype == "m.emote") return MessageKind::emote;
  if (msgtype == "m.image" || msgtype == "m.file" || msgtype == "m.audio" || msgtype == "m.video")
    return MessageKind::media;
  return MessageKind::other;
}

template <class Content>
MessageRelation relation_of(const Content& content) {
  const auto relates = content["m.relates_to"];
  if (!relates) return {};
  EventId thread;
  if (relates["rel_type"].string_or("") == "m.thread") thread = EventId(std::string(relates["event_id"].string_or("")));
  // In a thread the last message is named as if it were answered, for clients that know no threads.
  EventId reply;
  if (!relates["is_falling_back"].boolean_or(false)) {
    reply = EventId(std::string(relates["m.in_reply_to"]["event_id"].string_or("")));
  }
  return {std::move(reply), std::move(thread)};
}

// Older clients put the text that they answer before the answer, each line behind "> ", the first one with its sender.
std::string_view without_quotation(std::string_view body) {
  if (!body.starts_with("> <") && !body.starts_with("> * <")) return body;
  std::string_view rest = body;
  while (rest.starts_with("> ") || rest.starts_with(">\n")) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return body;
    rest.remove_prefix(end + 1);
  }
  if (rest.starts_with('\n')) rest.remove_prefix(1);
  return rest.empty() ? body : rest;
}

// What `content` says, under this id; nothing if it is no message's content.
template <class Content>
std::optional<ReceivedMessage> said(const EventId& id, const MatrixRoomId& room, const matrix::RoomEvent& event,
                                    std::string_view sender_name, const Content& content, MessageRelation relation) {
  std::optional<ReceivedMessage> message;
  std::optional<std::string> body = text_of(content["body"]);
  if (!body) return message;
  if (!relation.reply_to().empty()) body = std::string(without_quotation(*body));
  message.emplace(id, room, event.sender(), *std::move(body), kind_of(content["msgtype"].string_or("")),
                  time_of(event.origin_server_ts()));
  if (content["format"].string_or("") == "org.matrix.custom.html") {
    message->formatted_body(sanitize_html(content["formatted_body"].string_or("")));
  }
  message->sender_name(std::string(sender_name)).relation(std::move(relation));
  return message;
}

// A message of which nothing can be shown but that it is there.
ReceivedMessage frame_of(const EventId& id, const MatrixRoomId& room, const matrix::RoomEvent& event,
                         MessageKind kind) {
  return {id, room, event.sender(), std::string(), kind, time_of(event.origin_server_ts())};
}

ChatEvent changing(EventKind kind, const MatrixRoomId& room, const matrix::RoomEvent& event, std::string_view target) {
  ChatEvent change(kind, room);
  change.id(event.id()).type(event.type()).user(event.sender()).target(EventId(std::string(target)));
  return change;
}

// What nobody can read here: the message with its content as it came, for a host that has keys.
template <class Content>
ReceivedMessage opaque(ReceivedMessage frame, const Content& content, MessageRelation relation) {
  frame.relation(std::move(relation)).encrypted_content(content.to_json());
  return frame;
}

template <class Content>
bool replaces(const Content& content) {
  return content["m.relates_to"]["rel_type"].string_or("") == "m.replace";
}

template <class Content>
std::optional<ChatEvent> edit_of(const MatrixRoomId& room, const matrix::RoomEvent& event, const Content& content) {
  const std::string target(content["m.relates_to"]["event_id"].string_or(""));
  if (target.empty() || event.redacted()) return std::nullopt;
  // An edit changes the words, not what the message belongs to.
  const bool is_encrypted = event.type() == "m.room.encrypted";
  const EventId id(target);
  std::optional<ReceivedMessage> message =
      is_encrypted ? opaque(frame_of(id, room, event, MessageKind::encrypted), content, MessageRelation())
                   : said(id, room, event, std::string_view(), content["m.new_content"], MessageRelation());
  if (!message) return std::nullopt;
  ChatEvent edit = changing(EventKind::edit, room, event, target);
  edit.message(*std::move(message));
  return edit;
}

// One variable in each, which is made where it is wanted: an event is large to move.
ChatEvent message_event(const MatrixRoomId& room, const matrix::RoomEvent& event, ReceivedMessage&& message) {
  ChatEvent said(EventKind::message, room);
  said.id(event.id()).type(event.type()).user(event.sender()).message(std::move(message));
  return said;
}

template <class Content>
ChatEvent membership_event(const MatrixRoomId& room, const matrix::RoomEvent& event, const Content& content) {
  ChatEvent moved(EventKind::membership, room);
  moved.id(event.id()).type(event.type()).user(MatrixUserId(*event.state_key()));
  moved.membership(std::string(content["membership"].string_or("")));
  return moved;
}

ChatEvent other_event(const MatrixRoomId& room, const matrix::RoomEvent& event) {
  ChatEvent other(EventKind::other, room);
  other.id(event.id()).type(event.type()).user(event.sender());
  return other;
}

bool was_edit(const matrix::RoomEvent& redacted) {
  return redacted.unsigned_data()["redacted_because"]["content"][edited_message_key].is_string();
}

template <class Content>
std::optional<ReceivedMessage> message_in(const MatrixRoomId& room, const matrix::RoomEvent& event,
                                          const Content& content, std::string_view sender_name) {
  const bool is_encrypted = event.type() == "m.room.encrypted";
  if (event.is_state() || (!is_encrypted && event.type() != "m.room.message")) return std::nullopt;
  const auto frame = [&] {
    ReceivedMessage empty =
        frame_of(event.id(), room, event, is_encrypted ? MessageKind::encrypted : MessageKind::other);
    empty.sender_name(std::string(sender_name));
    return empty;
  };
  if (event.redacted()) {
    if (was_edit(event)) return std::nullopt;
    ReceivedMessage gone = frame();
    gone.redact();
    return gone;
  }
  if (replaces(content)) return std::nullopt;
  if (is_encrypted) return opaque(frame(), content, relation_of(content));
  // A message without a body is malformed (or was redacted by an old server): there is nothing to show.
  return said(event.id(), room, event, sender_name, content, relation_of(content));
}

template <class Content>
std::optional<ChatEvent> change_in(const MatrixRoomId& room, const matrix::RoomEvent& event, const Content& content) {
  if (event.is_state()) return std::nullopt;
  const bool says = event.type() == "m.room.message" || event.type() == "m.room.encrypted";
  if (says && replaces(content)) return edit_of(room, event, content);
  if (event.type() == "m.reaction") {
    const auto relates = content["m.relates_to"];
    const std::string target(relates["event_id"].string_or(""));
    const std::string whole(relates["key"].string_or(""));
    const std::string_view key = text::cut_utf8(whole, longest_reaction);
    if (relates["rel_type"].string_or("") != "m.annotation" || target.empty() || key.empty()) return std::nullopt;
    ChatEvent reaction = changing(EventKind::reaction, room, event, target);
    reaction.key(std::string(key));
    return reaction;
  }
  if (event.type() == "m.room.redaction") {
    // Room versions before 11 name the event beside the content, later ones in it.
    std::string target(content["redacts"].string_or(""));
    if (target.empty()) target = event.source()["redacts"].string_or("");
    if (target.empty()) return std::nullopt;
    ChatEvent redaction = changing(EventKind::redaction, room, event, target);
    redaction.reason(std::string(content["reason"].string_or("")));
    return redaction;
  }
  return std::nullopt;
}

}  // namespace

bool is_edit(const json::Value& content) { return replaces(content); }

std::optional<ReceivedMessage> message_of(const MatrixRoomId& room, const matrix::RoomEvent& event,
                                          std::string_view sender_name) {
  return with_content(event, [&](const auto& content) { return message_in(room, event, content, sender_name); });
}

std::optional<ChatEvent> change_of(const MatrixRoomId& room, const matrix::RoomEvent& event) {
  return with_content(event, [&](const auto& content) { return change_in(room, event, content); });
}

std::optional<ChatEvent> bundled_edit(const MatrixRoomId& room, const matrix::RoomEvent& event) {
  const json::Value replacement = event.unsigned_data()["m.relations"]["m.replace"];
  if (!replacement.is_object()) return std::nullopt;
  const Result<matrix::RoomEvent> edit = matrix::RoomEvent::decode(replacement);
  if (!edit) return std::nullopt;
  return change_of(room, *edit);
}

ChatEvent chat_event_of(const MatrixRoomId& room, const matrix::RoomEvent& event, std::string_view sender_name) {
  return with_content(event, [&](const auto& content) {
    if (std::optional<ReceivedMessage> message = message_in(room, event, content, sender_name)) {
      return message_event(room, event, *std::move(message));
    }
    if (std::optional<ChatEvent> change = change_in(room, event, content)) return *std::move(change);
    if (event.type() == "m.room.member" && event.is_state()) return membership_event(room, event, content);
    return other_event(room, event);
  });
}

std::optional<ChatEvent> ephemeral_of(const MatrixRoomId& room, const json::Value& event) {
  const std::string_view type = event["type"].string_or("");
  if (type == "m.typing") {
    std::vector<MatrixUserId> users;
    for (const json::Value user : event["content"]["user_ids"].elements()) {
      if (user.is_string()) users.emplace_back(std::string(user.string_or("")));
    }
    ChatEvent typing(EventKind::typing, room);
    typing.type(std::string(type)).users(std::move(users));
    return typing;
  }
  if (type != "m.receipt") return std::nullopt;
  std::vector<ReadReceipt> receipts;
  for (const auto& [id, kinds] : event["content"].members()) {
    for (const std::string_view kind : {"m.read", "m.read.private"}) {
      for (const auto& [user, receipt] : kinds[kind].members()) {
        receipts.emplace_back(MatrixUserId(std::string(user)), EventId(std::string(id)),
                              time_of(receipt["ts"].integer_or(0)));
      }
    }
  }
  if (receipts.empty()) return std::nullopt;
  ChatEvent read(EventKind::receipt, room);
  read.type(std::string(type)).receipts(std::move(receipts));
  return read;
}

}  // namespace confab::services
