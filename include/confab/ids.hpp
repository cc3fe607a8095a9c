/// @file
/// Identifiers, each of its own type: a slug of the host cannot be passed where Matrix's id is meant.
///
/// Text turns into an identifier only where that is written down: `UserSlug("ana")`; and back by str().
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include <confab/export.hpp>

namespace confab {

/// A text that names one thing of one kind. `Tag` is what keeps two kinds apart; it is never defined.
///
/// Constructing checks nothing, so that identifiers are cheap to make anywhere; the operation they are passed to
/// answers Errc::invalid_argument for one that can never be valid.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Threads    As for a std::string.
template <class Tag>
class Identifier {
 public:
  /// Name nothing. Where an operation asks for an identifier, an empty one is Errc::invalid_argument.
  Identifier() = default;
  /// Name the thing that `text` names.
  ///
  /// @param text     UTF-8; compared byte by byte, never normalised or folded.
  explicit Identifier(std::string text) : text_(std::move(text)) {}

  /// The text, as it was given.
  ///
  /// @par Lifetime   Until this object is assigned to, moved from or destroyed.
  [[nodiscard]] const std::string& str() const& noexcept { return text_; }
  /// The text, moved out: `std::move(id).str()`.
  [[nodiscard]] std::string str() && noexcept { return std::move(text_); }
  /// Whether nothing is named: the text is empty.
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  /// Equality and order are those of the bytes.
  friend bool operator==(const Identifier& a, const Identifier& b) noexcept { return a.text_ == b.text_; }
  /// Order of the bytes, for ordered containers.
  friend auto operator<=>(const Identifier& a, const Identifier& b) noexcept { return a.text_ <=> b.text_; }

 private:
  std::string text_;
};

/// A customer of the host, isolated from all others: the `id` of its entry in the configuration.
using TenantId = Identifier<struct TenantIdTag>;
/// A user, as the host's directory names them.
using UserSlug = Identifier<struct UserSlugTag>;
/// An event or group of the host, as its directory names it; RoomRef adds which of the two.
using RoomSlug = Identifier<struct RoomSlugTag>;
/// A user on the homeserver, "@localpart:server". Specification: appendices, "User Identifiers".
using MatrixUserId = Identifier<struct MatrixUserIdTag>;
/// A room on the homeserver, "!opaque" or "!opaque:server". Never split it. Specification: appendices, "Room IDs".
using MatrixRoomId = Identifier<struct MatrixRoomIdTag>;
/// A name of a room, "#name:server". Specification: appendices, "Room Aliases".
using RoomAlias = Identifier<struct RoomAliasTag>;
/// An event in a room, "$opaque". Specification: appendices, "Event IDs".
using EventId = Identifier<struct EventIdTag>;
/// Names one attempt to send, so that repeating it posts once. Specification: client-server API, "Transaction
/// identifiers".
using TransactionId = Identifier<struct TransactionIdTag>;
/// A device (one login) of a user. Specification: client-server API, "Relationship between access tokens and devices".
using DeviceId = Identifier<struct DeviceIdTag>;
/// A position in a room's history, as an earlier page gave it. Specification: "GET /rooms/{roomId}/messages".
using PageToken = Identifier<struct PageTokenTag>;

/// Make a transaction id that nobody made before: 128 random bits from the operating system's generator.
///
/// @returns        32 hexadecimal digits; store them before the send if the send shall survive a crash.
/// @par Errors     std::bad_alloc. A generator that fails is replaced by a clock and a counter.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT TransactionId make_transaction_id();

/// What kind of conversation a room is. It is part of the room's name on the homeserver, so a room never changes kind.
enum class RoomKind {
  event,   ///< One per event of the host.
  group,   ///< One per group of the host.
  direct,  ///< One per pair of users: what two of them say to each other.
};

/// Tell the stable name of a kind, for example "event".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* room_kind_name(RoomKind kind) noexcept;

/// Names one room in the host's words: its kind, and the slug of the event or group or the two users. An event and a
/// group of the same slug are two rooms.
///
/// @par Errors     Copying may throw std::bad_alloc.
/// @par Lifetime   A value.
/// @par Threads    As for a std::string.
class RoomRef {
 public:
  /// The room of an event.
  [[nodiscard]] static RoomRef event(RoomSlug slug) { return RoomRef(RoomKind::event, std::move(slug)); }
  /// The room of a group.
  [[nodiscard]] static RoomRef group(RoomSlug slug) { return RoomRef(RoomKind::group, std::move(slug)); }
  /// The conversation of two users. Which of them is named first makes no difference: both ways it is the same room.
  ///
  /// @param one      A user of the directory.
  /// @param other    Somebody else of it: with oneself there is no conversation, and operations answer
  ///                 Errc::invalid_argument.
  /// @par Specification "Direct Messaging".
  [[nodiscard]] static RoomRef direct(UserSlug one, UserSlug other) {
    RoomRef ref(RoomKind::direct, RoomSlug());
    if (other < one) std::swap(one, other);
    ref.first_ = std::move(one);
    ref.second_ = std::move(other);
    return ref;
  }
  /// The room of an event or group, which of the two being known only at run time.
  ///
  /// @param slug     Empty: operations answer Errc::invalid_argument.
  RoomRef(RoomKind kind, RoomSlug slug) : kind_(kind), slug_(std::move(slug)) {}

  /// Whether it belongs to an event, a group or two users: they have different rules for who may join.
  [[nodiscard]] RoomKind kind() const noexcept { return kind_; }
  /// The slug of the event or group, as the host's directory spells it; of a direct room empty.
  [[nodiscard]] const RoomSlug& slug() const noexcept { return slug_; }
  /// Of a direct room the user whose slug comes first in the order of bytes; otherwise empty.
  [[nodiscard]] const UserSlug& first() const noexcept { return first_; }
  /// Of a direct room the other user; otherwise empty.
  [[nodiscard]] const UserSlug& second() const noexcept { return second_; }

  /// Same kind and same slug, or the same two users.
  friend bool operator==(const RoomRef& a, const RoomRef& b) noexcept = default;

 private:
  RoomKind kind_;
  RoomSlug slug_;
  UserSlug first_;
  UserSlug second_;
};

}  // namespace confab

/// Hashing, so that identifiers may be keys of unordered containers.
template <class Tag>
struct std::hash<confab::Identifier<Tag>> {
  /// The hash of the text.
  std::size_t operator()(const confab::Identifier<Tag>& id) const noexcept {
    return std::hash<std::string>()(id.str());
  }
};
