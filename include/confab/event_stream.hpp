/// @file
/// EventStream: what happens in a user's rooms, pulled by the host at its own pace.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/call_options.hpp>
#include <confab/ids.hpp>
#include <confab/message.hpp>
#include <confab/pending.hpp>

namespace confab {

/// What happened.
enum class EventKind {
  message,     ///< Somebody said something: message() holds it.
  membership,  ///< Somebody was invited, joined, left or was removed: user() and membership() tell.
  typing,      ///< Who is typing changed: users() lists everybody who types now.
  other,       ///< Any other event of the room; type() names it.
};

/// Tell the stable name of a kind, for example "message".
///
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* event_kind_name(EventKind kind) noexcept;

/// One thing that happened in one room.
///
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
class ChatEvent {
 public:
  /// Made by the library, and by hosts' tests; the setters below fill in what the kind needs.
  ChatEvent(EventKind kind, MatrixRoomId room) : kind_(kind), room_(std::move(room)) {}

  /// What happened.
  [[nodiscard]] EventKind kind() const noexcept { return kind_; }
  /// Where.
  [[nodiscard]] const MatrixRoomId& room_id() const noexcept { return room_; }
  /// The event's id; empty for typing, which has none.
  [[nodiscard]] const EventId& id() const noexcept { return id_; }
  /// The Matrix event type, for example "m.room.message".
  [[nodiscard]] const std::string& type() const noexcept { return type_; }
  /// The message, when kind() is message.
  [[nodiscard]] const std::optional<ReceivedMessage>& message() const noexcept { return message_; }
  /// Whom it is about: the member whose membership changed, or the sender.
  [[nodiscard]] const MatrixUserId& user() const noexcept { return user_; }
  /// The new membership: "join", "leave", "invite", "ban" or "knock"; empty unless kind() is membership.
  [[nodiscard]] const std::string& membership() const noexcept { return membership_; }
  /// Everybody who is typing now, when kind() is typing.
  [[nodiscard]] const std::vector<MatrixUserId>& users() const noexcept { return users_; }

  /// Set the event's id.
  ChatEvent& id(EventId id) { id_ = std::move(id); return *this; }
  /// Set the Matrix event type.
  ChatEvent& type(std::string type) { type_ = std::move(type); return *this; }
  /// Set the message.
  ChatEvent& message(ReceivedMessage message) { message_.emplace(std::move(message)); return *this; }
  /// Set whom it is about.
  ChatEvent& user(MatrixUserId user) { user_ = std::move(user); return *this; }
  /// Set the new membership.
  ChatEvent& membership(std::string membership) { membership_ = std::move(membership); return *this; }
  /// Set who is typing.
  ChatEvent& users(std::vector<MatrixUserId> users) { users_ = std::move(users); return *this; }

 private:
  EventKind kind_;
  MatrixRoomId room_;
  EventId id_;
  std::string type_;
  std::optional<ReceivedMessage> message_;
  MatrixUserId user_;
  std::string membership_;
  std::vector<MatrixUserId> users_;
};

/// Events in the order in which the homeserver gave them; at most 256 events or 256 KB.
using EventBatch = std::vector<ChatEvent>;

namespace detail {
/// What feeds a stream.
class CONFAB_EXPORT EventSource {
 public:
  EventSource() = default;
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;
  virtual ~EventSource();
  /// See EventStream::next.
  [[nodiscard]] virtual Pending<EventBatch> next(CallOptions options) = 0;
  /// See EventStream::ack.
  virtual void ack() noexcept = 0;
  /// See EventStream::close.
  virtual void close() noexcept = 0;
};
}  // namespace detail

/// A user's events, pulled. Each arrives at least once: a batch counts as consumed when ack() or the next next() is
/// called, and what was not consumed comes again, under the same event ids, when the stream is opened anew.
///
/// A slow reader pauses only its own stream: nothing new is requested from the homeserver while a batch waits unread.
/// Outages of the homeserver do not end a stream; next() waits through them, up to its deadline, and nothing is missed.
///
/// @par Lifetime   A handle; the last copy that goes away closes the stream.
/// @par Threads    Any; at most one next() at a time.
class EventStream {
 public:
  /// Used by ChatService::events and by other implementations of it.
  explicit EventStream(std::shared_ptr<detail::EventSource> source) : source_(std::move(source)) {}

  /// Wait for the next batch, oldest event first. Calling it consumes the batch before.
  ///
  /// @par Errors     Errc::timed_out when nothing happened before the deadline: call again, nothing is lost.
  ///                 Errc::busy while another next() is outstanding. Errc::closed. Errc::session_expired and the
  ///                 account_... codes when the user can read no longer.
  /// @par Cancel     Nothing is lost: the events come with the following next().
  /// @par Specification  Client-server API, "Syncing".
  [[nodiscard]] Pending<EventBatch> next(CallOptions options = CallOptions()) { return source_->next(std::move(options)); }

  /// Consume the batch that next() returned last, without asking for more.
  void ack() noexcept { source_->ack(); }

  /// End the stream: an outstanding next() completes with Errc::closed, the long poll is given up.
  void close() noexcept { source_->close(); }

 private:
  std::shared_ptr<detail::EventSource> source_;
};

}  // namespace confab
