// MemoryHomeserver: what a homeserver would know, in memory: accounts, rooms, members, and everything that happened, in
// one log. Events are kept as a homeserver writes them, so that services/timeline tells what they mean.
//
// Every member answers at once. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/chat_provider.hpp>

#include "net/shared_result.hpp"

namespace confab::chat {

class MemoryHomeserver {
 public:
  static constexpr std::size_t most_memory_events = 200'000;
  static constexpr std::size_t most_memory_accounts = 100'000;
  static constexpr std::size_t most_memory_consumers = 10'000;
  static constexpr std::size_t most_batch_events = 256;
  static constexpr std::size_t most_batch_bytes = 262'144;
  static constexpr std::size_t most_page_messages = 1'000;

  explicit MemoryHomeserver(std::string server_name);

  [[nodiscard]] const std::string& server_name() const noexcept { return server_name_; }

  [[nodiscard]] Result<void> ensure_account(const MatrixUserId& user, const std::string& display_name);
  [[nodiscard]] Result<Account> account(const MatrixUserId& user) const;
  [[nodiscard]] Result<void> set_password(const MatrixUserId& user, const Secret& password) const;

  [[nodiscard]] Result<MatrixRoomId> ensure_room(const ProviderRoomRequest& request);
  [[nodiscard]] Result<MatrixRoomId> find_room(const std::string& alias_localpart) const;
  [[nodiscard]] Result<std::string> room_alias(const MatrixRoomId& room) const;
  [[nodiscard]] Result<void> join(const MatrixRoomId& room, const MatrixUserId& user);
  [[nodiscard]] Result<void> remove(const MatrixRoomId& room, const MatrixUserId& user);
  [[nodiscard]] Result<std::vector<Member>> members(const MatrixRoomId& room) const;

  [[nodiscard]] Result<EventId> send(const ProviderMessage& message);
  [[nodiscard]] Result<EventId> edit(ProviderEdit edit);
  [[nodiscard]] Result<EventId> redact(const ProviderRedaction& redaction);
  [[nodiscard]] Result<EventId> react(ProviderReaction reaction);
  [[nodiscard]] Result<void> typing(const ProviderTypingNotice& notice);
  [[nodiscard]] Result<void> mark_read(const ProviderReadMark& mark);
  [[nodiscard]] Result<Unread> unread(const MatrixRoomId& room, const MatrixUserId& user) const;
  [[nodiscard]] Result<MessagePage> history(const ProviderHistoryRequest& request) const;

  // Where a reader of a user's events is: before the entry `position` of the log.
  struct Place {
    std::size_t position = 0;
    std::uint64_t reader = 0;  // of a named consumer: who claimed it last
  };
  // Now, or where the consumer of that name was, which is then this reader's. Errc::not_found: no such account.
  [[nodiscard]] Result<Place> claim(const MatrixUserId& user, const std::string& consumer);
  // False: another reader has claimed the name.
  [[nodiscard]] bool save(const MatrixUserId& user, const std::string& consumer, const Place& place);
  // What the user may see from there on, at most a batch; the place moves behind it.
  [[nodiscard]] EventBatch read(const MatrixUserId& user, Place& place) const;
  // There is nothing to forget but the places of named consumers.
  [[nodiscard]] Result<ResetCounts> reset(const ProviderReset& request);
  // Set when something has happened after this call.
  using Signal = net::SharedResult<void>;
  [[nodiscard]] std::shared_ptr<Signal> next_change() const;
  void wake_readers();

 private:
  struct Entry {
    MatrixRoomId room;
    std::string type;
    MatrixUserId sender;
    std::string sender_name;  // as it was then
    std::string content;
    std::optional<std::string> state_key;
    EventId target;  // of an edit, a reaction or a redaction
    bool ephemeral = false;
    MatrixUserId only_for;  // a private receipt's
    EventId id;
    std::int64_t time = 0;
    EventId redacted_by;
    EventId edited;  // of a redacted edit: the message that it had edited
    [[nodiscard]] std::string text() const;
  };
  struct Membership {
    std::string now;
    std::vector<std::pair<std::size_t, std::size_t>> seen;  // first and last entry of each stay
    EventId last_read;
    std::size_t read_to = 0;
  };
  struct Room {
    std::string alias;
    bool is_public = false;
    std::vector<MatrixUserId> moderators;
    bool direct = false;
    std::map<MatrixUserId, Membership> members;
    std::vector<MatrixUserId> typing;
    std::vector<std::size_t> entries;  // without ephemeral ones
  };
  // Locks, and tells the readers afterwards when something was appended.
  class Turn;

  [[nodiscard]] Result<void> check_user(const MatrixUserId& user) const;
  [[nodiscard]] Result<void> check_account(const MatrixUserId& user) const;
  // The room, if the user is in it: else Errc::forbidden.
  [[nodiscard]] Result<Room*> joined(const MatrixRoomId& room, const MatrixUserId& user);
  [[nodiscard]] Result<const Room*> joined(const MatrixRoomId& room, const MatrixUserId& user) const;
  [[nodiscard]] bool is_full() const { return log_.size() + 4 > most_memory_events; }
  EventId append(Entry entry);
  void set_membership(const MatrixRoomId& id, Room& room, const MatrixUserId& user, const MatrixUserId& by,
                      const std::string& membership);
  [[nodiscard]] Result<EventId> put(Entry entry, const TransactionId& transaction);
  [[nodiscard]] const EventId* known(const MatrixRoomId& room, const MatrixUserId& user,
                                     const TransactionId& transaction) const;
  [[nodiscard]] Entry* find(const MatrixRoomId& room, const EventId& id);
  void tell_typing(const MatrixRoomId& id, const Room& room);
  [[nodiscard]] bool sees(const MatrixUserId& user, std::size_t position) const;
  void fold(ReceivedMessage& message, bool reactions) const;

  const std::string server_name_;
  const MatrixUserId own_account_;
  mutable std::mutex mutex_;
  std::map<MatrixUserId, std::string> accounts_;  // with their display names
  std::map<std::string, MatrixRoomId> aliases_;
  std::map<MatrixRoomId, Room> rooms_;
  std::vector<Entry> log_;
  std::map<EventId, std::size_t> places_;
  std::multimap<EventId, std::size_t> changes_;  // edits and reactions, by what they change
  std::map<std::string, EventId> transactions_;
  std::map<std::pair<MatrixUserId, std::string>, Place> consumers_;
  std::shared_ptr<Signal> changed_ = std::make_shared<Signal>();
};

}  // namespace confab::chat
