#include "matrix/endpoints/send.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

namespace {
SendEvent message(std::string content) { return {room, "m.room.message", TransactionId("t/1"), std::move(content)}; }
}  // namespace

TEST_CASE("send: the transaction id is part of the path, the content is sent compact") {
  const auto request = encoded(message("{ \"body\" : \"hi\", \"n\": 1 }"));
  CHECK(request.method() == Method::put);
  CHECK(request.path() == "/_matrix/client/v3/rooms/%21r%3Ahs/send/m.room.message/t%2F1");
  CHECK(request.body() == R"({"body":"hi","n":1})");
  CHECK(request.idempotent());
  CHECK(request.needs_token());
  requires_fields<SendEvent>(R"({"event_id":"$YUwRidLecu:example.com"})", {"event_id"});
}

TEST_CASE("send: an answer as Synapse writes it is read without a parser, any other by one") {
  const auto quick = SendEvent::quick_decode(R"({"event_id":"$YUwRidLecu:example.com"})");
  REQUIRE(quick);
  CHECK(quick->event_id() == decode<SendEvent>(R"({"event_id":"$YUwRidLecu:example.com"})")->event_id());
  for (const char* other :
       {"", "{}", R"({"event_id":""})", R"({"event_id":"$1","more":1})", R"({"event_id": "$1"})",
        R"( {"event_id":"$1"})", R"({"event_id":"$\u0031"})", R"({"event_id":"$1"}x)", R"({"event_id":"$1)",
        "{\"event_id\":\"$\xFF\"}", "{\"event_id\":\"$1\n\"}", R"({"event_id":1})", R"(<html>{"event_id":"$1"})"}) {
    CAPTURE(other);
    CHECK_FALSE(SendEvent::quick_decode(other));
  }
}

TEST_CASE("send: what can never be accepted is refused before sending") {
  refuses(message("not json"), "content");
  refuses(message("[]"), "content");
  refuses(message("\"\xFF\""), "content");
  refuses(message("{\"n\":1.5}"), "n");
  refuses(message("{\"body\":\"" + std::string(66'000, 'x') + "\"}"), "content", Errc::too_large);
  refuses(SendEvent(MatrixRoomId(""), "m.x", TransactionId("t"), "{}"), "room_id");
  refuses(SendEvent(room, "", TransactionId("t"), "{}"), "event_type");
  refuses(SendEvent(room, "m.x", TransactionId(""), "{}"), "transaction_id");
  refuses(PutState(room, "m.x", std::string(300, 'x'), "{}"), "state_key");
  CHECK(message("{\"secret\" \"x\"}").encode().error().message().find("secret") == std::string_view::npos);
}

TEST_CASE("send: the content of a text message") {
  CHECK(*text_message_content("a \"b\"\n") == R"({"msgtype":"m.text","body":"a \"b\"\n"})");
  CHECK(text_message_content("").error().subject() == "text");
  CHECK(text_message_content("\xC3").error().code() == Errc::invalid_argument);
}

TEST_CASE("send: state") {
  const auto put = encoded(PutState(room, "m.room.topic", "", R"({"topic":"x"})"));
  CHECK(put.path() == "/_matrix/client/v3/rooms/%21r%3Ahs/state/m.room.topic/");
  CHECK(put.idempotent());
  // Read, change, write back: a blind repeat could undo another writer.
  CHECK_FALSE(encoded(PutState(room, "m.room.power_levels", "", "{}")).idempotent());
  requires_fields<PutState>(R"({"event_id":"$1"})", {"event_id"});
  const auto get = encoded(GetState(room, "m.room.member", "@ana:hs"));
  CHECK(get.path() == "/_matrix/client/v3/rooms/%21r%3Ahs/state/m.room.member/%40ana%3Ahs");
  CHECK(get.expects(Errc::not_found));
  CHECK(decode<GetState>(R"({"membership":"join"})")->content()["membership"].string_or("") == "join");
  CHECK_FALSE(decode<GetState>("[]"));
  const auto all = decode<GetAllState>(
      R"([{"event_id":"$1","type":"m.room.name","sender":"@a:b","origin_server_ts":1,"state_key":"","content":{}},{}])");
  CHECK(all->events().size() == 1);
  CHECK(all->unreadable() == 1);
  CHECK_FALSE(decode<GetAllState>("{}"));
  refuses(GetAllState(MatrixRoomId("r")), "room_id");
}
