// What MessageService does beside sending: edits, redactions, reactions, typing, reading, rooms that are encrypted.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "services/typing_memory.hpp"
#include "unit/services/in_room.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::services::MessageService;
using confab::test::Answer;
using confab::test::event_path;
using confab::test::FakeMatrix;
using confab::test::InRoom;
using confab::test::messages_path;
using confab::test::send_path;
using confab::test::TestJson;

namespace {

constexpr const char* redact_path = "/_matrix/client/v3/rooms/*/redact/*/*";
constexpr const char* typing_path = "/_matrix/client/v3/rooms/*/typing/*";
constexpr const char* relations_path = "/_matrix/client/v1/rooms/*/relations/**";

struct Said : InRoom {
  explicit Said(FakeMatrix::MatrixOptions options = FakeMatrix::MatrixOptions()) : InRoom(1, std::move(options)) {
    first = send(message("first", "t1")).wait().value();
    hs.forget_requests();
  }

  Result<EventId> edit(const MatrixUserId& user, const EventId& target, const std::string& body) {
    return ask<EventId>(ProviderEdit(room, user, target, body), &MessageService::edit).wait();
  }
  Result<EventId> redact(const MatrixUserId& user, const EventId& target) {
    return ask<EventId>(ProviderRedaction(room, user, target).reason("why"), &MessageService::redact).wait();
  }
  Result<EventId> react(const MatrixUserId& user, const EventId& target, const std::string& key) {
    return ask<EventId>(ProviderReaction(room, user, target, key), &MessageService::react).wait();
  }
  Result<void> typing(bool on) {
    return ask<void>(ProviderTypingNotice(room, ana, on), &MessageService::typing).wait();
  }
  MessagePage page(bool reactions = true) {
    return ask<MessagePage>(ProviderHistoryRequest(room, ben).reactions(reactions), &MessageService::history)
        .wait()
        .value();
  }
  // What stands in the room last.
  TestJson last() { return hs.events(room.str()).back(); }

  EventId first;
};

}  // namespace

TEST_CASE("MessageService: a formatted notice that answers is sanitized, and still one request") {
  Said at;
  ProviderMessage message = at.message("It is done", "t2");
  message.formatted("It is <em onclick=x>done</em><script>alert(1)</script>").kind(MessageKind::notice);
  message.reply_to(at.first);
  REQUIRE(at.send(message).wait());
  CHECK(at.hs.count() == 1);
  const TestJson content = at.last()["content"];
  CHECK(content["msgtype"].as_string() == "m.notice");
  CHECK(content["format"].as_string() == "org.matrix.custom.html");
  CHECK(content["formatted_body"].as_string() == "It is <em>done</em>");
  CHECK(content["m.relates_to"]["m.in_reply_to"]["event_id"].as_string() == at.first.str());
  const MessagePage page = at.page();
  CHECK(page.messages()[0].kind() == MessageKind::notice);
  CHECK(page.messages()[0].formatted_body() == "It is <em>done</em>");
  CHECK(page.messages()[0].relation().reply_to() == at.first);
  CHECK(page.messages()[0].sender_name() == "ana");
}

TEST_CASE("MessageService: HTML of which nothing is left makes a plain message") {
  Said at;
  ProviderMessage message = at.message("plain", "t2");
  message.formatted("<script>alert(1)</script>");
  REQUIRE(at.send(message).wait());
  CHECK_FALSE(at.last()["content"].contains("format"));
}

TEST_CASE("MessageService: kinds that cannot be sent are refused before anything is") {
  Said at;
  ProviderMessage message = at.message("x", "t2");
  message.kind(MessageKind::media);
  CHECK(at.send(message).wait().error().code() == Errc::invalid_argument);
  message.kind(MessageKind::text).formatted("\xFF");
  CHECK(at.send(message).wait().error().code() == Errc::invalid_argument);
  CHECK(at.hs.count() == 0);
}

TEST_CASE("MessageService: an edit costs two requests and shows in history") {
  Said at;
  const Result<EventId> edited = at.edit(at.ana, at.first, "second");
  REQUIRE(edited);
  CHECK(at.hs.count() == 2);
  const TestJson content = at.last()["content"];
  CHECK(content["body"].as_string() == "* second");
  CHECK(content["m.new_content"]["body"].as_string() == "second");
  CHECK(content["m.relates_to"]["rel_type"].as_string() == "m.replace");
  const MessagePage page = at.page();
  REQUIRE(page.messages().size() == 1);
  CHECK(page.messages()[0].id() == at.first);
  CHECK(page.messages()[0].body() == "second");
  CHECK(page.messages()[0].edited());
  at.hs.forget_requests();
  REQUIRE(at.redact(at.ana, *edited));
  CHECK(at.hs.count() == 2);
  CHECK(at.last()["content"]["org.confab.edited_message"].as_string() == at.first.str());
  // The edit itself is no message, redacted or not.
  const MessagePage after = at.page();
  REQUIRE(after.messages().size() == 1);
  CHECK(after.messages()[0].body() == "first");
  CHECK_FALSE(after.messages()[0].edited());
}

TEST_CASE("MessageService: only who said a message edits it, and only the message itself") {
  Said at;
  CHECK(at.edit(at.ben, at.first, "mine now").error().code() == Errc::forbidden);
  CHECK(at.edit(at.ana, EventId("$nowhere"), "x").error().code() == Errc::not_found);
  const EventId edit = at.edit(at.ana, at.first, "second").value();
  CHECK(at.edit(at.ana, edit, "third").error().code() == Errc::invalid_argument);
  REQUIRE(at.redact(at.ana, at.first));
  CHECK(at.edit(at.ana, at.first, "fourth").error().code() == Errc::invalid_argument);
}

TEST_CASE("MessageService: an edit whose answer was lost is found, not sent again") {
  Said at;
  at.hs.fail_next(1, "PUT", send_path, Answer::real().close_before_answer());
  const Result<EventId> edited = at.edit(at.ana, at.first, "second");
  REQUIRE(edited);
  CHECK(at.hs.count("PUT", send_path) == 1);
  CHECK(at.posted("* second") == 1);
}

TEST_CASE("MessageService: what cannot be looked at is redacted all the same") {
  Said at;
  at.hs.fail_next(1, "GET", event_path, Answer::error(404, "M_NOT_FOUND"));
  REQUIRE(at.redact(at.ana, at.first));
  CHECK(at.page().messages()[0].redacted());
}

TEST_CASE("MessageService: a redaction leaves an empty message, and one whose answer was lost is found") {
  Said at;
  at.hs.fail_next(1, "PUT", redact_path, Answer::real().close_before_answer());
  const Result<EventId> redacted = at.redact(at.ana, at.first);
  REQUIRE(redacted);
  CHECK(at.hs.count("PUT", redact_path) == 1);
  CHECK(at.hs.count("GET", event_path) == 2);  // what is it, and what became of it?
  CHECK(at.last()["event_id"].as_string() == redacted->str());
  CHECK(at.last()["content"]["reason"].as_string() == "why");
  const MessagePage page = at.page();
  REQUIRE(page.messages().size() == 1);
  CHECK(page.messages()[0].redacted());
  CHECK(page.messages()[0].body().empty());
  CHECK(at.redact(at.ben, at.first).has_value() == false);
}

TEST_CASE("MessageService: a reaction is one request, and the same one again is found") {
  Said at;
  const Result<EventId> reacted = at.react(at.ben, at.first, "👍");
  REQUIRE(reacted);
  CHECK(at.hs.count() - at.mints() == 1);
  CHECK(at.react(at.ben, at.first, "👍").value() == *reacted);
  REQUIRE(at.react(at.ana, at.first, "👍"));
  REQUIRE(at.react(at.ana, at.first, "🎈"));
  const MessagePage page = at.page();
  REQUIRE(page.messages().size() == 1);
  REQUIRE(page.messages()[0].reactions().size() == 2);
  CHECK(page.messages()[0].reactions()[1] == Reactions("👍", {at.ana, at.ben}));
  CHECK(at.page(false).messages()[0].reactions().empty());
  for (const std::string& key : {std::string(), std::string(256, 'x'), std::string("\xFF")})
    CHECK(at.react(at.ben, at.first, key).error().code() == Errc::invalid_argument);
}

TEST_CASE("MessageService: what a page of history costs") {
  Said at;
  for (int i = 0; i < 30; ++i) at.hs.post(at.room.str(), at.ana.str(), "word " + std::to_string(i));
  (void)at.page();  // ben has a token
  at.hs.forget_requests();
  CHECK(at.page(false).messages().size() == 31);
  CHECK(at.hs.count() == 1);
  at.hs.forget_requests();
  CHECK(at.page().messages().size() == 31);
  CHECK(at.hs.count() == 2);
  const MessagePage before = at.page();
  for (const ReceivedMessage& message : before.messages()) REQUIRE(at.react(at.ben, message.id(), "+"));
  at.hs.forget_requests();
  // Too many for one call: the page ends before the first that would be one too many.
  const MessagePage page = at.page();
  CHECK(at.hs.count("GET", messages_path) == 3);
  CHECK(at.hs.count("GET", relations_path) == MessageService::most_reacted);
  CHECK(page.messages().size() == MessageService::most_reacted);
}

TEST_CASE("MessageService: no reaction is left out, however many messages of a page have some") {
  Said at;
  std::vector<std::string> said{at.first.str()};
  for (int i = 0; i < 60; ++i) said.push_back(at.hs.post(at.room.str(), at.ana.str(), "word " + std::to_string(i)));
  // Every other one; what was redacted has none any more.
  for (std::size_t i = 0; i < said.size(); i += 2) REQUIRE(at.react(at.ben, EventId(said[i]), "+"));
  REQUIRE(at.redact(at.ana, EventId(said[60])));
  std::vector<std::string> read;
  ProviderHistoryRequest request(at.room, at.ben);
  for (int pages = 0;; ++pages) {
    REQUIRE(pages < 10);
    const auto page = at.ask<MessagePage>(request, &MessageService::history).wait();
    REQUIRE(page);
    // Said after the first page was read: it moves nothing.
    if (pages == 0) at.hs.post(at.room.str(), at.ana.str(), "late");
    for (const ReceivedMessage& message : page->messages()) {
      const std::size_t number = said.size() - 1 - read.size();
      CHECK(message.reactions().size() == (number % 2 == 0 && number != 60 ? 1U : 0U));
      read.push_back(message.id().str());
    }
    if (page->end().empty()) break;
    request.from(page->end());
  }
  std::reverse(read.begin(), read.end());
  CHECK(read == said);
}

TEST_CASE("MessageService: reactions that a homeserver gives in pieces are all read, up to a bound") {
  Said at(FakeMatrix::MatrixOptions().relations_at_once(2));
  for (const char* key : {"1", "2", "3", "4", "5"}) REQUIRE(at.react(at.ben, at.first, key));
  at.hs.forget_requests();
  CHECK(at.page().messages()[0].reactions().size() == 5);
  CHECK(at.hs.count("GET", relations_path) == 3);
  for (int i = 0; i < 30; ++i) REQUIRE(at.react(at.ana, at.first, "k" + std::to_string(i)));
  at.hs.forget_requests();
  CHECK(at.page().messages()[0].reactions().size() == 2 * MessageService::most_reaction_pages);
  CHECK(at.hs.count("GET", relations_path) == MessageService::most_reaction_pages);
}

TEST_CASE("MessageService: an encrypted message is in history with all that it holds in clear") {
  Said at;
  TestJson answered;
  TestJson relates;
  TestJson content;
  relates.set("m.in_reply_to", answered.set("event_id", at.first.str()));
  content.set("algorithm", "m.megolm.v1.aes-sha2").set("ciphertext", "AwgAEnAC").set("m.relates_to", relates);
  const std::string id = at.hs.post_event(at.room.str(), at.ana.str(), "m.room.encrypted", content);
  const MessagePage page = at.page();
  REQUIRE(page.messages().size() == 2);
  const ReceivedMessage& hidden = page.messages()[0];
  CHECK(hidden.id().str() == id);
  CHECK(hidden.kind() == MessageKind::encrypted);
  CHECK(hidden.sender_name() == "ana");
  CHECK(hidden.relation().reply_to() == at.first);
  CHECK(hidden.time() >= page.messages()[1].time());
  const auto passed = TestJson::parse(hidden.encrypted_content());
  REQUIRE(passed);
  CHECK(*passed == content);
}

TEST_CASE("MessageService: typing that is unchanged costs no request; a message makes it news") {
  Said at;
  for (int i = 0; i < 20; ++i) REQUIRE(at.typing(true));
  CHECK(at.hs.count() == 1);
  CHECK(TestJson::parse(at.hs.requests().back().body)->operator[]("timeout").as_integer() == 30'000);
  for (int i = 0; i < 20; ++i) REQUIRE(at.typing(false));
  CHECK(at.hs.count() == 2);
  REQUIRE(at.typing(true));
  REQUIRE(at.send(at.message("said", "t2")).wait());
  at.hs.forget_requests();
  REQUIRE(at.typing(true));
  CHECK(at.hs.count() == 1);
}

TEST_CASE("MessageService: typing that did not get through is said again") {
  Said at;
  at.hs.fail_next(1, "PUT", typing_path, Answer::error(403, "M_FORBIDDEN"));
  CHECK(at.typing(true).error().code() == Errc::forbidden);
  REQUIRE(at.typing(true));
  CHECK(at.hs.count("PUT", typing_path) == 2);
}

TEST_CASE("TypingMemory: the same is said again after 15 seconds, and users are bounded") {
  services::TypingMemory memory(2);
  const MatrixRoomId room("!r");
  const auto now = std::chrono::steady_clock::now();
  CHECK(memory.has_to_say(room, MatrixUserId("@a"), true, now));
  CHECK_FALSE(memory.has_to_say(room, MatrixUserId("@a"), true, now + 14s));
  CHECK(memory.has_to_say(room, MatrixUserId("@a"), true, now + 15s));
  CHECK(memory.has_to_say(room, MatrixUserId("@a"), false, now + 15s));
  CHECK(memory.has_to_say(room, MatrixUserId("@b"), true, now));
  CHECK(memory.has_to_say(room, MatrixUserId("@c"), true, now));
  CHECK(memory.size() == 2);
  CHECK(memory.has_to_say(room, MatrixUserId("@a"), false, now + 15s));  // it was forgotten
}

TEST_CASE("MessageService: how far a user has read is one request for marker and receipt") {
  Said at;
  REQUIRE(at.ask<void>(ProviderReadMark(at.room, at.ana, at.first), &MessageService::mark_read).wait());
  CHECK(at.hs.count() == 1);
  const auto seen = TestJson::parse(at.hs.requests().back().body).value();
  CHECK(seen["m.fully_read"].as_string() == at.first.str());
  CHECK(seen["m.read"].as_string() == at.first.str());
  ProviderReadMark hidden(at.room, at.ana, at.first);
  REQUIRE(at.ask<void>(hidden.in_private(true), &MessageService::mark_read).wait());
  const auto unseen = TestJson::parse(at.hs.requests().back().body).value();
  CHECK(unseen["m.read.private"].as_string() == at.first.str());
  CHECK_FALSE(unseen.contains("m.read"));
}

TEST_CASE("MessageService: an encrypted room refuses plain words unless that is allowed") {
  Said at;
  // Nothing is known of the room: it is asked.
  at.messages->encryption()->note(at.room, false, std::chrono::steady_clock::now() - 1h);
  at.hs.fail_next(1, "GET", test::state_path, Answer(200, R"({"algorithm":"m.megolm.v1.aes-sha2"})"));
  const Result<EventId> refused = at.send(at.message("secret", "t2")).wait();
  CHECK(refused.error().code() == Errc::encrypted_room);
  CHECK(at.edit(at.ana, at.first, "secret").error().code() == Errc::encrypted_room);
  CHECK(at.hs.count() == 1);  // and known for ever
  REQUIRE(at.react(at.ana, at.first, "+"));
  ProviderMessage allowed = at.message("open", "t3");
  allowed.even_if_encrypted(true);
  CHECK(at.send(allowed).wait());
  CHECK(at.posted("secret") == 0);
}

TEST_CASE("MessageService: whether a room is encrypted is asked once in ten minutes") {
  Said at;
  at.messages->encryption()->note(at.room, false, std::chrono::steady_clock::now() - 1h);
  REQUIRE(at.send(at.message("a", "t2")).wait());
  CHECK(at.hs.count("GET", test::state_path) == 1);
  REQUIRE(at.send(at.message("b", "t3")).wait());
  CHECK(at.hs.count("GET", test::state_path) == 1);
  services::RoomEncryption memory;
  const auto now = std::chrono::steady_clock::now();
  memory.note(at.room, false, now);
  CHECK(memory.is_encrypted(at.room, now + 9min) == std::optional<bool>(false));
  CHECK(memory.is_encrypted(at.room, now + 10min) == std::nullopt);
  memory.note(at.room, true, now);
  CHECK(memory.is_encrypted(at.room, now + 1000h) == std::optional<bool>(true));
}

TEST_CASE("MessageService: while it is open whether a room is encrypted, nothing is sent") {
  Said at;
  at.messages->encryption()->note(at.room, false, std::chrono::steady_clock::now() - 1h);
  at.hs.fail_next(1, "GET", test::state_path, Answer::error(403, "M_FORBIDDEN"));
  CHECK(at.send(at.message("a", "t2")).wait().error().code() == Errc::forbidden);
  CHECK(at.posted("a") == 0);
}
