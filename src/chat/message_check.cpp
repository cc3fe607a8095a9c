#include "chat/message_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "matrix/identifiers.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::chat {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_topic = 4096;
// What stands around the text at most: identifiers of 255 bytes, the transaction id, names of fields.
constexpr std::size_t most_around = 4096;
// A control character becomes six bytes ("\u0001"): nothing grows more.
constexpr std::size_t most_growth = 6;

// The size in canonical JSON. The order of members does not change it, and the writer escapes as little as the
// canonical form does.
std::size_t event_size(const Message& message, const MatrixUserId& sender) {
  constexpr std::int64_t any_time = 1'700'000'000'000;  // has as many digits as now
  json::Writer event;
  event.object().key("content").object();
  event.member("body", message.body()).member("msgtype", "m.notice");
  if (!message.formatted().empty()) {
    event.member("format", "org.matrix.custom.html").member("formatted_body", message.formatted());
  }
  if (!message.reply_to().empty()) event.member("m.relates_to", message.reply_to().str());
  event.member("org.confab.transaction_id", message.transaction_id().str()).end();
  event.member("origin_server_ts", any_time).member("room_id", std::string(matrix::max_identifier_bytes / 4, 'r'));
  event.member("sender", sender.str()).member("type", "m.room.message").end();
  return std::move(event).finish().size();
}

Error refused(Errc code, std::string text) { return Error(code, std::move(text)).with_subject("message"); }

}  // namespace

Result<void> check_words(const std::string& body, const std::string& formatted, MessageKind kind) {
  if (body.empty()) return refused(Errc::invalid_argument, "the message is empty: give it a text");
  if (!text::is_valid_utf8(body)) return refused(Errc::invalid_argument, "the message is not valid UTF-8");
  if (!formatted.empty() && !text::is_valid_utf8(formatted))
    return refused(Errc::invalid_argument, "the formatted text is not valid UTF-8");
  if (kind != MessageKind::text && kind != MessageKind::notice && kind != MessageKind::emote)
    return refused(Errc::invalid_argument, "only texts, notices and emotes can be sent");
  return {};
}

Result<void> check_transaction(const TransactionId& id) {
  return id.empty() ? Result<void>() : matrix::check_transaction_id(id);
}

Result<void> check_message(const Message& message, const MatrixUserId& sender) {
  if (auto checked = check_words(message.body(), message.formatted(), message.kind()); !checked) return checked;
  if (auto checked = check_transaction(message.transaction_id()); !checked) return checked;
  const std::size_t size = message.body().size() + message.formatted().size() + message.reply_to().str().size();
  // Nearly every message is small enough whatever is in it.
  if (size <= (largest_event - most_around) / most_growth) return {};
  if (size < largest_event && event_size(message, sender) <= largest_event) return {};
  return refused(Errc::too_large, fmt::format("the message is larger than {} bytes as an event: make it shorter, or "
                                              "several of it",
                                              largest_event));
}

Result<void> check_topic(std::string_view topic) {
  if (topic.size() <= longest_topic && text::is_valid_utf8(topic)) return {};
  return Error(Errc::invalid_argument, fmt::format("the topic must be at most {} bytes of UTF-8", longest_topic))
      .with_subject("topic");
}

Result<void> check_name(std::string_view what, std::string_view name) {
  const bool controls =
      std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (name.size() <= longest_name && text::is_valid_utf8(name) && !controls) return {};
  return Error(Errc::invalid_argument,
               fmt::format("the {} must be at most {} bytes of UTF-8 without control characters", what, longest_name))
      .with_subject(what);
}

}  // namespace confab::chat
