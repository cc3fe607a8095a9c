/// @file
/// Message: what a user says; ReceivedMessage: what was said, as everybody sees it; MessagePage: a piece of history.
///
/// What goes out and what comes in are different types, because they know different things: an outgoing message names
/// the host's room and user, an incoming one Matrix's, with an id and a time that only the homeserver gives.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <confab/ids.hpp>

namespace confab {

/// A text that a user is about to say in a room. Chain setters for what is not plain.
///
///     Message(room, ana, "hi").transaction_id(id).repeated(true)
///
/// @par Errors     Its members check nothing; ChatService::send answers Errc::invalid_argument for an empty body or
///                 invalid UTF-8, and Errc::too_large for an event over 65,536 bytes in canonical form. Copying may
///                 throw std::bad_alloc.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "m.room.message", msgtype "m.text".
class Message {
 public:
  /// Say `body` in `room` as `sender`.
  ///
  /// @param room     An event's or group's room; it must have been made.
  /// @param sender   A user whom the directory lists for that event or group.
  /// @param body     UTF-8, not empty. Sent as it is: no markup is read into it.
  Message(RoomRef room, UserSlug sender, std::string body)
      : room_(std::move(room)), sender_(std::move(sender)), body_(std::move(body)) {}

  /// Send under this transaction id instead of a fresh one, so that the caller may repeat it after a crash. The
  /// homeserver keeps one event for each id of a login; after a crash, set repeated(), too.
  ///
  /// @param id       Never used for another message, for example from make_transaction_id(). Empty: a fresh one.
  /// @par Specification Client-server API, "Transaction identifiers".
  Message& transaction_id(TransactionId id) & {
    transaction_id_ = std::move(id);
    return *this;
  }
  /// As above, for a temporary.
  Message&& transaction_id(TransactionId id) && { return std::move(transaction_id(std::move(id))); }

  /// Say that an earlier attempt under the same transaction id may have arrived: its outcome was unknown. The room is
  /// then read before anything is sent, and the earlier event's id is returned if it is there.
  ///
  /// @param on       Without a transaction id it means nothing.
  Message& repeated(bool on) & {
    repeated_ = on;
    return *this;
  }
  /// As above, for a temporary.
  Message&& repeated(bool on) && { return std::move(repeated(on)); }

  /// The room it is meant for.
  [[nodiscard]] const RoomRef& room() const noexcept { return room_; }
  /// Who says it, in the host's words.
  [[nodiscard]] const UserSlug& sender() const noexcept { return sender_; }
  /// The text, as given.
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// As set; empty when the library is to choose. The id that was chosen is in the Error of a send that ends with
  /// Errc::outcome_unknown.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return transaction_id_; }
  /// As set; false unless repeated() was called.
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }

 private:
  RoomRef room_;
  UserSlug sender_;
  std::string body_;
  TransactionId transaction_id_;
  /// Costs one more request when it is set, and only then; a message that was never tried needs none.
  bool repeated_ = false;
};

/// What kind of thing was said. More kinds may be added: treat one you do not know as `other`.
enum class MessageKind {
  text,       ///< m.text
  notice,     ///< m.notice: said by a program.
  emote,      ///< m.emote: "/me waves".
  media,      ///< m.image, m.file, m.audio, m.video: the body is a description.
  encrypted,  ///< m.room.encrypted: its content cannot be read here.
  other,      ///< Any other msgtype; the body is its fallback text.
};

/// Tell the stable name of a kind, for example "text".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* message_kind_name(MessageKind kind) noexcept;

/// One message as it stands in a room: the same shape in history and live.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value; it refers to nothing else.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Room event format", "m.room.message".
class ReceivedMessage {
 public:
  /// Made by the library, and by hosts' tests.
  ///
  /// @param body     What people read; for media its description, for encrypted messages empty.
  /// @param time     In milliseconds; more precise times are kept as they are.
  ReceivedMessage(EventId id, MatrixRoomId room, MatrixUserId sender, std::string body, MessageKind kind,
                  std::chrono::system_clock::time_point time)
      : id_(std::move(id)),
        room_(std::move(room)),
        sender_(std::move(sender)),
        body_(std::move(body)),
        kind_(kind),
        time_(time) {}

  /// The event's id; equal ids are the same message, in history and live.
  ///
  /// @par Specification Client-server API, "Room event format".
  [[nodiscard]] const EventId& id() const noexcept { return id_; }
  /// The room it stands in. Tell messages of different rooms apart by it, in streams.
  [[nodiscard]] const MatrixRoomId& room_id() const noexcept { return room_; }
  /// Who said it. It may be somebody the host does not know, who joined on Matrix.
  [[nodiscard]] const MatrixUserId& sender() const noexcept { return sender_; }
  /// The text. It is whatever a user typed: escape it before showing it as HTML, never interpret it as markup.
  ///
  /// @par Specification Client-server API, "m.room.message", member "body".
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// What kind of thing was said; show `encrypted` and `other` as something that cannot be shown.
  [[nodiscard]] MessageKind kind() const noexcept { return kind_; }
  /// When the sender's homeserver took it, to the millisecond (origin_server_ts). Not a total order, and a remote
  /// server may claim any time: order by the place in the page or batch.
  [[nodiscard]] std::chrono::system_clock::time_point time() const noexcept { return time_; }

 private:
  EventId id_;
  MatrixRoomId room_;
  MatrixUserId sender_;
  std::string body_;
  MessageKind kind_;
  /// In UTC, as system_clock counts.
  std::chrono::system_clock::time_point time_;
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

/// Which piece of a room's history to read, and as whom.
///
/// @par Errors     Its members check nothing; ChatService::history answers Errc::invalid_argument.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
class HistoryRequest {
 public:
  /// Read `room` as `reader`, from its end, 50 messages at most.
  ///
  /// @param reader   A user whom the directory lists for that event or group.
  HistoryRequest(RoomRef room, UserSlug reader) : room_(std::move(room)), reader_(std::move(reader)) {}

  /// How many messages at most: 1 to 1000. Default 50. It bounds the memory of the answer, too.
  ///
  /// @param count    Out of range: the operation answers Errc::invalid_argument.
  HistoryRequest& limit(std::size_t count) & noexcept {
    limit_ = count;
    return *this;
  }
  /// As above, for a temporary.
  HistoryRequest&& limit(std::size_t count) && noexcept { return std::move(limit(count)); }

  /// Go on where an earlier page ended.
  ///
  /// @param token    MessagePage::end() of a page of the same room. Empty: the newest page.
  HistoryRequest& from(PageToken token) & {
    from_ = std::move(token);
    return *this;
  }
  /// As above, for a temporary.
  HistoryRequest&& from(PageToken token) && { return std::move(from(std::move(token))); }

  /// The room to read.
  ///
  /// @par Lifetime   That of this object, as for the readers below.
  [[nodiscard]] const RoomRef& room() const noexcept { return room_; }
  /// Who reads: only what this user may see is returned, which may be less than the room holds when they joined late.
  [[nodiscard]] const UserSlug& reader() const noexcept { return reader_; }
  /// As set, before it is checked.
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  /// As set; empty for the newest page.
  [[nodiscard]] const PageToken& from() const noexcept { return from_; }

 private:
  RoomRef room_;
  UserSlug reader_;
  /// Checked when the operation runs.
  std::size_t limit_ = 50;
  PageToken from_;
};

}  // namespace confab
