/// @file
/// ChatProvider: one level below ChatService; everything is in the homeserver's words. A transport implements it.
///
/// Hosts use it to reach what ChatService does not offer, and implement it to put another transport, or one for tests,
/// in Matrix's place. ChatService adds what the host means: slugs, the directory, who may.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/account.hpp>
#include <confab/call_options.hpp>
#include <confab/event_stream.hpp>
#include <confab/events_options.hpp>
#include <confab/export.hpp>
#include <confab/ids.hpp>
#include <confab/member.hpp>
#include <confab/message.hpp>
#include <confab/message_requests.hpp>
#include <confab/pending.hpp>
#include <confab/received_message.hpp>
#include <confab/reset.hpp>
#include <confab/secret.hpp>

namespace confab {

/// A room that shall exist on the homeserver, named by an alias so that it is made at most once.
///
/// @par Errors     Its members check nothing; ChatProvider::ensure_room does. Copying may throw std::bad_alloc.
/// @par Lifetime   Copied into the operation, like the other request of this header.
/// @par Threads    As for a plain value, like the other request of this header.
class ProviderRoomRequest {
 public:
  /// A room with this local part of its alias ("acme_event_standup"), where `creator` has power level 50.
  ///
  /// @param alias_localpart Without "#" and server.
  /// @param creator         An account of this server; it must exist.
  /// @par Specification Appendices, "Room Aliases".
  ProviderRoomRequest(std::string alias_localpart, MatrixUserId creator)
      : alias_localpart_(std::move(alias_localpart)), creator_(std::move(creator)) {}
  /// The room's name (m.room.name). Default: none. It is set when the room is made, and not changed afterwards.
  ///
  /// @returns        This request, as for each setter.
  ProviderRoomRequest& name(std::string name) {
    name_ = std::move(name);
    return *this;
  }
  /// The room's topic (m.room.topic). Default: none.
  ProviderRoomRequest& topic(std::string topic) {
    topic_ = std::move(topic);
    return *this;
  }
  /// Whether it is listed and anybody may join on Matrix.
  ///
  /// @param on       Default false: by invitation only.
  ProviderRoomRequest& make_public(bool on) noexcept {
    public_ = on;
    return *this;
  }

  /// Make it the direct conversation of the creator and `other`: both have power level 50, both are invited, nobody
  /// else can be, and the clients of both show it among their direct conversations.
  ///
  /// @param other    An account of this server; it must exist.
  /// @par Specification "Direct Messaging".
  ProviderRoomRequest& direct_with(MatrixUserId other) {
    other_ = std::move(other);
    return *this;
  }

  /// The local part of the alias, without "#" and server.
  [[nodiscard]] const std::string& alias_localpart() const noexcept { return alias_localpart_; }
  /// Who gets power level 50.
  [[nodiscard]] const MatrixUserId& creator() const noexcept { return creator_; }
  /// As set; empty for none.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// As set; empty for none.
  [[nodiscard]] const std::string& topic() const noexcept { return topic_; }
  /// As set.
  [[nodiscard]] bool is_public() const noexcept { return public_; }
  /// As set; empty: not direct.
  [[nodiscard]] const MatrixUserId& other() const noexcept { return other_; }

 private:
  std::string alias_localpart_;
  MatrixUserId creator_;
  MatrixUserId other_;
  std::string name_;
  std::string topic_;
  bool public_ = false;
};

/// A text to be sent to a room of the homeserver, as the event m.room.message.
///
/// @par Errors     Its members check nothing; ChatProvider::send does. Copying may throw std::bad_alloc.
class ProviderMessage {
 public:
  /// `body` from `sender` to `room`, under a transaction id that is never empty here.
  ///
  /// @param sender   An account of this server that is a member of the room.
  /// @param body     UTF-8, not empty, at most what fits into an event of 65,536 bytes.
  /// @param transaction_id Chosen before the first attempt, and kept for repetitions.
  ProviderMessage(MatrixRoomId room, MatrixUserId sender, std::string body, TransactionId transaction_id)
      : room_(std::move(room)),
        sender_(std::move(sender)),
        body_(std::move(body)),
        transaction_id_(std::move(transaction_id)) {}
  /// See Message::formatted; it is sanitized here.
  ///
  /// @returns        This message, as for each setter.
  ProviderMessage& formatted(std::string html) {
    formatted_ = std::move(html);
    return *this;
  }
  /// See Message::kind.
  ProviderMessage& kind(MessageKind kind) noexcept {
    kind_ = kind;
    return *this;
  }
  /// See Message::reply_to.
  ProviderMessage& reply_to(EventId event) {
    reply_to_ = std::move(event);
    return *this;
  }
  /// Send it although the room is encrypted: readable for the homeserver and for everybody who is shown its past.
  ///
  /// @param on       Default false: Errc::encrypted_room. To know it the room is asked once in ten minutes.
  ProviderMessage& even_if_encrypted(bool on) noexcept {
    even_if_encrypted_ = on;
    return *this;
  }
  /// See Message::repeated.
  ///
  /// @param on       Default false.
  ProviderMessage& repeated(bool on) noexcept {
    repeated_ = on;
    return *this;
  }
  /// Say when the first attempt that may have arrived was about to be made: a look into the room goes back so far.
  /// Without it the sender's latest hundred messages are looked at.
  ///
  /// @param when     By this process's clock; ten minutes of difference to the homeserver's do no harm.
  ProviderMessage& first_tried(std::chrono::system_clock::time_point when) noexcept {
    first_tried_ = when;
    return *this;
  }

  /// The room.
  [[nodiscard]] const MatrixRoomId& room() const noexcept { return room_; }
  /// Who says it.
  [[nodiscard]] const MatrixUserId& sender() const noexcept { return sender_; }
  /// The text.
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// As set; empty for none.
  [[nodiscard]] const std::string& formatted() const noexcept { return formatted_; }
  /// As set.
  [[nodiscard]] MessageKind kind() const noexcept { return kind_; }
  /// As set; empty for none.
  [[nodiscard]] const EventId& reply_to() const noexcept { return reply_to_; }
  /// As set.
  [[nodiscard]] bool even_if_encrypted() const noexcept { return even_if_encrypted_; }
  /// What makes repeating harmless; the homeserver keeps one event for each.
  [[nodiscard]] const TransactionId& transaction_id() const noexcept { return transaction_id_; }
  /// As set.
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }
  /// As set; nothing for none.
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> first_tried() const noexcept {
    return first_tried_;
  }

 private:
  MatrixRoomId room_;
  MatrixUserId sender_;
  std::string body_;
  TransactionId transaction_id_;
  std::optional<std::chrono::system_clock::time_point> first_tried_;
  std::string formatted_;
  EventId reply_to_;
  MessageKind kind_ = MessageKind::text;
  bool even_if_encrypted_ = false;
  bool repeated_ = false;
};

/// A transport for chat: accounts, rooms, messages. An implementation must do what is promised here for the library's
/// own: complete each operation once and never inside the call, answer wrong arguments by the completion, and throw
/// nothing.
///
/// @par Errors     Beside those stated, the ones that are common to all operations of ChatService.
/// @par Lifetime   Operations that were started go on when the last reference to the provider goes away.
/// @par Threads    Every member may be called from any thread. Handlers that belong to one user run one at a time.
/// @par Cancel     As in ChatService: before a request is written nothing was done; after, Errc::outcome_unknown.
class CONFAB_EXPORT ChatProvider {
 public:
  /// For implementers to derive from.
  ChatProvider() = default;
  /// Not copied: it is shared.
  ChatProvider(const ChatProvider&) = delete;
  /// Not assigned: it is shared.
  ChatProvider& operator=(const ChatProvider&) = delete;
  /// Waits for nothing.
  virtual ~ChatProvider();

  /// The server name that stands behind the colon of user ids and aliases.
  ///
  /// @returns        Never empty; the same for the life of the provider.
  /// @par Errors     None.
  [[nodiscard]] virtual const std::string& server_name() const noexcept = 0;

  /// Make sure that an account exists and has this display name. Never touches a password, and repeating it changes
  /// nothing.
  ///
  /// @param user         An id of this server.
  /// @param display_name Empty: leave it as it is.
  /// @par Errors     Errc::invalid_argument: the id is none of this server's. account_deactivated.
  /// @par Specification Synapse admin API, "Create or modify account"; Client-server API, "PUT
  ///                 /profile/{userId}/displayname".
  [[nodiscard]] virtual Pending<void> ensure_account(MatrixUserId user, std::string display_name,
                                                     CallOptions options) = 0;

  /// Open an account again that was closed (deactivated), under the same id. One that is open stays as it is.
  ///
  /// @param user     An id of this server.
  /// @par Errors     Errc::not_found: there is none. account_deactivated: the homeserver refuses it.
  ///                 Errc::invalid_argument as above.
  /// @par Specification Synapse admin API, "Create or modify account", `deactivated`.
  [[nodiscard]] virtual Pending<void> reactivate_account(MatrixUserId user, CallOptions options) = 0;

  /// Read what an account is. It makes nothing.
  ///
  /// @returns        The account, without a slug.
  /// @par Errors     Errc::not_found: there is none. Errc::invalid_argument as above.
  /// @par Specification Synapse admin API, "Query user account".
  [[nodiscard]] virtual Pending<Account> account(MatrixUserId user, CallOptions options) = 0;

  /// Give an account a password, and log out nobody.
  ///
  /// @param user     An id of this server, whose account exists.
  /// @param password Not empty.
  /// @par Errors     Errc::not_found, invalid_argument as above. Errc::rate_limited, as ChatService::set_password.
  /// @par Specification Synapse admin API, "Reset password".
  [[nodiscard]] virtual Pending<void> set_password(MatrixUserId user, Secret password, CallOptions options) = 0;

  /// Make sure that a room exists; at most one is ever made for one alias, from however many processes.
  ///
  /// @returns        The room's id, of the one that was there or of the new one.
  /// @par Errors     Errc::invalid_argument: an alias that can never be legal. Errc::conflict: the alias is somebody
  ///                 else's.
  /// @par Specification Client-server API, "POST /createRoom".
  [[nodiscard]] virtual Pending<MatrixRoomId> ensure_room(ProviderRoomRequest request, CallOptions options) = 0;

  /// Look a room up by the local part of its alias. It makes nothing.
  ///
  /// @par Errors     Errc::not_found: there is no such alias.
  /// @par Specification Client-server API, "GET /directory/room/{roomAlias}".
  [[nodiscard]] virtual Pending<MatrixRoomId> find_room(std::string alias_localpart, CallOptions options) = 0;

  /// Tell under which alias a room was made by ensure_room(): what stands in the room where nobody but the library's
  /// own account can write it. It makes nothing.
  ///
  /// @returns        The local part of the alias.
  /// @par Errors     Errc::not_found: no such room, or none that was made here.
  /// @par Specification Client-server API, "GET /rooms/{roomId}/state/{eventType}/{stateKey}".
  [[nodiscard]] virtual Pending<std::string> room_alias(MatrixRoomId room, CallOptions options) = 0;

  /// Make `user` a joined member: join first, then invite and join, then the admin's join; a member already is success.
  ///
  /// @par Errors     Errc::forbidden: banned. Errc::not_found: no such room or account.
  /// @par Specification Client-server API, "POST /join/{roomIdOrAlias}", "POST /rooms/{roomId}/invite".
  [[nodiscard]] virtual Pending<void> join(MatrixRoomId room, MatrixUserId user, CallOptions options) = 0;

  /// Take `user` out of a room; somebody who is not in it is success.
  ///
  /// @par Errors     Errc::forbidden: no such room, or one that the library's account may not moderate.
  /// @par Specification Client-server API, "POST /rooms/{roomId}/kick".
  [[nodiscard]] virtual Pending<void> remove(MatrixRoomId room, MatrixUserId user, CallOptions options) = 0;

  /// Read who is in a room, who was invited and who is banned; the transport's own account is left out.
  ///
  /// @returns        In the order of their ids, without slugs.
  /// @par Errors     Errc::forbidden: no such room, or one that the library's account is not in.
  /// @par Specification Client-server API, "GET /rooms/{roomId}/members".
  [[nodiscard]] virtual Pending<std::vector<Member>> members(MatrixRoomId room, CallOptions options) = 0;

  /// Send a text as a user.
  ///
  /// @returns        The event's id; the same one for every repetition under one transaction id.
  /// @par Errors     Errc::forbidden: not a member (join, then repeat). Others as ChatService::send.
  /// @par Specification Client-server API, "PUT /rooms/{roomId}/send/{eventType}/{txnId}".
  [[nodiscard]] virtual Pending<EventId> send(ProviderMessage message, CallOptions options) = 0;

  /// Edit a message of the same user; see ChatService::edit.
  ///
  /// @param edit     Without a transaction id it gets one.
  /// @returns        The edit's event id.
  /// @par Errors     As ChatService::edit; Errc::forbidden or not_found also: not a member.
  /// @par Specification Client-server API, "Event replacements".
  [[nodiscard]] virtual Pending<EventId> edit(ProviderEdit edit, CallOptions options) = 0;

  /// Remove the content of an event; see ChatService::redact.
  ///
  /// @returns        The redaction's event id.
  /// @par Errors     As ChatService::redact; Errc::forbidden also: not a member.
  /// @par Specification Client-server API, "PUT /rooms/{roomId}/redact/{eventId}/{txnId}".
  [[nodiscard]] virtual Pending<EventId> redact(ProviderRedaction redaction, CallOptions options) = 0;

  /// React to a message; see ChatService::react.
  ///
  /// @returns        The reaction's event id.
  /// @par Errors     As ChatService::react; Errc::forbidden also: not a member.
  /// @par Specification Client-server API, "Event annotations and reactions".
  [[nodiscard]] virtual Pending<EventId> react(ProviderReaction reaction, CallOptions options) = 0;

  /// Let a user be seen writing or no longer; see ChatService::typing.
  ///
  /// @par Errors     Errc::forbidden: not a member.
  /// @par Specification Client-server API, "PUT /rooms/{roomId}/typing/{userId}".
  [[nodiscard]] virtual Pending<void> typing(ProviderTypingNotice notice, CallOptions options) = 0;

  /// Say how far a user has read; see ChatService::mark_read.
  ///
  /// @par Errors     Errc::forbidden: not a member.
  /// @par Specification Client-server API, "POST /rooms/{roomId}/read_markers".
  [[nodiscard]] virtual Pending<void> mark_read(ProviderReadMark mark, CallOptions options) = 0;

  /// Read how much a user has not read; see ChatService::unread.
  ///
  /// @par Errors     Errc::forbidden: not a member.
  /// @par Specification Client-server API, "GET /sync".
  [[nodiscard]] virtual Pending<Unread> unread(MatrixRoomId room, MatrixUserId user, CallOptions options) = 0;

  /// Read a page of history as a user; what that user may not see is left out by the homeserver.
  ///
  /// @param request  1 to 1000 messages; from MessagePage::end() of the page before, or empty for the newest page.
  /// @par Errors     Errc::forbidden: not a member. Errc::invalid_argument: a token that is none.
  /// @par Specification Client-server API, "GET /rooms/{roomId}/messages".
  [[nodiscard]] virtual Pending<MessagePage> history(ProviderHistoryRequest request, CallOptions options) = 0;

  /// Open a user's stream of events. It costs nothing until the first next() or ready().
  ///
  /// @param options  Whether the position is remembered, and under which name; names of providers for different groups
  ///                 are apart.
  /// @par Errors     By EventStream::next.
  /// @par Specification Client-server API, "GET /sync".
  [[nodiscard]] virtual EventStream events(MatrixUserId user, EventsOptions options) = 0;

  /// Forget what is kept of users; see ChatService::reset. Nothing changes on the homeserver.
  ///
  /// @returns        What was forgotten.
  /// @par Errors     Errc::invalid_argument: the one user is none of this server's. Errc::store, busy.
  [[nodiscard]] virtual Pending<ResetCounts> reset(ProviderReset request, CallOptions options) = 0;
};

}  // namespace confab
