/// @file
/// ChatService: what a host application calls; everything is in the host's words.
#pragma once

#include <memory>
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
#include <confab/outbox.hpp>
#include <confab/pending.hpp>
#include <confab/received_message.hpp>
#include <confab/reset.hpp>
#include <confab/secret.hpp>

namespace confab {

/// A room on the homeserver that belongs to an event or group of the host, or to two of its users.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value; it does not follow what changes on the homeserver.
/// @par Threads    As for a plain value.
class Room {
 public:
  /// Made by the library, and by hosts' tests.
  Room(RoomRef ref, MatrixRoomId room_id, std::string name)
      : ref_(std::move(ref)), room_id_(std::move(room_id)), name_(std::move(name)) {}
  /// Whose room it is.
  [[nodiscard]] const RoomRef& ref() const noexcept { return ref_; }
  /// The homeserver's name for the room.
  [[nodiscard]] const MatrixRoomId& room_id() const noexcept { return room_id_; }
  /// The room's name; empty for a direct room.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  RoomRef ref_;
  MatrixRoomId room_id_;
  std::string name_;
};

/// A room that shall exist. What is not set is taken from the host directory.
///
/// @par Errors     Its members check nothing; ChatService::ensure_room does. Copying may throw std::bad_alloc.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
class RoomRequest {
 public:
  /// The room of an event or group, made by `creator`, who gets power level 50 in it; or of two users, one of whom is
  /// `creator`: both get 50, whoever asks.
  RoomRequest(RoomRef ref, UserSlug creator) : ref_(std::move(ref)), creator_(std::move(creator)) {}
  /// The room's name. Default: "event-" or "group-" and the slug. A direct room has none.
  RoomRequest& name(std::string name) & {
    name_ = std::move(name);
    return *this;
  }
  /// As above, for a temporary.
  RoomRequest&& name(std::string text) && { return std::move(name(std::move(text))); }
  /// What the room is about. Default: "Discussion for " and the directory's name of it. A direct room has none.
  ///
  /// @param topic    At most 4,096 bytes of UTF-8; lines may end in it.
  /// @par Specification Client-server API, "m.room.topic".
  RoomRequest& topic(std::string topic) & {
    topic_ = std::move(topic);
    return *this;
  }
  /// As above, for a temporary.
  RoomRequest&& topic(std::string text) && { return std::move(topic(std::move(text))); }
  /// Who joins beside the creator, whether the room was there or is made now. Default: nobody. A direct room has its
  /// two.
  ///
  /// @param users    At most 100, each listed by the directory for this event or group; one who is in is success.
  RoomRequest& members(std::vector<UserSlug> users) & {
    members_ = std::move(users);
    return *this;
  }
  /// As above, for a temporary.
  RoomRequest&& members(std::vector<UserSlug> users) && { return std::move(members(std::move(users))); }
  /// List the room publicly on Matrix, whatever the directory says. Default: as the directory says.
  RoomRequest& make_public(bool on) & noexcept {
    public_ = on;
    return *this;
  }
  /// As above, for a temporary.
  RoomRequest&& make_public(bool on) && noexcept { return std::move(make_public(on)); }

  /// Whose room.
  [[nodiscard]] const RoomRef& ref() const noexcept { return ref_; }
  /// Who makes it.
  [[nodiscard]] const UserSlug& creator() const noexcept { return creator_; }
  /// As set; empty for the default.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// As set; empty for the default.
  [[nodiscard]] const std::string& topic() const noexcept { return topic_; }
  /// As set.
  [[nodiscard]] const std::vector<UserSlug>& members() const noexcept { return members_; }
  /// As set.
  [[nodiscard]] bool is_public() const noexcept { return public_; }

 private:
  RoomRef ref_;
  UserSlug creator_;
  std::string name_;
  std::string topic_;
  std::vector<UserSlug> members_;
  bool public_ = false;
};

/// Chat for one tenant's users. Abstract, so that a host's own tests can put another in its place;
/// make_chat_service() gives the one that speaks to a homeserver.
///
/// Every operation heals by itself: a token that died is replaced and the operation repeated, unnoticed.
///
/// @par Errors     Common to all operations, beside those stated: Errc::unreachable, unavailable, rate_limited,
///                 timed_out, cancelled, closed, admin_unavailable, protocol. docs/errors.md says what each asks for.
/// @par Lifetime   Operations that were started go on when the service goes away.
/// @par Threads    Every member may be called from any thread. Handlers that belong to one user run one at a time.
/// @par Cancel     Before a request is written nothing was done; after, Errc::outcome_unknown. All of them may be
///                 repeated safely: accounts and rooms are made at most once, sends by Message::repeated(true).
class CONFAB_EXPORT ChatService {
 public:
  /// For implementers to derive from.
  ChatService() = default;
  /// Not copied: it is shared.
  ChatService(const ChatService&) = delete;
  /// Not assigned: it is shared.
  ChatService& operator=(const ChatService&) = delete;
  /// Waits for nothing; what was started goes on.
  virtual ~ChatService();

  /// Make sure that a user of the directory has an account. Repeating it changes nothing but a changed display name.
  ///
  /// @param user     The user's slug.
  /// @param name     The display name; empty for the directory's.
  /// @par Errors     Errc::not_found: the directory lists no such user. account_deactivated.
  /// @par Specification  Synapse admin API, "Create or modify account"; Client-server API, "PUT
  ///                     /profile/{userId}/displayname".
  [[nodiscard]] virtual Pending<Account> ensure_user(UserSlug user, std::string name = {},
                                                     CallOptions options = CallOptions()) = 0;

  /// Read what the homeserver knows of a user. It makes nothing.
  ///
  /// @returns        The account, with the display name that it has there, and with what it may do.
  /// @par Errors     Errc::not_found: the directory lists no such user, or the user has no account yet.
  /// @par Specification  Synapse admin API, "Query user account".
  [[nodiscard]] virtual Pending<Account> account(UserSlug user, CallOptions options = CallOptions()) = 0;

  /// Give a user a password of their own, so that they can use any Matrix client. Where they are logged in already
  /// they stay so, under the old password's sessions, too.
  ///
  /// @param user     A user of the directory; one without an account gets one first.
  /// @param password At least 8 characters, at most 512 bytes of UTF-8.
  /// @par Errors     Errc::invalid_argument: a password that is none. Errc::not_found: the directory lists no such
  ///                 user. account_deactivated. Errc::rate_limited with retry_after(): more than five times at once,
  ///                 or again within a minute after that, in this process.
  /// @par Cancel     After the request was written the old or the new password may be the one that works; repeat the
  ///                 call.
  /// @par Specification  Synapse admin API, "Reset password".
  [[nodiscard]] virtual Pending<void> set_password(UserSlug user, Secret password,
                                                   CallOptions options = CallOptions()) = 0;

  /// Make sure that an event, a group or a pair of users has its room: made once, whoever asks, however often, from
  /// however many processes. Both users of a direct room are joined to it; it need not be made before it is used,
  /// because the first send does that.
  ///
  /// @param request  What is wanted of a room that has to be made; one that is there is left as it is.
  /// @returns        The room, of the one that was there or of the new one.
  /// @par Errors     Errc::not_found: the directory lists no such event, group or user. Errc::forbidden: the creator
  ///                 is not the directory's creator of it, or none of the two; a member who is not listed or is banned.
  ///                 Errc::invalid_argument: a name or topic that is none, too many members; a direct room of one user,
  ///                 of a name, topic or members, or listed publicly. Of the members those before the one that failed
  ///                 have joined; the call may be repeated.
  /// @par Specification  "POST /createRoom".
  [[nodiscard]] virtual Pending<Room> ensure_room(RoomRequest request, CallOptions options = CallOptions()) = 0;

  /// Make a user a member of a room. Somebody who is one already is success.
  ///
  /// @param room     An event or group whose room was made by ensure_room(), or a direct room, which is made where it
  ///                 was not.
  /// @param user     Somebody whom the directory lists for it, or one of the two.
  /// @par Errors     Errc::not_found: no such user, event or group, or its room was not made yet. Errc::forbidden: the
  ///                 directory does not list the user as attendee or member, or the room has banned them.
  /// @par Specification  "POST /join", "POST /rooms/{roomId}/invite".
  [[nodiscard]] virtual Pending<Room> add_member(RoomRef room, UserSlug user, CallOptions options = CallOptions()) = 0;

  /// Take a user out of a room. Somebody who is not in it is success. What happens there reaches none of their streams
  /// from then on. While the directory lists them they may come back, and do so when they read or send.
  ///
  /// @param room     An event or group, which the directory need not list any more.
  /// @param user     Somebody of the directory, who need not be listed for the room any more.
  /// @par Errors     Errc::not_found: no such user, or the room was not made yet. Errc::invalid_argument: a direct
  ///                 room, which always has its two. Errc::outcome_unknown: repeat the call.
  /// @par Specification  "POST /rooms/{roomId}/kick".
  [[nodiscard]] virtual Pending<Room> remove_member(RoomRef room, UserSlug user,
                                                    CallOptions options = CallOptions()) = 0;

  /// Read who is in a room, who was invited and who is banned. The library's own account is left out.
  ///
  /// @param room     An event or group, which the directory need not list any more, or a direct room.
  /// @returns        In the order of their user ids; those of the directory with their slugs.
  /// @par Errors     Errc::not_found: the room was not made yet.
  /// @par Specification  "GET /rooms/{roomId}/members".
  [[nodiscard]] virtual Pending<std::vector<Member>> members(RoomRef room, CallOptions options = CallOptions()) = 0;

  /// Say something. A sender who is listed in the directory and has not joined yet joins first; a direct room that
  /// does not exist yet is made, and the other user brought into it.
  ///
  /// @returns        The new event's id; for Message::repeated(true) the earlier event's, if that arrived after all.
  /// @par Errors     Errc::invalid_argument: empty or not UTF-8. Errc::too_large: over 65,536 bytes as an event.
  ///                 Errc::forbidden, not_found as add_member. Errc::encrypted_room: the text would stand readable
  ///                 in a room whose members think that nobody else reads it; see
  ///                 TenantOptions::plain_text_in_encrypted_rooms. Errc::outcome_unknown with the transaction id:
  ///                 repeat with it and Message::repeated(true).
  /// @par Specification  "PUT /rooms/{roomId}/send/{eventType}/{txnId}".
  [[nodiscard]] virtual Pending<EventId> send(Message message, CallOptions options = CallOptions()) = 0;

  /// Say something for certain: it completes when the message is in the store, which outlives the process, and the
  /// message is in the room once then, whatever dies in between, or is told to have been given up. One user's messages
  /// to one room go out in the order in which they were accepted. What became of it is in outbox_events() and
  /// outbox_message(). The process that accepted it sends it, or after its end another one on the same store.
  ///
  /// @param message  Message::transaction_id() may name it: the same message again, also by a later process, is
  ///                 accepted once. Message::repeated() has no meaning here.
  /// @returns        The transaction id under which it is sent: what was given, with the user and the room behind it.
  /// @par Errors     Errc::invalid_argument, too_large, forbidden, not_found as send(). Errc::busy: too many wait in
  ///                 this room already, see docs/limits.md. Errc::store: it may have been accepted. Errc::unsupported:
  ///                 the transport keeps no outbox.
  /// @par Cancel     Errc::outcome_unknown with the transaction id: it may have been accepted; repeat with that id.
  /// @par Specification  Client-server API, "Transaction identifiers".
  [[nodiscard]] virtual Pending<TransactionId> send_durably(Message message, CallOptions options = CallOptions()) = 0;

  /// Read what waits in this tenant's outbox, or what was given up.
  ///
  /// @par Errors     Errc::invalid_argument: the limit, or where to go on. Errc::store, unsupported.
  /// @par Specification  None: the store is read.
  [[nodiscard]] virtual Pending<OutboxPage> outbox(OutboxRequest request = OutboxRequest(),
                                                   CallOptions options = CallOptions()) = 0;

  /// Read what became of an accepted message. What was sent is known for a day.
  ///
  /// @param id       What send_durably() answered.
  /// @par Errors     Errc::not_found: it was never accepted, was dropped, or was sent more than a day ago.
  ///                 Errc::store, unsupported.
  /// @par Specification  None: the store is read.
  [[nodiscard]] virtual Pending<OutboxMessage> outbox_message(TransactionId id,
                                                              CallOptions options = CallOptions()) = 0;

  /// Send a message that was given up once more, behind all that wait in its room. One that waits is left as it is.
  ///
  /// @param id       What send_durably() answered.
  /// @par Errors     Errc::not_found. Errc::conflict: it was sent. Errc::store, unsupported.
  /// @par Cancel     It may have been done; repeating it does no harm.
  /// @par Specification  None: the store is written.
  [[nodiscard]] virtual Pending<void> outbox_retry(TransactionId id, CallOptions options = CallOptions()) = 0;

  /// Forget a message, whether it waits or was given up. One that is undecided may be in the room all the same.
  ///
  /// @param id       What send_durably() answered.
  /// @par Errors     As outbox_retry().
  /// @par Cancel     It may have been done; Errc::not_found tells, when it is repeated.
  /// @par Specification  None: the store is written.
  [[nodiscard]] virtual Pending<void> outbox_drop(TransactionId id, CallOptions options = CallOptions()) = 0;

  /// Open a stream of what becomes of accepted messages: EventKind::sent and EventKind::given_up, of all of the
  /// tenant's users. It tells what this process sends, from now on; what another process sends, or sent before, is
  /// in outbox_message().
  ///
  /// @par Errors     Through EventStream::next; Errc::unsupported: the transport keeps no outbox.
  /// @par Specification  None.
  [[nodiscard]] virtual EventStream outbox_events() = 0;

  /// Say a message anew. Only its sender may; it is read first to see that. Two requests.
  ///
  /// @returns        The edit's own event id; redact it to take the edit back.
  /// @par Errors     As send(). Errc::forbidden also: the message is somebody else's. Errc::not_found also: there is no
  ///                 such message. Errc::invalid_argument also: it is none that can be edited.
  /// @par Specification  Client-server API, "Event replacements".
  [[nodiscard]] virtual Pending<EventId> edit(Edit edit, CallOptions options = CallOptions()) = 0;

  /// Remove the content of a message, an edit or a reaction: one's own, or with power level 50 anybody's. Two requests:
  /// what it is is looked at before, so that the room's history does not show an edit as an empty message.
  ///
  /// @returns        The redaction's own event id.
  /// @par Errors     Errc::forbidden: neither one's own nor enough power; or as add_member. Errc::not_found: no such
  ///                 event. Errc::outcome_unknown as send().
  /// @par Specification  "PUT /rooms/{roomId}/redact/{eventId}/{txnId}".
  [[nodiscard]] virtual Pending<EventId> redact(Redaction redaction, CallOptions options = CallOptions()) = 0;

  /// React to a message. Somebody who has reacted so already is success.
  ///
  /// @returns        The reaction's own event id, of the new or of the earlier one; redact it to take it back.
  /// @par Errors     Errc::invalid_argument: the key. Errc::forbidden, not_found as add_member. Errc::outcome_unknown
  ///                 as send().
  /// @par Specification  Client-server API, "Event annotations and reactions".
  [[nodiscard]] virtual Pending<EventId> react(Reaction reaction, CallOptions options = CallOptions()) = 0;

  /// Let a user be seen writing, or no longer. Call it with every key stroke: what was said within the last 15 seconds
  /// costs no request.
  ///
  /// @par Errors     Errc::forbidden, not_found as add_member. It may be repeated at any time.
  /// @par Specification  "PUT /rooms/{roomId}/typing/{userId}".
  [[nodiscard]] virtual Pending<void> typing(TypingNotice notice, CallOptions options = CallOptions()) = 0;

  /// Say how far a user has read: for others to see unless ReadMark::in_private, and for the user's own unread counts.
  ///
  /// @par Errors     Errc::invalid_argument: the event is none of that room. Errc::forbidden, not_found as add_member.
  ///                 It may be repeated at any time.
  /// @par Specification  "POST /rooms/{roomId}/read_markers".
  [[nodiscard]] virtual Pending<void> mark_read(ReadMark mark, CallOptions options = CallOptions()) = 0;

  /// Read how much of a room a user has not read. It costs the homeserver more than most calls: a host that shows
  /// counts to many users counts the events of their streams.
  ///
  /// @par Errors     Errc::forbidden, not_found as add_member.
  /// @par Specification  "GET /sync", member "unread_notifications".
  [[nodiscard]] virtual Pending<Unread> unread(RoomRef room, UserSlug user, CallOptions options = CallOptions()) = 0;

  /// Read a page of history as a user. A conversation that does not exist yet is an empty page and makes nothing.
  ///
  /// @param request  The room, who reads, how much, and where to go on.
  /// @returns        A page, newest message first; MessagePage::end() leads to the one before it.
  /// @par Errors     Errc::invalid_argument: a limit out of range, or a token that is none. Errc::forbidden, not_found.
  /// @par Specification  "GET /rooms/{roomId}/messages".
  [[nodiscard]] virtual Pending<MessagePage> history(HistoryRequest request, CallOptions options = CallOptions()) = 0;

  /// Open a user's stream of events: what happens from now on in every room the user is in, or for a named consumer
  /// from where it was left.
  ///
  /// Opening costs nothing; the first next() or ready() connects, and reports what can be wrong with the user.
  ///
  /// @param options  Whether the position is remembered, and under which name.
  /// @par Errors     Through EventStream::next; Errc::not_found: the directory lists no such user.
  /// @par Specification  "GET /sync".
  [[nodiscard]] virtual EventStream events(UserSlug user, EventsOptions options = EventsOptions()) = 0;

  /// Forget the tokens of one user or of all: what is used next makes new ones, unnoticed, also beside this call. Ids
  /// stay, and nothing is deleted on the homeserver. Other processes go on with what they hold until that dies.
  ///
  /// @param request  Of whom, and whether more than tokens.
  /// @returns        What was forgotten.
  /// @par Errors     Errc::not_found: the directory lists no such user. Errc::store, busy: some may be forgotten and
  ///                 others not; none is half.
  /// @par Cancel     What was forgotten until then stays so. Repeating it does the rest.
  [[nodiscard]] virtual Pending<ResetCounts> reset(ResetRequest request, CallOptions options = CallOptions()) = 0;
};

}  // namespace confab
