// What an event means to the host. HTML: what is left of it, however it comes. Of encrypted events: all that can be
// told without their keys, the same in history and live; what is readable is in received_message_test.cpp.
#include "services/timeline.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unit/services/html_corpus.hpp"
#include "util/json.hpp"

using namespace confab;

namespace {

const MatrixRoomId hidden_room("!r");

// An event of the type m.room.encrypted, with this content and unsigned part.
matrix::RoomEvent hidden_event(const std::string& id, int time, const std::string& content,
                               const std::string& beside = "{}") {
  const auto text =
      json::parse(R"({"type":"m.room.encrypted","sender":"@ana:hs","event_id":")" + id + R"(","origin_server_ts":)" +
                  std::to_string(time) + R"(,"content":)" + content + R"(,"unsigned":)" + beside + "}");
  REQUIRE(text);
  const auto event = matrix::RoomEvent::decode(text->root());
  REQUIRE(event);
  return *event;
}
std::string hidden_content(const std::string& ciphertext, const std::string& relates) {
  return R"({"algorithm":"m.megolm.v1.aes-sha2","ciphertext":")" + ciphertext + R"(","n":1.50,"m.relates_to":)" +
         relates + "}";
}

// A message whose formatted text is this HTML; with an edit, of which that is the new one, beside it.
std::string words(const std::string& html) {
  json::Writer writer;
  writer.object().member("msgtype", "m.text").member("body", "plain");
  writer.member("format", "org.matrix.custom.html").member("formatted_body", html);
  return std::move(writer).finish();
}
std::string edit_of_1(const std::string& html) {
  json::Writer writer;
  writer.object().member("type", "m.room.message").member("sender", "@ana:hs").member("event_id", "$2");
  writer.member("origin_server_ts", 2000).key("content").object();
  // The fallback, which is for clients that know no edits, is as hostile.
  writer.member("msgtype", "m.text").member("body", "* plain").member("format", "org.matrix.custom.html");
  writer.member("formatted_body", "* " + html);
  writer.key("m.new_content").raw(words(html));
  writer.key("m.relates_to").object().member("rel_type", "m.replace").member("event_id", "$1").end();
  return std::move(writer).finish();
}
matrix::RoomEvent event_of(const std::string& source) {
  const auto text = json::parse(source);
  REQUIRE(text);
  const auto event = matrix::RoomEvent::decode(text->root());
  REQUIRE(event);
  return *event;
}
std::string message_1(const std::string& html, const std::string& beside = "{}") {
  return R"({"type":"m.room.message","sender":"@ana:hs","event_id":"$1","origin_server_ts":1500,"content":)" +
         words(html) + R"(,"unsigned":)" + beside + "}";
}

const std::string answers = R"({"rel_type":"m.thread","event_id":"$thread","m.in_reply_to":{"event_id":"$asked"}})";
const std::string replaces_1 = R"({"rel_type":"m.replace","event_id":"$1"})";

}  // namespace

TEST_CASE("timeline: an encrypted message keeps all but what its words would say") {
  const std::string content = hidden_content("first", answers);
  const ChatEvent told = services::chat_event_of(hidden_room, hidden_event("$1", 1500, content), "Ana");
  CHECK(told.kind() == EventKind::message);
  CHECK(told.type() == "m.room.encrypted");
  CHECK(told.id().str() == "$1");
  CHECK(told.user().str() == "@ana:hs");
  REQUIRE(told.message());
  const ReceivedMessage& message = *told.message();
  CHECK(message.id().str() == "$1");
  CHECK(message.room_id() == hidden_room);
  CHECK(message.sender().str() == "@ana:hs");
  CHECK(message.sender_name() == "Ana");
  CHECK(message.time() == std::chrono::system_clock::time_point{std::chrono::milliseconds(1500)});
  CHECK(message.relation() == MessageRelation(EventId("$asked"), EventId("$thread")));
  CHECK(message.kind() == MessageKind::encrypted);
  CHECK(message.body().empty());
  CHECK(message.encrypted_content() == content);
}

TEST_CASE("timeline: an encrypted edit is one, live and beside its message, and replaces only what is encrypted") {
  const matrix::RoomEvent edit = hidden_event("$2", 2000, hidden_content("second", replaces_1));
  const ChatEvent told = services::chat_event_of(hidden_room, edit, "Ana");
  CHECK(told.kind() == EventKind::edit);
  CHECK(told.target().str() == "$1");
  CHECK(told.id().str() == "$2");
  CHECK_FALSE(services::message_of(hidden_room, edit));

  ReceivedMessage live = *services::message_of(hidden_room, hidden_event("$1", 1500, hidden_content("first", answers)));
  CHECK(live.apply(told));
  CHECK(live.edited());
  CHECK(live.kind() == MessageKind::encrypted);
  CHECK(live.encrypted_content() == hidden_content("second", replaces_1));
  CHECK(live.relation().reply_to().str() == "$asked");

  const matrix::RoomEvent with_edit = hidden_event("$1", 1500, hidden_content("first", answers),
                                                   R"({"m.relations":{"m.replace":)" + edit.source().to_json() + "}}");
  ReceivedMessage history = *services::message_of(hidden_room, with_edit);
  const std::optional<ChatEvent> beside = services::bundled_edit(hidden_room, with_edit);
  REQUIRE(beside);
  CHECK(history.apply(*beside));
  CHECK(history.encrypted_content() == live.encrypted_content());

  ChatEvent taken_back(EventKind::redaction, hidden_room);
  CHECK(live.apply(taken_back.id(EventId("$3")).user(live.sender()).target(EventId("$2"))));
  CHECK(live.encrypted_content() == hidden_content("first", answers));

  ReceivedMessage plain(EventId("$1"), hidden_room, MatrixUserId("@ana:hs"), "plain", MessageKind::text, live.time());
  CHECK_FALSE(plain.apply(told));
}

TEST_CASE("timeline: nothing is left of an encrypted message that was redacted") {
  const matrix::RoomEvent gone = hidden_event("$1", 1500, "{}", R"({"redacted_because":{}})");
  const auto message = services::message_of(hidden_room, gone);
  REQUIRE(message);
  CHECK(message->redacted());
  CHECK(message->encrypted_content().empty());
  ReceivedMessage seen = *services::message_of(hidden_room, hidden_event("$1", 1500, hidden_content("first", answers)));
  CHECK(seen.redact().encrypted_content().empty());
}

TEST_CASE("timeline: HTML is sanitized as it comes, by a message or an edit, in history and live: the corpus") {
  const std::vector<test::HtmlRow> rows = test::html_corpus();
  REQUIRE(rows.size() > 90);
  for (const test::HtmlRow& row : rows) {
    CAPTURE(row.name);
    const ChatEvent live = services::chat_event_of(hidden_room, event_of(message_1(row.input)));
    REQUIRE(live.message());
    CHECK(live.message()->formatted_body() == row.output);
    CHECK(live.message()->body() == "plain");
    CHECK(services::message_of(hidden_room, event_of(message_1(row.input)))->formatted_body() == row.output);

    const std::string edit = edit_of_1(row.input);
    const ChatEvent edited = services::chat_event_of(hidden_room, event_of(edit));
    REQUIRE(edited.kind() == EventKind::edit);
    CHECK(edited.message()->formatted_body() == row.output);
    const auto page = event_of(message_1("first", R"({"m.relations":{"m.replace":)" + edit + "}}"));
    ReceivedMessage history = *services::message_of(hidden_room, page);
    CHECK(history.apply(*services::bundled_edit(hidden_room, page)));
    CHECK(history.formatted_body() == row.output);
  }
}

namespace {

// All that is told of an event, in one text.
std::string told_of(const ChatEvent& event) {
  std::string all = std::string(event_kind_name(event.kind())) + '|' + event.id().str() + '|' + event.type() + '|' +
                    event.user().str() + '|' + event.membership() + '|' + event.target().str() + '|' + event.key();
  if (!event.message()) return all;
  const ReceivedMessage& message = *event.message();
  all += '|' + message.id().str() + '|' + message.sender_name() + '|' + message.body() + '|' + message.formatted_body();
  all += '|' + message.encrypted_content() + '|' + std::to_string(static_cast<int>(message.kind()));
  all += '|' + message.relation().reply_to().str() + '|' + message.relation().thread().str();
  return all + (message.redacted() ? "|redacted" : "|");
}

}  // namespace

TEST_CASE("timeline: an event says the same whether it was read from text or parsed with a whole answer") {
  const char* const types[] = {"m.room.message",   "m.room.encrypted", "m.reaction",
                               "m.room.redaction", "m.room.member",    "org.example"};
  const char* const contents[] = {
      R"({"body":"plain","msgtype":"m.text"})",
      R"({"body":"escaped \"\n\u00e9\ud83c\udf89","msgtype":"m.notice","m.mentions":{}})",
      R"({ "body" : "spaced" , "msgtype" : "m.emote" })",
      R"({"body":"first","body":"last","msgtype":"m.file","msgtype":"m.image"})",
      R"({"b\u006fdy":"named otherwise"})",
      R"({"body":"x","format":"org.matrix.custom.html","formatted_body":"<b>x</b><script>y</script>"})",
      R"({"body":"x","format":"other","formatted_body":"<b>x</b>"})",
      R"({"body":"x","format":"org.matrix.custom.html","formatted_body":7})",
      R"({"body":["no text"],"membership":true})",
      R"({"membership":"join","displayname":"Ana"})",
      R"({})",
      R"({"body":"> <@a:hs> asked\n\nanswer","m.relates_to":{"m.in_reply_to":{"event_id":"$asked"}}})",
      R"({"body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$t","is_falling_back":true,"m.in_reply_to":{"event_id":"$a"}}})",
      R"({"body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$t","is_falling_back":false,"m.in_reply_to":{"event_id":"$a"}}})",
      R"({"body":"* x","m.new_content":{"body":"new","msgtype":"m.text"},"m.relates_to":{"rel_type":"m.replace","event_id":"$1"}})",
      R"({"body":"* x","m.relates_to":{"rel_type":"m.replace","event_id":"$1"}})",
      R"({"body":"* x","m.new_content":{"body":"new"},"m.relates_to":{"rel_type":"m.replace"}})",
      R"({"m.relates_to":{"rel_type":"m.annotation","event_id":"$1","key":"\u2764"}})",
      R"({"m.relates_to":{"rel_type":"m.annotation","event_id":"$1","key":""}})",
      R"({"m.relates_to":["m.annotation"]})",
      R"({"m.relates_to":null,"body":"x"})",
      R"({"redacts":"$1","reason":"spam"})",
      R"({"redacts":7})",
      R"({"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"abc","n":1.50,"deep":[{"a":[]}]})",
      R"({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext":"a\/c","n":1e3})",
  };
  const char* const besides[] = {"", R"(,"unsigned":{"redacted_because":{"content":{}}})", R"(,"state_key":"@ana:hs")",
                                 R"(,"redacts":"$2","unsigned":null)"};
  for (const std::string type : types) {
    for (const std::string content : contents) {
      for (const std::string beside : besides) {
        const std::string text = R"({"type":")" + type + R"(","sender":"@ana:hs","event_id":"$9","content":)" +
                                 content + R"(,"origin_server_ts":1500)" + beside + "}";
        CAPTURE(text);
        const Result<matrix::RoomEvent> read = matrix::RoomEvent::read(text);
        REQUIRE(read);
        const matrix::RoomEvent parsed = event_of(text);
        CHECK(told_of(services::chat_event_of(hidden_room, *read, "Ana")) ==
              told_of(services::chat_event_of(hidden_room, parsed, "Ana")));
        CHECK(services::message_of(hidden_room, *read).has_value() ==
              services::message_of(hidden_room, parsed).has_value());
        CHECK(services::change_of(hidden_room, *read).has_value() ==
              services::change_of(hidden_room, parsed).has_value());
      }
    }
  }
}
