// Is this a legal Matrix identifier? (Specification, appendices, "Common identifier format".)
//
// Checked before anything is sent. Errors are Errc::invalid_argument, name the kind of identifier as their subject and
// say what one looks like; they never repeat the text, which may be anything.
#pragma once

#include <cstddef>
#include <string_view>

#include <confab/ids.hpp>
#include <confab/result.hpp>

namespace confab::matrix {

/// Longest identifier of any kind, sigil and server name included, in bytes.
inline constexpr std::size_t max_identifier_bytes = 255;

/// Longest device id that a homeserver is known to take.
inline constexpr std::size_t max_device_id_bytes = 512;

/// "@localpart:server". Accepts historical localparts too: any printable ASCII but the colon.
[[nodiscard]] Result<void> check_user_id(const MatrixUserId& id);
/// "!opaque". From room version 12 on there is no server name in it: never taken apart.
[[nodiscard]] Result<void> check_room_id(const MatrixRoomId& id);
/// "#localpart:server".
[[nodiscard]] Result<void> check_room_alias(const RoomAlias& alias);
/// "$opaque".
[[nodiscard]] Result<void> check_event_id(const EventId& id);
/// "host", "host:8448", "1.2.3.4", "[::1]:8448".
[[nodiscard]] Result<void> check_server_name(std::string_view name);
/// Not empty, at most 255 bytes of printable ASCII.
[[nodiscard]] Result<void> check_transaction_id(const TransactionId& id);
/// Not empty, at most 512 bytes of UTF-8, no spaces and control characters.
[[nodiscard]] Result<void> check_device_id(const DeviceId& id);
/// Not empty, at most 255 bytes, no control characters.
[[nodiscard]] Result<void> check_event_type(std::string_view type);
/// At most 255 bytes of UTF-8.
[[nodiscard]] Result<void> check_state_key(std::string_view key);

/// Whether a new account may have this localpart: a-z 0-9 . _ = - / +, not empty.
[[nodiscard]] bool is_legal_localpart(std::string_view localpart);

/// "localpart" of "@localpart:server"; empty where there is none. The view lives as long as the identifier.
[[nodiscard]] std::string_view localpart_of(const MatrixUserId& id);
/// "server:port" of "@localpart:server:port"; empty where there is none.
[[nodiscard]] std::string_view server_name_of(const MatrixUserId& id);

}  // namespace confab::matrix
