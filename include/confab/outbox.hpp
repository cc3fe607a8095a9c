/// @file
/// The outbox: messages that were accepted for good, and what became of them.
///
///     auto accepted = chat.send_durably(Message(room, ana, "hi")).wait();   // in the store: it will be sent once
///     auto page = chat.outbox().wait();                                     // what still waits
///     EventStream outcomes = chat.outbox_events();                          // what was sent, what was given up
///
/// docs/outbox.md tells what is promised and what an operator does about a message that was given up.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/error.hpp>
#include <confab/export.hpp>
#include <confab/ids.hpp>

namespace confab {

/// Where an accepted message is. More states may be added: treat one you do not know as `waiting`.
enum class OutboxState {
  waiting,    ///< Nothing was sent yet.
  undecided,  ///< It may have been sent: the room is read before it is sent again.
  sent,       ///< It is in the room: OutboxMessage::event() names it.
  dead,       ///< It was given up: OutboxMessage::reason() tells why. It stays until it is retried or dropped.
};

/// Tell the stable name of a state, for example "waiting".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* outbox_state_name(OutboxState state) noexcept;

/// One accepted message, as it was when it was looked at.
///
/// @par Errors     Copying and setting may throw std::bad_alloc.
/// @par Lifetime   A value; it does not follow what happens.
/// @par Threads    As for a plain value.
class OutboxMessage {
 public:
  /// Made by the library, and by hosts' tests; the setters below add what is known.
  ///
  /// @param id       What ChatService::send_durably() answered.
  OutboxMessage(TransactionId id, OutboxState state) : id_(std::move(id)), state_(state) {}
  /// What ChatService::send_durably() answered for it: it names the message until a day after it was sent.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return id_; }
  /// Where it is. It may be further by now: what is sent does not come back, what is dead stays until somebody
  /// decides.
  [[nodiscard]] OutboxState state() const noexcept { return state_; }
  /// Who says it. Empty once it was sent, as all below but event().
  [[nodiscard]] const UserSlug& sender() const noexcept { return sender_; }
  /// The room that it is for; nothing once it was sent.
  [[nodiscard]] const std::optional<RoomRef>& room() const noexcept { return room_; }
  /// Its text, as it was given. Never log it.
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// When it was accepted, or retried last, by the clock of the process that did it.
  [[nodiscard]] std::chrono::system_clock::time_point accepted() const noexcept { return accepted_; }
  /// The event that it became; empty unless state() is sent.
  [[nodiscard]] const EventId& event() const noexcept { return event_; }
  /// Why it was given up; nothing unless state() is dead.
  [[nodiscard]] const std::optional<Error>& reason() const noexcept { return reason_; }

  /// Set who says it where.
  ///
  /// @param sender   In the host's words.
  /// @param room     Of any kind.
  /// @param body     As it was given.
  /// @returns        This message, as for each setter.
  OutboxMessage& said(UserSlug sender, RoomRef room, std::string body) {
    sender_ = std::move(sender);
    room_ = std::move(room);
    body_ = std::move(body);
    return *this;
  }
  /// Set when it was accepted.
  ///
  /// @param when     By the clock of whoever accepted it.
  OutboxMessage& accepted(std::chrono::system_clock::time_point when) {
    accepted_ = when;
    return *this;
  }
  /// Set the event that it became.
  ///
  /// @param event    Belongs to OutboxState::sent.
  OutboxMessage& event(EventId event) {
    event_ = std::move(event);
    return *this;
  }
  /// Set why it was given up.
  ///
  /// @param why      Belongs to OutboxState::dead.
  OutboxMessage& reason(std::optional<Error> why) {
    reason_ = std::move(why);
    return *this;
  }

 private:
  TransactionId id_;
  OutboxState state_;
  /// Who, where and what; not known any more once it was sent.
  UserSlug sender_;
  std::optional<RoomRef> room_;
  std::string body_;
  std::chrono::system_clock::time_point accepted_{};
  /// At most one of these is set.
  EventId event_;
  std::optional<Error> reason_;
};

/// Which messages of the outbox to read.
///
/// @par Errors     Its members check nothing; ChatService::outbox does. Copying may throw std::bad_alloc.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
class OutboxRequest {
 public:
  /// The first of those that wait.
  OutboxRequest() = default;
  /// Those that were given up, instead of those that wait.
  ///
  /// @param on       Default false.
  /// @returns        This request, as for each setter.
  OutboxRequest& dead(bool on) & noexcept { return dead_ = on, *this; }
  /// As above, for a temporary.
  OutboxRequest&& dead(bool on) && noexcept { return std::move(dead(on)); }
  /// At most so many, 1 to 1,000.
  ///
  /// @param count    Default 100.
  OutboxRequest& limit(std::size_t count) & noexcept { return limit_ = count, *this; }
  /// As above, for a temporary.
  OutboxRequest&& limit(std::size_t count) && noexcept { return std::move(limit(count)); }
  /// Go on where a page ended.
  ///
  /// @param end      OutboxPage::end(); empty: from the beginning.
  OutboxRequest& from(std::string end) & { return from_ = std::move(end), *this; }
  /// As above, for a temporary.
  OutboxRequest&& from(std::string end) && { return std::move(from(std::move(end))); }

  /// As set: those that were given up, or those that wait.
  [[nodiscard]] bool is_dead() const noexcept { return dead_; }
  /// As set.
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  /// As set.
  [[nodiscard]] const std::string& from() const noexcept { return from_; }

 private:
  bool dead_ = false;
  std::size_t limit_ = 100;
  std::string from_;
};

/// Part of the outbox of a tenant: those of one user in one room stand together, in their order.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
class OutboxPage {
 public:
  /// Made by the library, and by hosts' tests.
  ///
  /// @param messages In their order.
  /// @param end      Empty at the end.
  OutboxPage(std::vector<OutboxMessage> messages, std::string end)
      : messages_(std::move(messages)), end_(std::move(end)) {}
  /// The messages. There may be fewer than asked for although more follow: only end() tells.
  [[nodiscard]] const std::vector<OutboxMessage>& messages() const noexcept { return messages_; }
  /// Leads to what follows; empty: nothing does.
  [[nodiscard]] const std::string& end() const noexcept { return end_; }

 private:
  std::vector<OutboxMessage> messages_;
  std::string end_;
};

}  // namespace confab
