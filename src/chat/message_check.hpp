// Can this text ever be a message? Asked before anything is sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <confab/message.hpp>
#include <confab/result.hpp>

namespace confab::chat {

// Largest event, as canonical JSON. (Specification: client-server API, "Size limits".)
inline constexpr std::size_t largest_event = 65536;

// Errc::invalid_argument: empty or not UTF-8, of a kind that cannot be sent, or a transaction id that cannot be one.
// Errc::too_large.
//
// Homeservers add fields of their own (hashes, signatures), so one may refuse an event that is a little smaller.
[[nodiscard]] Result<void> check_message(const Message& message, const MatrixUserId& sender);

// The same of a text that is sent otherwise, but for its size, and of a transaction id.
[[nodiscard]] Result<void> check_words(const std::string& body, const std::string& formatted, MessageKind kind);
[[nodiscard]] Result<void> check_transaction(const TransactionId& id);

// A name that people see: at most 255 bytes of UTF-8 without control characters.
[[nodiscard]] Result<void> check_name(std::string_view what, std::string_view name);

// What a room is about: some lines of UTF-8.
[[nodiscard]] Result<void> check_topic(std::string_view topic);

}  // namespace confab::chat
