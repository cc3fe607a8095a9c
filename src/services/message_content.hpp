// What does the content of an event that we send look like? Written with json::Writer, never from numbers, so that it
// needs no second look before it is sent.
#pragma once

#include <optional>
#include <string>

#include <confab/chat_provider.hpp>
#include <confab/error.hpp>

namespace confab::services {

// Errc::invalid_argument for a kind that is none of text, notice and emote, and for bodies that cannot be sent.
[[nodiscard]] std::optional<Error> wrong_words(const std::string& body, const std::string& formatted, MessageKind kind);

// Of m.room.message. What is formatted is sanitized; nothing left of it: plain.
[[nodiscard]] std::string content_of(const ProviderMessage& message);
[[nodiscard]] std::string content_of(const ProviderEdit& edit);
// Of m.reaction.
[[nodiscard]] std::string content_of(const ProviderReaction& reaction);

}  // namespace confab::services
