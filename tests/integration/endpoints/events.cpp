// What is said in a room: sent, read, related, redacted, seen.
#include "homeserver_calls.hpp"
#include "matrix/endpoints/account_data.hpp"
#include "matrix/endpoints/membership.hpp"
#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/read_markers.hpp"
#include "matrix/endpoints/receipts.hpp"
#include "matrix/endpoints/redaction.hpp"
#include "matrix/endpoints/relations.hpp"
#include "matrix/endpoints/room_event.hpp"
#include "matrix/endpoints/rooms_create.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/sync.hpp"
#include "matrix/endpoints/typing.hpp"
#include "matrix/endpoints/unread.hpp"

using namespace confab;
using namespace confab::matrix;
using confab::test::HomeserverCalls;
using confab::test::User;

namespace {

SendEvent message(const MatrixRoomId& room, const std::string& txn, const std::string& text) {
  return SendEvent(room, "m.room.message", TransactionId(txn), text_message_content(text).value());
}

}  // namespace

TEST_CASE("events: sent once per transaction, read one by one and by page, redacted") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("say_ana");
  const User eve = hs.user("say_eve");
  const MatrixRoomId room = hs.answer(CreateRoom(), ana).room_id();
  const EventId none("$nowhere");

  const EventId first = hs.answer(message(room, "t/1", "one"), ana).event_id();
  CHECK(hs.answer(message(room, "t/1", "other words"), ana).event_id() == first);
  const EventId second = hs.answer(message(room, "t/2", "two"), ana).event_id();
  const EventId odd = hs.answer(SendEvent(room, "m.room.message", TransactionId("t/3"),
                                          R"({"msgtype":"m.text","body":"three","org.example.kept":{"a":[1,null]}})"),
                                ana)
                          .event_id();
  hs.refuse(message(room, "t", "x"), eve, Errc::forbidden, "M_FORBIDDEN");

  const auto read = hs.answer(GetEvent(room, odd), ana);
  CHECK(read.sender() == ana.id());
  CHECK(read.content()["org.example.kept"].to_json() == R"({"a":[1,null]})");
  CHECK(read.transaction_id() == TransactionId("t/3"));
  hs.refuse(GetEvent(room, none), ana, Errc::not_found, "M_NOT_FOUND");
  const auto around = hs.answer(GetContext(room, second).limit(2), ana);
  REQUIRE(around.event());
  CHECK(around.event()->id() == second);
  REQUIRE(around.before().size() == 1);
  CHECK(around.before().front().id() == first);
  REQUIRE(around.after().size() == 1);
  CHECK(around.after().front().id() == odd);
  CHECK_FALSE(around.state().empty());
  hs.refuse(GetContext(room, none), ana, Errc::not_found, "M_NOT_FOUND");

  auto page = hs.answer(GetMessages(room).limit(2), ana);
  REQUIRE(page.events().size() == 2);
  CHECK(page.events().front().id() == odd);
  REQUIRE(page.end());
  page = hs.answer(GetMessages(room).limit(2).from(*page.end()).filter(R"({"types":["m.room.message"]})"), ana);
  REQUIRE_FALSE(page.events().empty());
  CHECK(page.events().front().id() == first);
  hs.refuse(GetMessages(room), eve, Errc::forbidden, "M_FORBIDDEN");
  hs.refuse(GetMessages(room).from(PageToken("nonsense")), ana, Errc::invalid_argument, "M_UNKNOWN");

  const EventId gone = hs.answer(RedactEvent(room, second, TransactionId("r1")).reason("slip"), ana).event_id();
  CHECK(hs.answer(RedactEvent(room, second, TransactionId("r1")), ana).event_id() == gone);
  const auto redacted = hs.answer(GetEvent(room, second), ana);
  CHECK(redacted.redacted());
  CHECK_FALSE(redacted.content()["body"]);
  hs.refuse(RedactEvent(room, first, TransactionId("r")), eve, Errc::forbidden, "M_FORBIDDEN");
}

TEST_CASE("events: state is put, got and listed") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("state_ana");
  const User eve = hs.user("state_eve");
  const MatrixRoomId room = hs.answer(CreateRoom(), ana).room_id();
  const EventId put = hs.answer(PutState(room, "org.example.plan", "day/1", R"({"at":"noon"})"), ana).event_id();
  CHECK(hs.answer(PutState(room, "org.example.plan", "day/1", R"({"at":"noon"})"), ana).event_id() == put);
  hs.refuse(PutState(room, "org.example.plan", "", "{}"), eve, Errc::forbidden, "M_FORBIDDEN");
  CHECK(hs.answer(GetState(room, "org.example.plan", "day/1"), ana).content()["at"].string_or("") == "noon");
  hs.refuse(GetState(room, "org.example.plan", "day/2"), ana, Errc::not_found, "M_NOT_FOUND");
  bool listed = false;
  const auto all = hs.answer(GetAllState(room), ana);
  CHECK(all.unreadable() == 0);
  for (const RoomEvent& event : all.events()) listed = listed || event.id() == put;
  CHECK(listed);
  hs.refuse(GetAllState(room), eve, Errc::forbidden, "M_FORBIDDEN");
}

TEST_CASE("events: relations, receipts, markers, typing, and all of it in a sync") {
  HomeserverCalls& hs = HomeserverCalls::get();
  const User ana = hs.user("live_ana");
  const User ben = hs.user("live_ben");
  const User eve = hs.user("live_eve");
  const MatrixRoomId room = hs.answer(CreateRoom().invite(ben.id()), ana).room_id();
  (void)hs.answer(JoinRoom(room), ben);
  const EventId said = hs.answer(message(room, "s1", "shall we?"), ana).event_id();
  const auto start = hs.answer(SyncRequest(), ben);
  REQUIRE(start.rooms().size() == 1);
  CHECK(start.rooms().front().room_id() == room);

  const EventId liked =
      hs.answer(SendEvent(room, "m.reaction", TransactionId("l1"),
                          R"({"m.relates_to":{"rel_type":"m.annotation","key":"👍","event_id":")" + said.str() + "\"}}"),
                ben)
          .event_id();
  const auto relations =
      hs.answer(GetRelations(room, said).rel_type("m.annotation").event_type("m.reaction").limit(10), ana);
  REQUIRE(relations.events().size() == 1);
  CHECK(relations.events().front().id() == liked);
  CHECK_FALSE(relations.next());
  hs.refuse(GetRelations(room, said), eve, Errc::forbidden, "M_FORBIDDEN");

  (void)hs.answer(SetTyping(room, ana.id(), std::chrono::seconds(30)), ana);
  (void)hs.answer(SetTyping(room, ana.id()), ana);
  (void)hs.answer(SetTyping(room, ana.id(), std::chrono::seconds(30)), ana);
  hs.refuse(SetTyping(room, ana.id(), std::chrono::seconds(30)), eve, Errc::forbidden, "M_FORBIDDEN");
  (void)hs.answer(SendReceipt(room, said), ben);
  (void)hs.answer(SendReceipt(room, liked, ReceiptType::read_private).thread("main"), ana);
  hs.refuse(SendReceipt(room, said), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  const UnreadAnswer unread = hs.answer(GetUnread(room), ben);
  CHECK(unread.is_joined(room));
  CHECK(unread.last_read(room, ben.id()) == said);
  hs.refuse(GetUnread(room), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  (void)hs.answer(SetReadMarkers(room).fully_read(liked).read(liked).read_private(liked), ben);
  CHECK(hs.answer(GetAccountData(ben.id(), "m.fully_read").room(room), ben).object()["event_id"].string_or("") ==
        liked.str());
  hs.refuse(SetReadMarkers(room).fully_read(liked), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  (void)hs.answer(PutAccountData(ben.id(), "org.example.note", R"({"x":1})").room(room), ben);

  const auto since = hs.answer(SyncRequest().since(start.next_batch()).timeout(std::chrono::seconds(5)), ben);
  REQUIRE(since.rooms().size() == 1);
  const RoomPiece& piece = since.rooms().front();
  CHECK(piece.part() == RoomPart::joined);
  CHECK_FALSE(piece.limited());
  REQUIRE(piece.events() > 0);
  const auto newest = piece.event(piece.events() - 1);
  REQUIRE(newest.has_value());
  CHECK(newest->id() == liked);
  const json::Document ephemeral = piece.ephemeral();
  CHECK(ephemeral.root().to_json().find("m.typing") != std::string::npos);
  CHECK(ephemeral.root().to_json().find("m.receipt") != std::string::npos);
  hs.refuse(SyncRequest(), HomeserverCalls::dead(), Errc::session_expired, "M_UNKNOWN_TOKEN");
  hs.refuse(SyncRequest().since(PageToken("nonsense")), ben, Errc::invalid_argument, "M_UNKNOWN");
}
