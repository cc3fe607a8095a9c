/// @file
/// ChatProvider: one level below ChatService; everything is in the homeserver's words. A transport implements it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <confab/call_options.hpp>
#include <confab/event_stream.hpp>
#include <confab/export.hpp>
#include <confab/ids.hpp>
#include <confab/message.hpp>
#include <confab/pending.hpp>

namespace confab {

/// A room that shall exist on the homeserver, named by an alias so that it is made at most once.
///
/// @par Threads    As for a plain value, like the other requests of this header.
class ProviderRoomRequest {
 public:
  /// A room with this local part of its alias ("acme_event_standup"), where `creator` has power level 50.
  ProviderRoomRequest(std::string alias_localpart, MatrixUserId creator)
      : alias_localpart_(std::move(alias_localpart)), creator_(std::move(creator)) {}
  /// The room's name (m.room.name).
  ProviderRoomRequest& name(std::string name) { name_ = std::move(name); return *this; }
  /// The room's topic (m.room.topic).
  ProviderRoomRequest& topic(std::string topic) { topic_ = std::move(topic); return *this; }
  /// Whether it is listed and anybody may join on Matrix.
  ProviderRoomRequest& make_public(bool on) noexcept { public_ = on; return *this; }

  /// The local part of the alias, without "#" and server.
  [[nodiscard]] const std::string& alias_localpart() const noexcept { return alias_localpart_; }
  /// Who gets power level 50.
  [[nodiscard]] const MatrixUserId& creator() const noexcept { return creator_; }
  /// As set.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// As set.
  [[nodiscard]] const std::string& topic() const noexcept { return topic_; }
  /// As set.
  [[nodiscard]] bool is_public() const noexcept { return public_; }

 private:
  std::string alias_localpart_;
  MatrixUserId creator_;
  std::string name_;
  std::string topic_;
  bool public_ = false;
};

/// A text to be sent to a room of the homeserver.
class ProviderMessage {
 public:
  /// `body` from `sender` to `room`, under a transaction id that is never empty here.
  ProviderMessage(MatrixRoomId room, MatrixUserId sender, std::string body, TransactionId transaction_id)
      : room_(std::move(room)), sender_(std::move(sender)), body_(std::move(body)), transaction_id_(std::move(transaction_id)) {}
  /// See Message::repeated.
  ProviderMessage& repeated(bool on) noexcept { repeated_ = on; return *this; }

  /// The room.
  [[nodiscard]] const MatrixRoomId& room() const noexcept { return room_; }
  /// Who says it.
  [[nodiscard]] const MatrixUserId& sender() const noexcept { return sender_; }
  /// The text.
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// What makes repeating harmless.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return transaction_id_; }
  /// As set.
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }

 private:
  MatrixRoomId room_;
  MatrixUserId sender_;
  std::string body_;
  TransactionId transaction_id_;
  bool repeated_ = false;
};

/// A transport for chat: accounts, rooms, messages. Errors, lifetime, threads and cancellation as in ChatService.
class CONFAB_EXPORT ChatProvider {
 public:
  ChatProvider() = default;
  ChatProvider(const ChatProvider&) = delete;
  ChatProvider& operator=(const ChatProvider&) = delete;
  virtual ~ChatProvider();

  /// The server name that stands behind the colon of user ids and aliases.
  [[nodiscard]] virtual const std::string& server_name() const noexcept = 0;

  /// Make sure that an account exists and has this display name (empty: leave it). Never touches a password.
  /// @par Errors     Errc::invalid_argument: the id is none of this server's. account_deactivated.
  [[nodiscard]] virtual Pending<void> ensure_account(MatrixUserId user, std::string display_name, CallOptions options) = 0;

  /// Make sure that a room exists; at most one is ever made for one alias.
  /// @par Errors     Errc::invalid_argument: an alias that can never be legal.
  [[nodiscard]] virtual Pending<MatrixRoomId> ensure_room(ProviderRoomRequest request, CallOptions options) = 0;

  /// Look a room up by the local part of its alias.
  /// @par Errors     Errc::not_found.
  [[nodiscard]] virtual Pending<MatrixRoomId> find_room(std::string alias_localpart, CallOptions options) = 0;

  /// Make `user` a joined member: join first, then invite and join, then the admin's join; a member already is success.
  /// @par Errors     Errc::forbidden: banned. Errc::not_found.
  [[nodiscard]] virtual Pending<void> join(MatrixRoomId room, MatrixUserId user, CallOptions options) = 0;

  /// Send a text as a user.
  /// @par Errors     Errc::forbidden: not a member (join, then repeat). Others as ChatService::send.
  [[nodiscard]] virtual Pending<EventId> send(ProviderMessage message, CallOptions options) = 0;

  /// Read a page of history as a user; `from` empty for the newest page.
  /// @par Errors     Errc::forbidden: not a member. Errc::invalid_argument: a token that is none.
  [[nodiscard]] virtual Pending<MessagePage> history(MatrixRoomId room, MatrixUserId reader, std::size_t limit,
                                                     PageToken from, CallOptions options) = 0;

  /// Open a user's stream of events.
  [[nodiscard]] virtual EventStream events(MatrixUserId user) = 0;
};

}  // namespace confab
