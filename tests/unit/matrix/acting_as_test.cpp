#include "matrix/acting_as.hpp"

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/redaction.hpp"
#include "matrix/endpoints/send.hpp"

using namespace confab;
using namespace confab::matrix;

namespace {

const MatrixUserId spoken_for("@park_1:hs.test");
const DeviceId its_device("CONFAB");

}  // namespace

TEST_CASE("ActingAs: the user and the device stand in the query, and all else is as it was") {
  GetMessages page(MatrixRoomId("!r:hs.test"));
  page.limit(5);
  const EndpointRequest plain = page.encode().value();
  const EndpointRequest acting = ActingAs(page, spoken_for, its_device).encode().value();
  CHECK(acting.query() == plain.query() + "&user_id=%40park_1%3Ahs.test&device_id=CONFAB");
  CHECK(acting.path() == plain.path());
  CHECK(acting.method() == plain.method());
  const Whoami whoami;
  CHECK(ActingAs(whoami, spoken_for, DeviceId()).encode().value().query() == "user_id=%40park_1%3Ahs.test");
}

TEST_CASE("ActingAs: no two users have a transaction id in common, however they choose it") {
  const auto path_of_send = [](const MatrixUserId& user, const std::string& id) {
    const SendEvent send(MatrixRoomId("!r:hs.test"), "m.room.message", TransactionId(id), R"({"body":"x"})");
    const ActingAs acting(send, user, its_device);
    return acting.encode().value().path();
  };
  const MatrixUserId ben("@park_2:hs.test");
  CHECK(path_of_send(spoken_for, "t1").ends_with("/send/m.room.message/t1%40park_1%3Ahs.test"));
  CHECK(path_of_send(spoken_for, "t1") == path_of_send(spoken_for, "t1"));
  CHECK(path_of_send(spoken_for, "t1") != path_of_send(ben, "t1"));
  CHECK(path_of_send(spoken_for, "t1@park_2:hs.test") != path_of_send(ben, "t1@park_1:hs.test"));
  CHECK(path_of_send(spoken_for, "t@park_2:hs.test") != path_of_send(ben, "t"));
  const RedactEvent redact(MatrixRoomId("!r:hs.test"), EventId("$e"), TransactionId("t1"));
  CHECK(ActingAs(redact, spoken_for, its_device).encode().value().path().ends_with("/t1%40park_1%3Ahs.test"));
  CHECK(redact.encode().value().path().ends_with("/t1"));
}

TEST_CASE("ActingAs: arguments are checked and answers read as without it") {
  const SendEvent wrong(MatrixRoomId("nothing"), "m.room.message", TransactionId("t1"), "{}");
  CHECK(ActingAs(wrong, spoken_for, its_device).encode().error().code() == Errc::invalid_argument);
  using Sending = ActingAs<SendEvent>;
  CHECK(Sending::quick_decode(R"({"event_id":"$e"})")->event_id() == EventId("$e"));
  static_assert(std::is_same_v<Sending::Answer, EventIdAnswer>);
}
