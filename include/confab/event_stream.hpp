/// @file
/// EventStream: what happens in a user's rooms, pulled by the host at its own pace.
///
///     EventStream stream = service.events(ana);
///     while (auto batch = co_await stream.next(CallOptions().within(1h))) show(*batch);
///
/// Pulled rather than pushed, so that a host that is busy is never run over, and so that a batch can be repeated after
/// a crash: at least once is what is promised, event ids tell what was seen before. docs/events.md tells all of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/call_options.hpp>
#include <confab/ids.hpp>
#include <confab/pending.hpp>
#include <confab/received_message.hpp>

namespace confab {

/// What happened. More kinds may be added: treat one you do not know as `other`.
enum class EventKind {
  message,     ///< Somebody said something: message() holds it.
  edit,        ///< Somebody said a message anew: target() names it, message() holds how it reads now.
  reaction,    ///< user() reacted to the message target() with key().
  redaction,   ///< user() removed the content of target(): of a message, an edit or a reaction. reason() may tell why.
  membership,  ///< Somebody was invited, joined, left or was removed: user() and membership() tell.
  typing,      ///< Who is typing changed: users() lists everybody who types now.
  receipt,     ///< Somebody has read: receipts() tells who, and how far.
  missed,      ///< What happened before the next event could not be had: of room_id(), or where that is empty of every
               ///< room of the user. Read the history where it matters.
  other,       ///< Any other event of the room; type() names it.
  sent,        ///< Of ChatService::outbox_events() alone: user()'s accepted message transaction_id() became id().
  given_up,    ///< Likewise: it was given up; reason() is the name of an Errc, outbox_message() tells more.
};

/// Tell the stable name of a kind, for example "message".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* event_kind_name(EventKind kind) noexcept;

/// How far one user has read a room.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Receipts".
class ReadReceipt {
 public:
  /// Made by the library, and by hosts' tests.
  ReadReceipt(MatrixUserId user, EventId event, std::chrono::system_clock::time_point time)
      : user_(std::move(user)), event_(std::move(event)), time_(time) {}
  /// Who has read.
  [[nodiscard]] const MatrixUserId& user() const noexcept { return user_; }
  /// Up to and with which event.
  [[nodiscard]] const EventId& event() const noexcept { return event_; }
  /// When they said so.
  [[nodiscard]] std::chrono::system_clock::time_point time() const noexcept { return time_; }

 private:
  MatrixUserId user_;
  EventId event_;
  std::chrono::system_clock::time_point time_;
};

/// One thing that happened in one room. Which of the members below are set depends on kind().
///
/// @par Errors     Copying and setting may throw std::bad_alloc.
/// @par Lifetime   A value; it refers to nothing else.
/// @par Threads    As for a plain value.
/// @par Specification Client-server API, "Room event format".
class ChatEvent {
 public:
  /// Made by the library, and by hosts' tests; the setters below fill in what the kind needs.
  ///
  /// @param kind     What happened.
  /// @param room     Where.
  ChatEvent(EventKind kind, MatrixRoomId room) : kind_(kind), room_(std::move(room)) {}

  /// What happened. It decides what else is set.
  [[nodiscard]] EventKind kind() const noexcept { return kind_; }
  /// Where. The host's event or group that it belongs to is what ChatService::ensure_room answered for it. Empty only
  /// for EventKind::missed, when it is about all rooms, and for sent and given_up.
  [[nodiscard]] const MatrixRoomId& room_id() const noexcept { return room_; }
  /// The event's id; empty for typing, missed and given_up, which have none. Equal ids are the same event: skip what
  /// was seen before.
  [[nodiscard]] const EventId& id() const noexcept { return id_; }
  /// The Matrix event type, for example "m.room.message"; whatever a client sent, where kind() is `other`.
  [[nodiscard]] const std::string& type() const noexcept { return type_; }
  /// The message, when kind() is `message`: the same shape as in history. When kind() is `edit`: its new text, under
  /// the id of the message that was edited and with the time of the edit; ReceivedMessage::apply takes it over. An edit
  /// that is encrypted has the kind `encrypted` and no text.
  [[nodiscard]] const std::optional<ReceivedMessage>& message() const noexcept { return message_; }
  /// Whom it is about: the member whose membership changed, or the sender. Empty for typing and receipts.
  [[nodiscard]] const MatrixUserId& user() const noexcept { return user_; }
  /// The new membership: "join", "leave", "invite", "ban" or "knock"; empty unless kind() is membership.
  ///
  /// @par Specification Client-server API, "m.room.member".
  [[nodiscard]] const std::string& membership() const noexcept { return membership_; }
  /// Everybody who is typing now, when kind() is `typing`; empty when the last one stopped.
  ///
  /// @par Specification Client-server API, "m.typing".
  [[nodiscard]] const std::vector<MatrixUserId>& users() const noexcept { return users_; }

  /// The event that was edited, reacted to or redacted; empty for the other kinds.
  ///
  /// @par Specification Client-server API, "Forming relationships between events", "Redactions".
  [[nodiscard]] const EventId& target() const noexcept { return target_; }
  /// What was reacted with, when kind() is `reaction`.
  [[nodiscard]] const std::string& key() const noexcept { return text_; }
  /// Why, when kind() is `redaction`; empty where nothing was said. It is whatever somebody typed.
  [[nodiscard]] const std::string& reason() const noexcept { return text_; }
  /// What ChatService::send_durably() answered, when kind() is `sent` or `given_up`.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return transaction_id_; }
  /// Who has read how far, when kind() is `receipt`; each user's last one counts.
  ///
  /// @par Specification Client-server API, "m.receipt".
  [[nodiscard]] const std::vector<ReadReceipt>& receipts() const noexcept { return receipts_; }

  /// Set the event's id.
  ///
  /// @returns        This event, as for each setter below.
  ChatEvent& id(EventId id) {
    id_ = std::move(id);
    return *this;
  }
  /// Set the Matrix event type.
  ///
  /// @param type     As in the event, for example "m.room.member".
  ChatEvent& type(std::string type) {
    type_ = std::move(type);
    return *this;
  }
  /// Set the message; it belongs to EventKind::message.
  ChatEvent& message(ReceivedMessage&& message) {
    message_.emplace(std::move(message));
    return *this;
  }
  /// The same of a copy.
  ChatEvent& message(const ReceivedMessage& message) {
    message_.emplace(message);
    return *this;
  }
  /// Set whom it is about.
  ChatEvent& user(MatrixUserId user) {
    user_ = std::move(user);
    return *this;
  }
  /// Set the new membership; it belongs to EventKind::membership.
  ChatEvent& membership(std::string membership) {
    membership_ = std::move(membership);
    return *this;
  }
  /// Set who is typing; it belongs to EventKind::typing.
  ChatEvent& users(std::vector<MatrixUserId> users) {
    users_ = std::move(users);
    return *this;
  }
  /// Set which event it changes; it belongs to edit, reaction and redaction.
  ///
  /// @param target   The message as it was first said; for a redaction any event.
  ChatEvent& target(EventId target) {
    target_ = std::move(target);
    return *this;
  }
  /// Set what was reacted with; it belongs to EventKind::reaction.
  ///
  /// @param key      Not empty.
  ChatEvent& key(std::string key) {
    text_ = std::move(key);
    return *this;
  }
  /// Set why; it belongs to EventKind::redaction.
  ///
  /// @param reason   Empty where nothing was said.
  ChatEvent& reason(std::string reason) {
    text_ = std::move(reason);
    return *this;
  }
  /// Set which accepted message it is about; it belongs to EventKind::sent and given_up.
  ///
  /// @param id       As ChatService::send_durably() answered.
  ChatEvent& transaction_id(TransactionId id) {
    transaction_id_ = std::move(id);
    return *this;
  }
  /// Set who has read; it belongs to EventKind::receipt.
  ChatEvent& receipts(std::vector<ReadReceipt> receipts) {
    receipts_ = std::move(receipts);
    return *this;
  }

 private:
  EventKind kind_;
  MatrixRoomId room_;
  EventId id_;
  std::string type_;
  std::optional<ReceivedMessage> message_;
  MatrixUserId user_;
  std::string membership_;
  std::vector<MatrixUserId> users_;
  EventId target_;
  /// A reaction's key, or a redaction's reason.
  std::string text_;
  TransactionId transaction_id_;
  std::vector<ReadReceipt> receipts_;
};

/// Events in the order in which the homeserver gave them, oldest first; at most 256 events or 256 KB, whichever comes
/// first. Never empty when next() succeeds.
using EventBatch = std::vector<ChatEvent>;

namespace detail {
/// What feeds a stream. Implemented by the library, and by hosts' tests that put a ChatService of their own in place.
///
/// @par Lifetime   Shared by the copies of one EventStream; destroyed with the last.
/// @par Threads    As EventStream.
class CONFAB_EXPORT EventSource {
 public:
  /// For implementers to derive from.
  EventSource() = default;
  /// Not copied: it has one position.
  EventSource(const EventSource&) = delete;
  /// Not assigned: it has one position.
  EventSource& operator=(const EventSource&) = delete;
  /// Ends the stream as close() does.
  virtual ~EventSource();
  /// See EventStream::next. Called by it, any thread; a call while one is outstanding answers Errc::busy.
  [[nodiscard]] virtual Pending<EventBatch> next(CallOptions options) = 0;
  /// See EventStream::ready. Called by it, any thread, beside a next() too.
  [[nodiscard]] virtual Pending<void> ready(CallOptions options) = 0;
  /// See EventStream::ack.
  virtual void ack() noexcept = 0;
  /// See EventStream::close.
  virtual void close() noexcept = 0;
};
}  // namespace detail

/// A user's events, pulled. Each arrives at least once: a batch counts as consumed when ack() or the next next() is
/// called, and what was not consumed comes again, under the same event ids, when the stream of a named consumer
/// (EventsOptions::remember_as) is opened anew. A stream without a name begins with now each time.
///
/// A slow reader pauses only its own stream: nothing new is requested from the homeserver while a batch waits unread.
/// Outages of the homeserver do not end a stream; next() waits through them, up to its deadline, and nothing is missed.
///
/// @par Errors     Those of next(); ack() and close() do not fail.
/// @par Lifetime   A handle; the last copy that goes away closes the stream.
/// @par Threads    Any; at most one next() at a time.
class EventStream {
 public:
  /// Used by ChatService::events and by other implementations of it.
  ///
  /// @param source   Not null; shared by the copies of this handle.
  explicit EventStream(std::shared_ptr<detail::EventSource> source) : source_(std::move(source)) {}

  /// Wait for the next batch, oldest event first. Calling it consumes the batch before.
  ///
  /// @param options  The deadline bounds the waiting: minutes and hours are fine here. Default 30 seconds.
  /// @returns        At least one event.
  /// @par Errors     Errc::timed_out when nothing happened before the deadline: call again, nothing is lost.
  ///                 Errc::busy while another next() is outstanding. Errc::closed. Errc::session_expired and the
  ///                 account_... codes when the user can read no longer. Of a named consumer also: Errc::conflict when
  ///                 another reader has taken the name over, which ends this stream; Errc::store when its position
  ///                 cannot be read; Errc::invalid_argument for a name that is none.
  /// @par Lifetime   The operation keeps the stream open until it has completed.
  /// @par Threads    Any; one at a time.
  /// @par Cancel     Nothing is lost: the events come with the following next().
  /// @par Specification  Client-server API, "Syncing".
  [[nodiscard]] Pending<EventBatch> next(CallOptions options = CallOptions()) {
    return source_->next(std::move(options));
  }

  /// Wait until the stream has its place: whatever happens after this has completed will be told by next(). It asks
  /// for no event and consumes none; a stream that is at its place already answers at once, however the homeserver is.
  ///
  /// @param options  The deadline bounds the waiting.
  /// @par Errors     As next() but for Errc::busy: it may be called while a next() is outstanding.
  /// @par Lifetime   The operation keeps the stream open until it has completed.
  /// @par Threads    Any.
  /// @par Cancel     Nothing is lost.
  /// @par Specification  Client-server API, "Syncing".
  [[nodiscard]] Pending<void> ready(CallOptions options = CallOptions()) { return source_->ready(std::move(options)); }

  /// Consume the batch that next() returned last, without asking for more: the position behind it is kept. Nothing
  /// happens when there is none.
  ///
  /// @par Threads    Any.
  void ack() noexcept { source_->ack(); }

  /// End the stream: an outstanding next() completes with Errc::closed, the long poll is given up. What was not
  /// consumed comes again when the named consumer is opened anew. Closing twice does nothing.
  ///
  /// @par Threads    Any; it only posts.
  void close() noexcept { source_->close(); }

 private:
  /// Never null.
  std::shared_ptr<detail::EventSource> source_;
};

}  // namespace confab
