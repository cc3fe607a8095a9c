/// @file
/// ReceivedMessage: what was said, as everybody sees it now; MessagePage: a piece of history.
///
/// A message changes after it was said: it is edited, reacted to, redacted. History tells it as it stands when it is
/// read; apply() goes on from there with the events of a stream, by the same rules, so that both tell the same.
///
///     for (const ChatEvent& event : *batch) {
///       if (event.kind() == EventKind::message) shown.push_back(*event.message());
///       else for (ReceivedMessage& message : shown) if (message.apply(event)) redraw(message);
///     }
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <confab/export.hpp>
#include <confab/ids.hpp>
#include <confab/message.hpp>

namespace confab {

class ChatEvent;

/// Which other messages a message belongs to.
///
/// @par Errors     Copying may throw std::bad_alloc, as for Reactions below.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value, like Reactions below.
/// @par Specification Client-server API, "Rich replies", "Threading".
class MessageRelation {
 public:
  /// To none.
  MessageRelation() = default;
  /// Made by the library, and by hosts' tests.
  MessageRelation(EventId reply_to, EventId thread) : reply_to_(std::move(reply_to)), thread_(std::move(thread)) {}
  /// The message that it answers; empty for none. It may be one that this user cannot see.
  [[nodiscard]] const EventId& reply_to() const noexcept { return reply_to_; }
  /// The first message of the thread that it was said in; empty for none.
  [[nodiscard]] const EventId& thread() const noexcept { return thread_; }
  /// The same messages.
  friend bool operator==(const MessageRelation& a, const MessageRelation& b) noexcept = default;

 private:
  EventId reply_to_;
  EventId thread_;
};

/// Everybody who reacted to a message with the same key.
///
/// @par Specification Client-server API, "Event annotations and reactions".
class Reactions {
 public:
  /// Made by the library, and by hosts' tests.
  Reactions(std::string key, std::vector<MatrixUserId> senders) : key_(std::move(key)), senders_(std::move(senders)) {}
  /// What was reacted with: mostly an emoji, but whatever a client sent. Escape it before showing it as HTML.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  /// How many users: each counts once.
  [[nodiscard]] std::size_t count() const noexcept { return senders_.size(); }
  /// Who, in the order of their ids.
  [[nodiscard]] const std::vector<MatrixUserId>& senders() const noexcept { return senders_; }
  /// The same key by the same users.
  friend bool operator==(const Reactions& a, const Reactions& b) noexcept = default;

 private:
  std::string key_;
  std::vector<MatrixUserId> senders_;
};

/// One message as it stands in a room: the same shape in history and live.
///
/// @par Errors     Copying and setting may throw std::bad_alloc.
/// @par Lifetime   A value; it refers to nothing else.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Room event format", "m.room.message".
class CONFAB_EXPORT ReceivedMessage {
 public:
  /// Of one message that many reactions are kept; further ones are not counted.
  static constexpr std::size_t most_reactions = 500;
  /// Of one message that many edits are kept, the latest, so that the one before counts again when one is redacted.
  static constexpr std::size_t most_edits = 16;

  /// Made by the library, and by hosts' tests; the setters below add what not every message has.
  ///
  /// @param body     What people read; for media its description, for encrypted messages empty.
  /// @param time     In milliseconds; more precise times are kept as they are.
  ReceivedMessage(EventId id, MatrixRoomId room, MatrixUserId sender, std::string body, MessageKind kind,
                  std::chrono::system_clock::time_point time)
      : id_(std::move(id)),
        room_(std::move(room)),
        sender_(std::move(sender)),
        time_(time),
        shown_(std::move(body), kind) {}

  /// The event's id; equal ids are the same message, in history and live.
  ///
  /// @par Specification Client-server API, "Room event format".
  [[nodiscard]] const EventId& id() const noexcept { return id_; }
  /// The room it stands in. Tell messages of different rooms apart by it, in streams.
  [[nodiscard]] const MatrixRoomId& room_id() const noexcept { return room_; }
  /// Who said it. It may be somebody the host does not know, who joined on Matrix.
  [[nodiscard]] const MatrixUserId& sender() const noexcept { return sender_; }
  /// The sender's display name in the room, as the homeserver told it beside the message: in a stream what they were
  /// called when they said it, in history what they were called at the newest message of the page. Empty where it did
  /// not tell, or where they have none. Anybody can take any name: never decide by it.
  ///
  /// @par Specification Client-server API, "Calculating the display name for a user".
  [[nodiscard]] const std::string& sender_name() const noexcept { return sender_name_; }
  /// The text, after the latest edit. It is whatever a user typed: escape it before showing it as HTML, never interpret
  /// it as markup. The quotation that older clients put before an answer is left out.
  ///
  /// @par Specification Client-server API, "m.room.message", member "body".
  [[nodiscard]] const std::string& body() const noexcept { return shown_.body; }
  /// The text as HTML, after the latest edit; empty for a plain one. It was cut down to the specification's elements
  /// and attributes, properly nested, and may be put into a page as it is. Pictures have "mxc://" addresses.
  ///
  /// @par Specification Client-server API, "m.room.message msgtypes", member "formatted_body".
  [[nodiscard]] const std::string& formatted_body() const noexcept { return shown_.formatted; }
  /// Of a message of the kind `encrypted` the content of its event as the sender's client wrote it, one JSON object on
  /// one line, after the latest edit; empty of every other one. It is for hosts that have the keys: this library reads
  /// nothing of it but what the message belongs to, and checks nothing. At most some 64 KiB.
  ///
  /// @par Specification Client-server API, "m.room.encrypted".
  [[nodiscard]] const std::string& encrypted_content() const noexcept { return shown_.encrypted; }
  /// What kind of thing was said; show `encrypted` and `other` as something that cannot be shown.
  [[nodiscard]] MessageKind kind() const noexcept { return shown_.kind; }
  /// When the sender's homeserver took it, to the millisecond (origin_server_ts); edits do not change it. Not a total
  /// order, and a remote server may claim any time: order by the place in the page or batch.
  [[nodiscard]] std::chrono::system_clock::time_point time() const noexcept { return time_; }
  /// What it answers, and the thread it belongs to.
  ///
  /// @par Specification Client-server API, "Rich replies", "Threading".
  [[nodiscard]] const MessageRelation& relation() const noexcept { return relation_; }
  /// Whether its text is another than it was at first.
  ///
  /// @par Specification Client-server API, "Event replacements".
  [[nodiscard]] bool edited() const noexcept { return !versions_.empty() && !redacted_; }
  /// Whether its content was removed: then the body is empty. An edit that another client has redacted looks in history
  /// like a message that was: the homeserver keeps nothing that would tell them apart. Of one that ChatService::redact
  /// has redacted nothing is shown.
  ///
  /// @par Specification Client-server API, "Redactions".
  [[nodiscard]] bool redacted() const noexcept { return redacted_; }
  /// Who reacted with what, in the order of the keys.
  ///
  /// @par Specification Client-server API, "Event annotations and reactions".
  /// @returns        Counted anew with each call.
  [[nodiscard]] std::vector<Reactions> reactions() const;

  /// Set the sender's name.
  ///
  /// @param name     Empty where none is known.
  /// @returns        This message, as for each setter below.
  ReceivedMessage& sender_name(std::string name) {
    sender_name_ = std::move(name);
    return *this;
  }
  /// Set the formatted text.
  ///
  /// @param html     It is taken as it is: whoever sets it has sanitized it.
  ReceivedMessage& formatted_body(std::string html) {
    shown_.formatted = std::move(html);
    return *this;
  }
  /// Set what was said of an encrypted message.
  ///
  /// @param json     One JSON object; it is taken as it is.
  ReceivedMessage& encrypted_content(std::string json) {
    shown_.encrypted = std::move(json);
    return *this;
  }
  /// Set what it belongs to.
  ReceivedMessage& relation(MessageRelation relation) {
    relation_ = std::move(relation);
    return *this;
  }
  /// Remove its content, as a redaction does: body, kind, relation, edits and reactions.
  ReceivedMessage& redact();

  /// Take over what an event changes about this message: an edit, a reaction, a redaction of the message itself or of
  /// an edit or reaction that was taken over before. Every other event, and the same one again, changes nothing; so
  /// does an edit by anybody but the sender. In whichever order edits and reactions come, the outcome is the same.
  ///
  /// @param event    Any event of a stream.
  /// @returns        Whether the message changed.
  /// @par Errors     std::bad_alloc; the message is then as it was, or changed.
  /// @par Specification Client-server API, "Validity of replacement events", "Event annotations and reactions".
  bool apply(const ChatEvent& event);

 private:
  /// What an edit replaces.
  struct Content {
    Content(std::string text, MessageKind of) : body(std::move(text)), kind(of) {}
    std::string body;
    std::string formatted;
    std::string encrypted;
    MessageKind kind;
  };
  /// An edit that was taken over; the first one in versions_ is what was said at first.
  struct Version {
    EventId id;
    std::chrono::system_clock::time_point time;
    Content content;
  };
  /// One reaction.
  struct Reacted {
    EventId id;
    MatrixUserId sender;
    std::string key;
  };
  /// See apply.
  bool edit(const ChatEvent& event);
  /// See apply.
  bool react(const ChatEvent& event);
  /// See apply.
  bool forget(const EventId& target);
  /// Show the latest version.
  void show();

  EventId id_;
  MatrixRoomId room_;
  MatrixUserId sender_;
  std::string sender_name_;
  /// In UTC, as system_clock counts.
  std::chrono::system_clock::time_point time_;
  Content shown_;
  MessageRelation relation_;
  /// Empty while there is no edit.
  std::vector<Version> versions_;
  std::vector<Reacted> reacted_;
  bool redacted_ = false;
};

/// A page of a room's history, newest first; pages go back in time.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value; it refers to nothing else.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "GET /rooms/{roomId}/messages".
class MessagePage {
 public:
  /// Made by the library, and by hosts' tests.
  ///
  /// @param messages Newest first.
  /// @param end      Empty for the last page.
  MessagePage(MatrixRoomId room, std::vector<ReceivedMessage> messages, PageToken end)
      : room_(std::move(room)), messages_(std::move(messages)), end_(std::move(end)) {}

  /// The room that was read; empty when the conversation does not exist yet.
  [[nodiscard]] const MatrixRoomId& room_id() const noexcept { return room_; }
  /// The messages, newest first; at most as many as HistoryRequest::limit says. It may be empty although there is more:
  /// only end() tells.
  [[nodiscard]] const std::vector<ReceivedMessage>& messages() const noexcept { return messages_; }
  /// Pass it to HistoryRequest::from for the page before this one; empty on the last page. It says nothing by itself,
  /// and does not get old while the room exists.
  [[nodiscard]] const PageToken& end() const noexcept { return end_; }

 private:
  MatrixRoomId room_;
  std::vector<ReceivedMessage> messages_;
  PageToken end_;
};

}  // namespace confab
