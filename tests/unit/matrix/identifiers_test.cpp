#include "matrix/identifiers.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace confab;
using namespace confab::matrix;

namespace {
const std::string long_text(300, 'a');

template <class Check>
void accepts(Check check, std::initializer_list<std::string> texts) {
  for (const auto& text : texts) {
    CAPTURE(text);
    CHECK(check(text));
  }
}
template <class Check>
void refuses(Check check, std::string_view subject, std::initializer_list<std::string> texts) {
  for (const auto& text : texts) {
    CAPTURE(text);
    const Result<void> result = check(text);
    REQUIRE_FALSE(result);
    CHECK(result.error().code() == Errc::invalid_argument);
    CHECK(result.error().subject() == subject);
    if (text.size() > 8) CHECK(result.error().message().find(text) == std::string_view::npos);
  }
}
}  // namespace

TEST_CASE("identifiers: user ids") {
  const auto check = [](const std::string& text) { return check_user_id(MatrixUserId(text)); };
  accepts(check,
          {"@ana:hs.test", "@Ana:hs.test:8448", "@a.b_c=d-e/f+1:localhost", "@x:1.2.3.4", "@x:[::1]:80", "@we!rd{:h"});
  refuses(
      check, "user_id",
      {"", "@", "ana", "ana:hs.test", "@ana", "@:hs", "@ana:", "@a b:hs", "@ana:h s", "@ana:hs:port", "@\xC3\xA9:hs",
       "@ana:hs/path", "!ana:hs.test", "@" + long_text + ":hs", std::string("@a\0b:hs", 7), "@ana:hs:123456"});
  CHECK(localpart_of(MatrixUserId("@ana:hs.test:8448")) == "ana");
  CHECK(server_name_of(MatrixUserId("@ana:hs.test:8448")) == "hs.test:8448");
  CHECK(localpart_of(MatrixUserId("ana:hs")).empty());
  CHECK(server_name_of(MatrixUserId("@ana")).empty());
}

TEST_CASE("identifiers: room ids are opaque and need no server") {
  const auto check = [](const std::string& text) { return check_room_id(MatrixRoomId(text)); };
  accepts(check, {"!abc:hs.test", "!QxWkK3y2xUuT1G7fZfqZ0fPZcK4S4rS1pYq5oD6pT0k", "!a:b:c", "!x"});
  refuses(check, "room_id",
          {"", "!", "abc:hs", "#abc:hs", "!a b", "!a\n", "!" + long_text, "!\xFF", std::string("!a\0", 3)});
}

TEST_CASE("identifiers: aliases") {
  const auto check = [](const std::string& text) { return check_room_alias(RoomAlias(text)); };
  accepts(check, {"#events:hs.test", "#\xC3\xA9vent:hs.test:8448", "#a/b?c:hs"});
  refuses(check, "room_alias",
          {"", "#", "#events", "#:hs", "events:hs", "#a b:hs", "#a:b c", "#" + long_text + ":hs", "#\xFF:hs"});
}

TEST_CASE("identifiers: events, transactions, types, state keys, server names") {
  accepts([](const std::string& t) { return check_event_id(EventId(t)); }, {"$abc", "$1:hs.test", "$a_b-c"});
  refuses([](const std::string& t) { return check_event_id(EventId(t)); }, "event_id",
          {"", "$", "abc", "$a b", "$" + long_text});
  accepts([](const std::string& t) { return check_transaction_id(TransactionId(t)); }, {"a", "m123.4", "a/b?c"});
  refuses([](const std::string& t) { return check_transaction_id(TransactionId(t)); }, "transaction_id",
          {"", "a b", "\xC3\xA9", long_text, "a\n"});
  accepts([](const std::string& t) { return check_event_type(t); }, {"m.room.message", "org.example.x"});
  refuses([](const std::string& t) { return check_event_type(t); }, "event_type", {"", "a b", long_text});
  accepts([](const std::string& t) { return check_state_key(t); }, {"", "@ana:hs.test", "with spaces"});
  refuses([](const std::string& t) { return check_state_key(t); }, "state_key", {long_text, "\xFF"});
  accepts([](const std::string& t) { return check_server_name(t); },
          {"hs.test", "HS-1.test:8448", "1.2.3.4", "[2001:db8::1]", "[::1]:80"});
  refuses([](const std::string& t) { return check_server_name(t); }, "server_name",
          {"", ":80", "hs:", "hs:x", "h_s", "[::1", "[::1]x", "[g]", "a/b", long_text});
}

TEST_CASE("identifiers: localparts of new accounts") {
  CHECK(is_legal_localpart("ana.b_c=d-e/f+1"));
  for (const char* bad : {"", "Ana", "a b", "a:b", "\xC3\xA9", "a@b"}) CHECK_FALSE(is_legal_localpart(bad));
}

TEST_CASE("device ids: what a path can hold, up to what homeservers take") {
  CHECK(check_device_id(DeviceId("QBUAZIFURK")));
  CHECK(check_device_id(DeviceId(std::string(512, 'd'))));
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string("\xFF"), std::string(513, 'd')}) {
    const auto checked = check_device_id(DeviceId(bad));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().subject() == "device_id");
  }
}
