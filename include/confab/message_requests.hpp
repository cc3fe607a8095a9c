/// @file
/// What else can be done with messages than to say them: read history, edit, redact, react, type, mark as read; and
/// Unread, what a user has not read yet.
///
/// Each request is one class for both levels: in the host's words for ChatService (Edit), in Matrix's for ChatProvider
/// (ProviderEdit). The names for use stand at the end.
///
/// All of them: copying may throw std::bad_alloc; they are copied into the operation; as for plain values, one thread
/// at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <confab/ids.hpp>
#include <confab/message.hpp>

namespace confab {

/// Which piece of a room's history to read, and as whom.
///
/// @par Errors     Its members check nothing; history() answers Errc::invalid_argument.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
template <class RoomName, class UserName>
class HistoryRequestOf {
 public:
  /// Read `room` as `reader`, from its end, 50 messages at most.
  ///
  /// @param reader   A member of the room; for ChatService a user whom the directory lists for it.
  HistoryRequestOf(RoomName room, UserName reader) : room_(std::move(room)), reader_(std::move(reader)) {}

  /// How many messages at most: 1 to 1000. Default 50. It bounds the memory of the answer, too.
  ///
  /// @param count    Out of range: the operation answers Errc::invalid_argument.
  HistoryRequestOf& limit(std::size_t count) & noexcept { return limit_ = count, *this; }
  /// As above, for a temporary.
  HistoryRequestOf&& limit(std::size_t count) && noexcept { return std::move(limit(count)); }

  /// Go on where an earlier page ended.
  ///
  /// @param token    MessagePage::end() of a page of the same room. Empty: the newest page.
  HistoryRequestOf& from(PageToken token) & { return from_ = std::move(token), *this; }
  /// As above, for a temporary.
  HistoryRequestOf&& from(PageToken token) && { return std::move(from(std::move(token))); }

  /// Whether to read the reactions, too. Default: yes. It costs one more request for a page, and one more for each of
  /// its messages that has any. A page with more than 20 of these ends before the 21st, which begins the next page:
  /// go on from MessagePage::end().
  HistoryRequestOf& reactions(bool on) & noexcept { return reactions_ = on, *this; }
  /// As above, for a temporary.
  HistoryRequestOf&& reactions(bool on) && noexcept { return std::move(reactions(on)); }

  /// The room to read.
  ///
  /// @par Lifetime   That of this object, as for the readers below.
  [[nodiscard]] const RoomName& room() const noexcept { return room_; }
  /// Who reads: only what this user may see is returned, which may be less than the room holds when they joined late.
  [[nodiscard]] const UserName& reader() const noexcept { return reader_; }
  /// As set, before it is checked.
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  /// As set; empty for the newest page.
  [[nodiscard]] const PageToken& from() const noexcept { return from_; }
  /// As set.
  [[nodiscard]] bool reactions() const noexcept { return reactions_; }

 private:
  RoomName room_;
  UserName reader_;
  /// Checked when the operation runs.
  std::size_t limit_ = 50;
  PageToken from_;
  bool reactions_ = true;
};

/// Another text for a message that the same user said before. Clients show it in the message's place, and that it was
/// edited.
///
/// @par Errors     Its members check nothing; edit() answers as send() does.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Event replacements".
template <class RoomName, class UserName>
class EditOf {
 public:
  /// Let `message` of `user` say `body` from now on.
  ///
  /// @param room     An event's or group's room, or for ChatProvider a room of the homeserver.
  /// @param user     Somebody whom the directory lists for it, or for ChatProvider a member of it.
  /// @param message  The message as it was first said, not an edit of it.
  /// @param body     UTF-8, not empty.
  EditOf(RoomName room, UserName user, EventId message, std::string body)
      : room_(std::move(room)), user_(std::move(user)), message_(std::move(message)), body_(std::move(body)) {}
  /// The new text as HTML, too; see Message::formatted.
  EditOf& formatted(std::string html) & { return formatted_ = std::move(html), *this; }
  /// As above, for a temporary.
  EditOf&& formatted(std::string html) && { return std::move(formatted(std::move(html))); }
  /// Make it a text, notice or emote. Default: text.
  EditOf& kind(MessageKind kind) & noexcept { return kind_ = kind, *this; }
  /// As above, for a temporary.
  EditOf&& kind(MessageKind which) && noexcept { return std::move(kind(which)); }
  /// Send it although the room is encrypted; see ProviderMessage::even_if_encrypted. For ChatProvider: ChatService
  /// decides by TenantOptions.
  EditOf& even_if_encrypted(bool on) & noexcept { return even_if_encrypted_ = on, *this; }
  /// As above, for a temporary.
  EditOf&& even_if_encrypted(bool on) && noexcept { return std::move(even_if_encrypted(on)); }
  /// Send under this transaction id instead of a fresh one; see Message::transaction_id.
  ///
  /// @param id       Never used for another event. Empty: a fresh one.
  /// @par Specification Client-server API, "Transaction identifiers".
  EditOf& transaction_id(TransactionId id) & { return transaction_id_ = std::move(id), *this; }
  /// As above, for a temporary.
  EditOf&& transaction_id(TransactionId id) && { return std::move(transaction_id(std::move(id))); }
  /// Say that an earlier attempt under the same transaction id may have arrived; see Message::repeated.
  ///
  /// @param on       Default false. Without a transaction id it means nothing.
  EditOf& repeated(bool on) & noexcept { return repeated_ = on, *this; }
  /// As above, for a temporary.
  EditOf&& repeated(bool on) && noexcept { return std::move(repeated(on)); }

  /// The room.
  [[nodiscard]] const RoomName& room() const noexcept { return room_; }
  /// Who does it.
  [[nodiscard]] const UserName& user() const noexcept { return user_; }
  /// What is edited.
  [[nodiscard]] const EventId& message() const noexcept { return message_; }
  /// The new text.
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// As set; empty for none.
  [[nodiscard]] const std::string& formatted() const noexcept { return formatted_; }
  /// As set.
  [[nodiscard]] MessageKind kind() const noexcept { return kind_; }
  /// As set.
  [[nodiscard]] bool even_if_encrypted() const noexcept { return even_if_encrypted_; }
  /// As set; empty when the library is to choose.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return transaction_id_; }
  /// As set.
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }

 private:
  RoomName room_;
  UserName user_;
  EventId message_;
  std::string body_;
  std::string formatted_;
  MessageKind kind_ = MessageKind::text;
  bool even_if_encrypted_ = false;
  TransactionId transaction_id_;
  bool repeated_ = false;
};

/// The removal of what somebody said: a message, an edit or a reaction loses its content for everybody.
///
/// @par Errors     Its members check nothing; redact() does.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Redactions".
template <class RoomName, class UserName>
class RedactionOf {
 public:
  /// Let `user` remove the content of `event`: their own, or with the power for it anybody's.
  ///
  /// @param room     An event's or group's room, or for ChatProvider a room of the homeserver.
  /// @param user     Somebody whom the directory lists for it, or for ChatProvider a member of it.
  /// @param event    A message, an edit or a reaction.
  RedactionOf(RoomName room, UserName user, EventId event)
      : room_(std::move(room)), user_(std::move(user)), event_(std::move(event)) {}
  /// Why, for everybody to read. Default: nothing is said.
  RedactionOf& reason(std::string text) & { return reason_ = std::move(text), *this; }
  /// As above, for a temporary.
  RedactionOf&& reason(std::string text) && { return std::move(reason(std::move(text))); }
  /// Send under this transaction id instead of a fresh one; see Message::transaction_id.
  ///
  /// @param id       Never used for another event. Empty: a fresh one.
  /// @par Specification Client-server API, "Transaction identifiers".
  RedactionOf& transaction_id(TransactionId id) & { return transaction_id_ = std::move(id), *this; }
  /// As above, for a temporary.
  RedactionOf&& transaction_id(TransactionId id) && { return std::move(transaction_id(std::move(id))); }
  /// Say that an earlier attempt under the same transaction id may have arrived; see Message::repeated.
  ///
  /// @param on       Default false. Without a transaction id it means nothing.
  RedactionOf& repeated(bool on) & noexcept { return repeated_ = on, *this; }
  /// As above, for a temporary.
  RedactionOf&& repeated(bool on) && noexcept { return std::move(repeated(on)); }

  /// The room.
  [[nodiscard]] const RoomName& room() const noexcept { return room_; }
  /// Who does it.
  [[nodiscard]] const UserName& user() const noexcept { return user_; }
  /// What is redacted.
  [[nodiscard]] const EventId& event() const noexcept { return event_; }
  /// As set; empty for none.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  /// As set; empty when the library is to choose.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return transaction_id_; }
  /// As set.
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }

 private:
  RoomName room_;
  UserName user_;
  EventId event_;
  std::string reason_;
  TransactionId transaction_id_;
  bool repeated_ = false;
};

/// A reaction to a message. Redact its event to take it back.
///
/// @par Errors     Its members check nothing; react() does.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Event annotations and reactions".
template <class RoomName, class UserName>
class ReactionOf {
 public:
  /// Let `user` react to `message` with `key`.
  ///
  /// @param room     An event's or group's room, or for ChatProvider a room of the homeserver.
  /// @param user     Somebody whom the directory lists for it, or for ChatProvider a member of it.
  /// @param key      Mostly an emoji; UTF-8, not empty, at most 255 bytes.
  ReactionOf(RoomName room, UserName user, EventId message, std::string key)
      : room_(std::move(room)), user_(std::move(user)), message_(std::move(message)), key_(std::move(key)) {}
  /// Send under this transaction id instead of a fresh one; see Message::transaction_id.
  ///
  /// @param id       Never used for another event. Empty: a fresh one.
  /// @par Specification Client-server API, "Transaction identifiers".
  ReactionOf& transaction_id(TransactionId id) & { return transaction_id_ = std::move(id), *this; }
  /// As above, for a temporary.
  ReactionOf&& transaction_id(TransactionId id) && { return std::move(transaction_id(std::move(id))); }
  /// Say that an earlier attempt under the same transaction id may have arrived; see Message::repeated.
  ///
  /// @param on       Default false. Without a transaction id it means nothing.
  ReactionOf& repeated(bool on) & noexcept { return repeated_ = on, *this; }
  /// As above, for a temporary.
  ReactionOf&& repeated(bool on) && noexcept { return std::move(repeated(on)); }

  /// The room.
  [[nodiscard]] const RoomName& room() const noexcept { return room_; }
  /// Who does it.
  [[nodiscard]] const UserName& user() const noexcept { return user_; }
  /// What is reacted to.
  [[nodiscard]] const EventId& message() const noexcept { return message_; }
  /// With what.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  /// As set; empty when the library is to choose.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return transaction_id_; }
  /// As set.
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }

 private:
  RoomName room_;
  UserName user_;
  EventId message_;
  std::string key_;
  TransactionId transaction_id_;
  bool repeated_ = false;
};

/// Whether a user is writing just now.
///
/// @par Errors     Its members check nothing; typing() does.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Typing Notifications".
template <class RoomName, class UserName>
class TypingNoticeOf {
 public:
  /// Let `user` be seen writing in `room`, or no longer.
  ///
  /// @param room     An event's or group's room, or for ChatProvider a room of the homeserver.
  /// @param user     Somebody whom the directory lists for it, or for ChatProvider a member of it.
  /// @param on       Being seen ends by itself after 30 seconds: say so again while it goes on, as often as it is
  ///                 convenient.
  TypingNoticeOf(RoomName room, UserName user, bool on) : room_(std::move(room)), user_(std::move(user)), on_(on) {}
  /// The room.
  [[nodiscard]] const RoomName& room() const noexcept { return room_; }
  /// Who does it.
  [[nodiscard]] const UserName& user() const noexcept { return user_; }
  /// Whether they are writing.
  [[nodiscard]] bool on() const noexcept { return on_; }

 private:
  RoomName room_;
  UserName user_;
  bool on_;
};

/// How far a user has read a room.
///
/// @par Errors     Its members check nothing; mark_read() does.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Receipts", "Fully read markers".
template <class RoomName, class UserName>
class ReadMarkOf {
 public:
  /// Say that `user` has read `room` up to and with `event`.
  ///
  /// @param room     An event's or group's room, or for ChatProvider a room of the homeserver.
  /// @param user     Somebody whom the directory lists for it, or for ChatProvider a member of it.
  /// @param event    Going back to an earlier one changes nothing for others.
  ReadMarkOf(RoomName room, UserName user, EventId event)
      : room_(std::move(room)), user_(std::move(user)), event_(std::move(event)) {}
  /// Tell nobody else: only the user's own counts change. Default: everybody in the room sees it.
  ReadMarkOf& in_private(bool on) & noexcept { return in_private_ = on, *this; }
  /// As above, for a temporary.
  ReadMarkOf&& in_private(bool on) && noexcept { return std::move(in_private(on)); }

  /// The room.
  [[nodiscard]] const RoomName& room() const noexcept { return room_; }
  /// Who does it.
  [[nodiscard]] const UserName& user() const noexcept { return user_; }
  /// The last one that was read.
  [[nodiscard]] const EventId& event() const noexcept { return event_; }
  /// As set.
  [[nodiscard]] bool in_private() const noexcept { return in_private_; }

 private:
  RoomName room_;
  UserName user_;
  EventId event_;
  bool in_private_ = false;
};

/// What a user has not read yet in a room, as the homeserver counts by the user's push rules.
///
/// @par Lifetime   A value; it does not follow what happens later.
/// @par Specification Client-server API, "Receiving notifications".
class Unread {
 public:
  /// Made by the library, and by hosts' tests.
  Unread(std::uint64_t notifications, std::uint64_t highlights, EventId last_read)
      : notifications_(notifications), highlights_(highlights), last_read_(std::move(last_read)) {}
  /// How many messages the user has not read, those that highlight included.
  [[nodiscard]] std::uint64_t notifications() const noexcept { return notifications_; }
  /// How many of them call the user by name.
  [[nodiscard]] std::uint64_t highlights() const noexcept { return highlights_; }
  /// The last event that the user has read, in private or for all to see; empty where they never marked one.
  [[nodiscard]] const EventId& last_read() const noexcept { return last_read_; }

 private:
  std::uint64_t notifications_;
  std::uint64_t highlights_;
  EventId last_read_;
};

/// In the host's words: what ChatService takes.
using HistoryRequest = HistoryRequestOf<RoomRef, UserSlug>;
/// As above.
using Edit = EditOf<RoomRef, UserSlug>;
/// As above.
using Redaction = RedactionOf<RoomRef, UserSlug>;
/// As above.
using Reaction = ReactionOf<RoomRef, UserSlug>;
/// As above.
using TypingNotice = TypingNoticeOf<RoomRef, UserSlug>;
/// As above.
using ReadMark = ReadMarkOf<RoomRef, UserSlug>;

/// In Matrix's words: what ChatProvider takes.
using ProviderHistoryRequest = HistoryRequestOf<MatrixRoomId, MatrixUserId>;
/// As above.
using ProviderEdit = EditOf<MatrixRoomId, MatrixUserId>;
/// As above.
using ProviderRedaction = RedactionOf<MatrixRoomId, MatrixUserId>;
/// As above.
using ProviderReaction = ReactionOf<MatrixRoomId, MatrixUserId>;
/// As above.
using ProviderTypingNotice = TypingNoticeOf<MatrixRoomId, MatrixUserId>;
/// As above.
using ProviderReadMark = ReadMarkOf<MatrixRoomId, MatrixUserId>;

}  // namespace confab
