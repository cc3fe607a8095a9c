/// @file
/// Message: what a user is about to say; MessageKind: what kind of thing that is.
///
/// What goes out and what comes in are different types, because they know different things: an outgoing message names
/// the host's room and user, an incoming one (received_message.hpp) Matrix's, with an id and a time that only the
/// homeserver gives.
#pragma once

#include <string>
#include <utility>

#include <confab/ids.hpp>

namespace confab {

/// What kind of thing was said. More kinds may be added: treat one you do not know as `other`.
enum class MessageKind {
  text,       ///< m.text
  notice,     ///< m.notice: said by a program, and answered by none.
  emote,      ///< m.emote: "/me waves".
  media,      ///< m.image, m.file, m.audio, m.video: the body is a description.
  encrypted,  ///< m.room.encrypted: its content cannot be read here.
  other,      ///< Any other msgtype, the body being its fallback text; or redacted: nothing is left of it.
};

/// Tell the stable name of a kind, for example "text".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* message_kind_name(MessageKind kind) noexcept;

/// A text that a user is about to say in a room. Chain setters for what is not plain.
///
///     Message(room, ana, "It is *done*").formatted("It is <em>done</em>").reply_to(question)
///
/// @par Errors     Its members check nothing; ChatService::send answers Errc::invalid_argument for an empty body,
///                 invalid UTF-8 or a kind that cannot be sent, and Errc::too_large for an event over 65,536 bytes in
///                 canonical form. Copying may throw std::bad_alloc.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "m.room.message".
class Message {
 public:
  /// Say `body` in `room` as `sender`.
  ///
  /// @param room     An event's or group's room; it must have been made.
  /// @param sender   A user whom the directory lists for that event or group.
  /// @param body     UTF-8, not empty. Sent as it is: no markup is read into it.
  Message(RoomRef room, UserSlug sender, std::string body)
      : room_(std::move(room)), sender_(std::move(sender)), body_(std::move(body)) {}

  /// Say it formatted, too. Clients that show HTML show this instead of the body, all others the body: it should say
  /// the same.
  ///
  /// @param html     Cut down to the specification's elements and attributes before it is sent; nothing left of it: the
  ///                 message is plain. At most 65,536 bytes.
  /// @par Specification Client-server API, "m.room.message msgtypes", members "format" and "formatted_body".
  Message& formatted(std::string html) & {
    formatted_ = std::move(html);
    return *this;
  }
  /// As above, for a temporary.
  Message&& formatted(std::string html) && { return std::move(formatted(std::move(html))); }

  /// What kind of thing it is. Default: text.
  ///
  /// @param kind     text, notice or emote; others cannot be sent so: Errc::invalid_argument.
  Message& kind(MessageKind kind) & noexcept {
    kind_ = kind;
    return *this;
  }
  /// As above, for a temporary.
  Message&& kind(MessageKind which) && noexcept { return std::move(kind(which)); }

  /// Answer another message of the same room.
  ///
  /// @param event    Whether it is there is not looked at: clients show what they find. Empty: no answer.
  /// @par Specification Client-server API, "Rich replies".
  Message& reply_to(EventId event) & {
    reply_to_ = std::move(event);
    return *this;
  }
  /// As above, for a temporary.
  Message&& reply_to(EventId event) && { return std::move(reply_to(std::move(event))); }

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
  /// As set; empty for none.
  [[nodiscard]] const std::string& formatted() const noexcept { return formatted_; }
  /// As set.
  [[nodiscard]] MessageKind kind() const noexcept { return kind_; }
  /// As set; empty for none.
  [[nodiscard]] const EventId& reply_to() const noexcept { return reply_to_; }
  /// As set; empty when the library is to choose. The id that was chosen is in the Error of a send that ends with
  /// Errc::outcome_unknown.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return transaction_id_; }
  /// As set; false unless repeated() was called.
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }

 private:
  RoomRef room_;
  UserSlug sender_;
  std::string body_;
  /// As given: it is sanitized when it is sent.
  std::string formatted_;
  MessageKind kind_ = MessageKind::text;
  EventId reply_to_;
  TransactionId transaction_id_;
  /// Costs one more request when it is set, and only then; a message that was never tried needs none.
  bool repeated_ = false;
};

}  // namespace confab
