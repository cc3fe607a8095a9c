#include "services/message_content.hpp"

#include <utility>

#include "services/html_sanitizer.hpp"
#include "services/timeline.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::services {

namespace {

const char* msgtype_of(MessageKind kind) {
  switch (kind) {
    case MessageKind::notice:
      return "m.notice";
    case MessageKind::emote:
      return "m.emote";
    default:
      return "m.text";
  }
}

void write_words(json::Writer& writer, MessageKind kind, const std::string& body, const std::string& html) {
  writer.member("msgtype", msgtype_of(kind)).member("body", body);
  if (!html.empty()) writer.member("format", "org.matrix.custom.html").member("formatted_body", html);
}

}  // namespace

std::optional<Error> wrong_words(const std::string& body, const std::string& formatted, MessageKind kind) {
  const auto refused = [](const char* text) { return Error(Errc::invalid_argument, text).with_subject("message"); };
  if (body.empty()) return refused("the message is empty: give it a text");
  if (!text::is_valid_utf8(body)) return refused("the text is not valid UTF-8");
  if (!formatted.empty() && !text::is_valid_utf8(formatted)) return refused("the formatted text is not valid UTF-8");
  if (formatted.size() > largest_html)
    return Error(Errc::too_large, "the formatted text is larger than any event: make it shorter")
        .with_subject("message");
  if (kind != MessageKind::text && kind != MessageKind::notice && kind != MessageKind::emote)
    return refused("only texts, notices and emotes can be sent");
  return std::nullopt;
}

std::string content_of(const ProviderMessage& message) {
  json::Writer writer;
  writer.object();
  const std::string html = message.formatted().empty() ? std::string() : sanitize_html(message.formatted());
  write_words(writer, message.kind(), message.body(), html);
  if (!message.reply_to().empty()) {
    writer.key("m.relates_to").object().key("m.in_reply_to").object();
    writer.member("event_id", message.reply_to().str()).end().end();
  }
  writer.member(transaction_key, message.transaction_id().str());
  return std::move(writer).finish();
}

std::string content_of(const ProviderEdit& edit) {
  const std::string html = sanitize_html(edit.formatted());
  json::Writer writer;
  writer.object();
  // What clients show that know no edits.
  write_words(writer, edit.kind(), "* " + edit.body(), html.empty() ? html : "* " + html);
  writer.key("m.new_content").object();
  write_words(writer, edit.kind(), edit.body(), html);
  writer.end();
  writer.key("m.relates_to").object().member("rel_type", "m.replace").member("event_id", edit.message().str()).end();
  writer.member(transaction_key, edit.transaction_id().str());
  return std::move(writer).finish();
}

std::string content_of(const ProviderReaction& reaction) {
  json::Writer writer;
  writer.object().key("m.relates_to").object();
  writer.member("rel_type", "m.annotation").member("event_id", reaction.message().str());
  writer.member("key", reaction.key()).end();
  writer.member(transaction_key, reaction.transaction_id().str());
  return std::move(writer).finish();
}

}  // namespace confab::services
