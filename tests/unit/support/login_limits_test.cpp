#include "../../support/login_limits.hpp"

#include <doctest/doctest.h>

#include "../../support/fake_matrix.hpp"
#include "../../support/raw_client.hpp"

using namespace confab::test;
using namespace std::chrono_literals;

namespace {

constexpr LeakyBuckets::Time begun{};

struct Seen {
  int status = 0;
  std::string head;
  TestJson body;
  std::chrono::milliseconds took{0};
};

Seen log_in(const FakeMatrix& hs, const char* user = "ana", const char* password = "right",
            const std::string& address = {}) {
  TestJson body;
  TestJson identifier;
  identifier.set("type", "m.id.user").set("user", user);
  body.set("type", "m.login.password").set("identifier", identifier).set("password", password);
  RawClient client(hs.port());
  const auto since = std::chrono::steady_clock::now();
  const std::string header = address.empty() ? std::string() : "X-Forwarded-For: " + address + "\r\n";
  REQUIRE(client.request("POST", "/_matrix/client/v3/login", body.dump(), header));
  const std::string text = client.answer();
  REQUIRE(text.size() > 12);
  const std::size_t end = text.find("\r\n\r\n");
  return {std::stoi(text.substr(9, 3)), text.substr(0, end), TestJson::parse(text.substr(end + 4)).value_or(TestJson()),
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since)};
}

}  // namespace

TEST_CASE("LeakyBuckets: a burst at once, then one as each leaks; what is refused counts for nothing") {
  LeakyBuckets buckets(0.003, 5);
  for (int i = 0; i < 5; ++i) CHECK(!buckets.refuse("a", begun));
  CHECK(buckets.refuse("a", begun) == 333'333ms);
  CHECK(buckets.refuse("a", begun + 333s) == 333ms);
  CHECK_MESSAGE(!buckets.refuse("b", begun + 333s), "each key has a bucket of its own");
  CHECK(!buckets.refuse("a", begun + 334s));
  CHECK(buckets.refuse("a", begun + 334s) == 332'666ms);
  // Empty after five times as long, and no emptier: five again and no more.
  for (int i = 0; i < 5; ++i) CHECK(!buckets.refuse("a", begun + 4000s));
  CHECK(buckets.refuse("a", begun + 4000s).has_value());
}

TEST_CASE("LeakyBuckets: asking alone counts nothing") {
  LeakyBuckets buckets(0.17, 3);
  for (int i = 0; i < 9; ++i) CHECK(!buckets.refuse("a", begun, false));
  for (int i = 0; i < 3; ++i) CHECK(!buckets.refuse("a", begun));
  CHECK(buckets.refuse("a", begun, false) == 5'882ms);
}

TEST_CASE("OneAtATime: the second piece waits for the first, and nobody for a pause between them") {
  OneAtATime work;
  work.takes(400ms);
  CHECK(work.add(begun) == 400ms);
  CHECK(work.add(begun + 100ms) == 700ms);
  CHECK(work.add(begun + 5s) == 400ms);
}

TEST_CASE("FakeMatrix: limits logins by address, right or wrong, for whichever account") {
  FakeMatrix hs;
  for (const char* name : {"ana", "ben"}) hs.add_user(name, "right");
  for (int i = 0; i < 6; ++i) CHECK_MESSAGE(log_in(hs).status == 200, "no limits unless they are asked for");
  hs.limit_logins(0ms);
  CHECK(log_in(hs).status == 200);
  CHECK(log_in(hs, "ana", "wrong").status == 403);
  hs.spend_logins(2);
  CHECK(log_in(hs, "ben").status == 200);
  const Seen refused = log_in(hs, "ben");
  CHECK(refused.status == 429);
  CHECK(refused.body["errcode"].as_string() == "M_LIMIT_EXCEEDED");
  const auto wait = refused.body["retry_after_ms"].as_integer();
  CHECK(wait > 330'000);
  CHECK(wait <= 333'334);
  CHECK(refused.head.find("\r\nRetry-After: " + std::to_string((wait + 999) / 1000)) != std::string::npos);
  CHECK_MESSAGE(refused.took >= 500ms, "as Synapse holds it back");
  CHECK(log_in(hs, "ben", "right", "203.0.113.7").status == 200);
}

TEST_CASE("FakeMatrix: limits logins by account whatever the address, and by wrong passwords") {
  FakeMatrix hs;
  for (const char* name : {"ana", "ben"}) hs.add_user(name, "right");
  hs.limit_logins(0ms);
  for (int i = 0; i < 5; ++i) CHECK(log_in(hs, "ana", "right", "203.0.113." + std::to_string(i)).status == 200);
  CHECK(log_in(hs, "ana", "right", "203.0.113.5").status == 429);
  for (int i = 0; i < 3; ++i) CHECK(log_in(hs, "ben", "wrong", "198.51.100." + std::to_string(i)).status == 403);
  const Seen locked_out = log_in(hs, "ben", "right", "198.51.100.3");
  CHECK(locked_out.status == 429);
  CHECK(locked_out.body["retry_after_ms"].as_integer() <= 5'883);
}

TEST_CASE("FakeMatrix: a password is hashed one after the other; login-as-user meets no limit") {
  FakeMatrix hs;
  const std::string ana = hs.add_user("ana", "right");
  hs.limit_logins(60ms, 20ms);
  hs.spend_logins(4);
  CHECK(log_in(hs).took >= 60ms);
  const std::string admin = hs.token_for(hs.user_id(FakeMatrix::admin_localpart));
  RawClient client(hs.port());
  const auto since = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(client.request("POST", "/_synapse/admin/v1/users/" + ana + "/login", "{}",
                           "Authorization: Bearer " + admin + "\r\n"));
    CHECK(client.answer().substr(9, 3) == "200");
  }
  CHECK(std::chrono::steady_clock::now() - since >= 200ms);
  CHECK(log_in(hs).status == 429);
}

TEST_CASE("FakeMatrix: a room of users who were not there; records tell what was answered") {
  FakeMatrix hs;
  const std::string room = hs.add_room({"ana", "ben"});
  CHECK(hs.membership(room, hs.user_id("ana")) == "join");
  CHECK(hs.membership(room, hs.user_id("ben")) == "join");
  CHECK(hs.room_ids().size() == 1);
  CHECK(hs.add_room({"ana"}) != room);
  CHECK(log_in(hs).status == 403);
  REQUIRE(hs.requests("POST", "/_matrix/client/v3/login").size() == 1);
  CHECK(hs.requests("POST", "/_matrix/client/v3/login").front().status == 403);
}
