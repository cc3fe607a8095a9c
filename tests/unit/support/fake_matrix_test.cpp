#include "../../support/fake_matrix.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../../support/raw_client.hpp"

using namespace confab::test;
using namespace std::chrono_literals;

namespace {

struct Reply {
  int status = 0;
  TestJson body;
  [[nodiscard]] std::string errcode() const { return body["errcode"].as_string(); }
};

Reply parse(const std::string& text) {
  Reply reply;
  if (text.size() < 12) return reply;
  reply.status = std::stoi(text.substr(9, 3));
  reply.body = TestJson::parse(text.substr(text.find("\r\n\r\n") + 4)).value_or(TestJson());
  return reply;
}

void ask(RawClient& client, const std::string& token, std::string_view method, const std::string& path,
         std::string_view body = {}) {
  const std::string header = token.empty() ? std::string() : "Authorization: Bearer " + token + "\r\n";
  REQUIRE(client.request(method, path.starts_with("/_") ? path : "/_matrix/client/v3" + path, body, header));
}

Reply call(const FakeMatrix& hs, const std::string& token, std::string_view method, const std::string& path,
           std::string_view body = {}) {
  RawClient client(hs.port());
  ask(client, token, method, path, body);
  return parse(client.answer());
}

struct Room {
  FakeMatrix hs;
  std::string ana = hs.add_user("ana", "pw");
  std::string ben = hs.add_user("ben");
  std::string ana_token = hs.token_for(ana);
  std::string ben_token = hs.token_for(ben);
  std::string id =
      call(hs, ana_token, "POST", "/createRoom", R"({"name":"N","room_alias_name":"n"})").body["room_id"].as_string();
  std::string path = "/rooms/" + id;

  Reply send(const std::string& token, const std::string& txn, const std::string& words) {
    TestJson body;
    body.set("msgtype", "m.text").set("body", words);
    return call(hs, token, "PUT", path + "/send/m.room.message/" + txn, body.dump());
  }
  Reply as_ana(std::string_view method, const std::string& rest, std::string_view body = {}) {
    return call(hs, ana_token, method, path + rest, body);
  }
  void let_ben_in() {
    REQUIRE(as_ana("POST", "/invite", R"({"user_id":"@ben:hs.test"})").status == 200);
    REQUIRE(call(hs, ben_token, "POST", "/join/" + id, "{}").status == 200);
  }
};

}  // namespace

TEST_CASE("fake matrix: versions, flows, login, whoami, logout") {
  FakeMatrix hs;
  CHECK(call(hs, "", "GET", "/_matrix/client/versions").body["versions"].as_array().size() == 15);
  CHECK(call(hs, "", "GET", "/login").body["flows"].as_array()[0]["type"].as_string() == "m.login.password");
  CHECK(call(hs, "", "GET", "/nothing").errcode() == "M_UNRECOGNIZED");
  CHECK(call(hs, "", "DELETE", "/login").status == 405);
  TestJson body;
  TestJson identifier;
  identifier.set("type", "m.id.user").set("user", "admin");
  body.set("type", "m.login.password").set("identifier", identifier).set("password", "wrong").set("device_id", "D1");
  CHECK(call(hs, "", "POST", "/login", body.dump()).status == 403);
  body.set("password", FakeMatrix::admin_password);
  const Reply login = call(hs, "", "POST", "/login", body.dump());
  CHECK(login.status == 200);
  CHECK(login.body["user_id"].as_string() == "@admin:hs.test");
  CHECK(login.body["device_id"].as_string() == "D1");
  const std::string token = login.body["access_token"].as_string();
  CHECK(call(hs, token, "GET", "/account/whoami").body["device_id"].as_string() == "D1");
  CHECK(call(hs, "", "GET", "/account/whoami").errcode() == "M_MISSING_TOKEN");
  CHECK(call(hs, token, "POST", "/logout", "{}").status == 200);
  const Reply dead = call(hs, token, "GET", "/account/whoami");
  CHECK(dead.status == 401);
  CHECK(dead.errcode() == "M_UNKNOWN_TOKEN");
  CHECK_FALSE(dead.body["soft_logout"].as_bool(true));
  CHECK(call(hs, "", "POST", "/login", "{").errcode() == "M_NOT_JSON");
  CHECK(call(hs, "", "POST", "/login", "[]").errcode() == "M_BAD_JSON");
}

TEST_CASE("fake matrix: administration of users and puppet tokens") {
  FakeMatrix hs;
  const std::string root = hs.token_for(hs.user_id("admin"));
  const std::string users = "/_synapse/admin/v2/users/";
  CHECK(call(hs, root, "GET", users + "@eve:hs.test").errcode() == "M_NOT_FOUND");
  CHECK(call(hs, root, "PUT", users + "@eve:hs.test", R"({"password":"x","displayname":"Eve"})").status == 201);
  CHECK(call(hs, root, "PUT", users + "@eve:hs.test", R"({"displayname":"Eva"})").status == 200);
  CHECK(call(hs, root, "GET", users + "%40eve%3Ahs.test").body["displayname"].as_string() == "Eva");
  CHECK(call(hs, root, "PUT", users + "@Eve:hs.test", "{}").errcode() == "M_INVALID_USERNAME");
  CHECK(call(hs, root, "PUT", users + "@eve:elsewhere", "{}").status == 400);
  const std::string own = hs.token_for("@eve:hs.test");
  CHECK(call(hs, own, "GET", users + "@eve:hs.test").status == 403);

  const std::string mint = "/_synapse/admin/v1/users/@eve:hs.test/login";
  const std::string puppet = call(hs, root, "POST", mint, "{}").body["access_token"].as_string();
  const Reply who = call(hs, puppet, "GET", "/account/whoami");
  CHECK(who.body["user_id"].as_string() == "@eve:hs.test");
  CHECK_FALSE(who.body.contains("device_id"));
  const std::string past = call(hs, root, "POST", mint, R"({"valid_until_ms":1})").body["access_token"].as_string();
  CHECK(call(hs, past, "GET", "/account/whoami").body["soft_logout"].as_bool());
  CHECK(call(hs, root, "POST", "/_synapse/admin/v1/users/@admin:hs.test/login", "{}").status == 400);

  CHECK(call(hs, root, "PUT", users + "@eve:hs.test", R"({"password":"y","logout_devices":false})").status == 200);
  CHECK(call(hs, own, "GET", "/account/whoami").status == 200);
  CHECK(call(hs, root, "PUT", users + "@eve:hs.test", R"({"password":"y"})").status == 200);
  CHECK(call(hs, own, "GET", "/account/whoami").status == 401);
  CHECK(call(hs, puppet, "GET", "/account/whoami").status == 200);
  hs.lock_user("@eve:hs.test", true);
  CHECK(call(hs, puppet, "GET", "/account/whoami").errcode() == "M_USER_LOCKED");
  hs.lock_user("@eve:hs.test", false);
  hs.expire_token("@eve:hs.test");
  CHECK(call(hs, puppet, "GET", "/account/whoami").body["soft_logout"].as_bool());
  hs.kill_token("@eve:hs.test");
  CHECK_FALSE(call(hs, puppet, "GET", "/account/whoami").body["soft_logout"].as_bool(true));
}

TEST_CASE("fake matrix: rooms and aliases") {
  Room room;
  CHECK(room.id.size() == 44);
  CHECK(room.id.find(':') == std::string::npos);
  CHECK(call(room.hs, room.ana_token, "POST", "/createRoom", R"({"room_alias_name":"n"})").errcode() ==
        "M_ROOM_IN_USE");
  CHECK(call(room.hs, "", "GET", "/directory/room/%23n%3Ahs.test").body["room_id"].as_string() == room.id);
  CHECK(call(room.hs, room.ben_token, "DELETE", "/directory/room/%23n:hs.test").status == 403);
  CHECK(call(room.hs, room.ana_token, "DELETE", "/directory/room/%23n:hs.test").status == 200);
  CHECK(call(room.hs, "", "GET", "/directory/room/%23n%3Ahs.test").errcode() == "M_NOT_FOUND");
  CHECK(call(room.hs, room.ana_token, "POST", "/createRoom",
             R"({"power_level_content_override":{"users":{"@ana:hs.test":100}}})")
            .status == 400);
  const Reply old = call(room.hs, room.ana_token, "POST", "/createRoom",
                         R"({"room_version":"11","preset":"public_chat","invite":["@ben:hs.test"],
                             "initial_state":[{"type":"x.marker","state_key":"","content":{"v":1}}]})");
  const std::string id = old.body["room_id"].as_string();
  CHECK(id.ends_with(":hs.test"));
  CHECK(room.hs.membership(id, room.ben) == "invite");
  CHECK(call(room.hs, room.ana_token, "GET", "/rooms/" + id + "/state/x.marker/").body["v"].as_integer() == 1);
  CHECK(call(room.hs, room.ana_token, "GET", "/rooms/" + id + "/state/m.room.power_levels")
            .body["users"]["@ana:hs.test"]
            .as_integer() == 100);
}

TEST_CASE("fake matrix: membership as a real one answers") {
  Room room;
  const auto ben = [&](const std::string& rest) {
    return call(room.hs, room.ben_token, "POST", room.path + rest, "{}");
  };
  CHECK(ben("/join").status == 403);
  CHECK(call(room.hs, room.ben_token, "POST", "/join/!nothing", "{}").status == 400);
  CHECK(call(room.hs, room.ben_token, "POST", "/join/!nothing:hs.test", "{}").status == 404);
  CHECK(call(room.hs, room.ben_token, "POST", "/join/%23no:hs.test", "{}").errcode() == "M_NOT_FOUND");
  CHECK(ben("/leave").status == 403);
  room.let_ben_in();
  CHECK(ben("/join").status == 200);
  CHECK(room.as_ana("POST", "/invite", R"({"user_id":"@ben:hs.test"})").status == 403);
  CHECK(room.as_ana("GET", "/joined_members").body["joined"].as_object().size() == 2);
  CHECK(call(room.hs, room.ben_token, "POST", room.path + "/kick", R"({"user_id":"@ana:hs.test"})").status == 403);
  CHECK(room.as_ana("POST", "/kick", R"({"user_id":"@ben:hs.test"})").status == 200);
  CHECK(room.as_ana("POST", "/kick", R"({"user_id":"@ben:hs.test"})").status == 403);
  CHECK(ben("/leave").status == 200);
  CHECK(room.as_ana("POST", "/ban", R"({"user_id":"@ben:hs.test"})").status == 200);
  CHECK(ben("/join").errcode() == "M_BAD_STATE");
  CHECK(room.as_ana("POST", "/unban", R"({"user_id":"@ben:hs.test"})").status == 200);
  CHECK(room.as_ana("POST", "/unban", R"({"user_id":"@ben:hs.test"})").errcode() == "M_BAD_STATE");

  const std::string root = room.hs.token_for(room.hs.user_id("admin"));
  const auto admin_join = [&] {
    return call(room.hs, root, "POST", "/_synapse/admin/v1/join/" + room.id, R"({"user_id":"@ben:hs.test"})").status;
  };
  CHECK(admin_join() == 403);
  room.as_ana("POST", "/invite", R"({"user_id":"@admin:hs.test"})");
  call(room.hs, root, "POST", "/join/" + room.id, "{}");
  CHECK(admin_join() == 200);
  CHECK(admin_join() == 403);
}

TEST_CASE("fake matrix: a transaction id counts once, per device for good and per puppet token until a restart") {
  Room room;
  const std::string first = room.send(room.ana_token, "t1", "one").body["event_id"].as_string();
  CHECK(room.send(room.ana_token, "t1", "other words").body["event_id"].as_string() == first);
  CHECK(room.send(room.hs.token_for(room.ana), "t1", "one").body["event_id"].as_string() == first);
  CHECK(room.send(room.hs.token_for(room.ana, "OTHER"), "t1", "two").body["event_id"].as_string() != first);
  const std::string root = room.hs.token_for(room.hs.user_id("admin"));
  const std::string puppet =
      call(room.hs, root, "POST", "/_synapse/admin/v1/users/@ana:hs.test/login", "{}").body["access_token"].as_string();
  room.send(puppet, "t1", "three");
  room.send(puppet, "t1", "three");
  CHECK(room.hs.bodies(room.id) == std::vector<std::string>{"one", "two", "three"});
  room.hs.restart();
  CHECK(room.send(room.ana_token, "t1", "one").body["event_id"].as_string() == first);
  room.send(puppet, "t1", "three");
  CHECK(room.hs.bodies(room.id) == std::vector<std::string>{"one", "two", "three", "three"});
}

TEST_CASE("fake matrix: an answer lost after the work was done is repeated without a double") {
  Room room;
  room.hs.fail_next(1, "PUT", "/_matrix/client/v3/rooms/*/send/*/*", Answer::real().close_before_answer());
  CHECK(room.send(room.ana_token, "t", "once").status == 0);
  CHECK(room.send(room.ana_token, "t", "once").status == 200);
  CHECK(room.hs.bodies(room.id) == std::vector<std::string>{"once"});
  room.hs.fail_next(2, "PUT", "/_matrix/client/v3/rooms/*/send/*/*", Answer::error(429, "M_LIMIT_EXCEEDED"));
  CHECK(room.send(room.ana_token, "u", "x").status == 429);
  CHECK(room.send(room.ana_token, "u", "x").status == 429);
  CHECK(room.send(room.ana_token, "u", "x").status == 200);
}

TEST_CASE("fake matrix: what is refused as content") {
  Room room;
  const std::string send = "/send/m.room.message/";
  CHECK(room.as_ana("PUT", send + "a", "nonsense").errcode() == "M_NOT_JSON");
  CHECK(room.as_ana("PUT", send + "b", R"({"msgtype":"m.text","body":"x","n":1.5})").errcode() == "M_BAD_JSON");
  CHECK(room.as_ana("PUT", send + "c", R"({"body":"x"})").status == 400);
  CHECK(room.send(room.ana_token, "d", std::string(70000, 'x')).errcode() == "M_TOO_LARGE");
  CHECK(room.send(room.ben_token, "e", "x").errcode() == "M_FORBIDDEN");
  CHECK(room.as_ana("PUT", "/state/m.room.topic/", R"({"topic":"T"})").status == 200);
  CHECK(room.as_ana("GET", "/state/m.room.topic").body["topic"].as_string() == "T");
  CHECK(room.as_ana("GET", "/state/m.none").errcode() == "M_NOT_FOUND");
  CHECK(room.as_ana("PUT", "/state/m.room.power_levels", R"({"users":{"@ana:hs.test":100}})").status == 400);
  room.let_ben_in();
  CHECK(call(room.hs, room.ben_token, "PUT", room.path + "/state/m.room.topic", R"({"topic":"B"})").status == 403);
}

TEST_CASE("fake matrix: history pages to its end, both ways") {
  Room room;
  for (int i = 0; i < 5; ++i) room.hs.post(room.id, room.ana, "m" + std::to_string(i));
  for (const std::string direction : {"b", "f"}) {
    std::vector<std::string> bodies;
    std::string from;
    bool more = true;
    std::size_t pages = 0;
    while (more) {
      REQUIRE(++pages < 20);
      const Reply page =
          room.as_ana("GET", "/messages?limit=2&dir=" + direction + (from.empty() ? "" : "&from=" + from));
      for (const TestJson& event : page.body["chunk"].as_array()) {
        if (event["type"].as_string() == "m.room.message") bodies.push_back(event["content"]["body"].as_string());
      }
      more = page.body.contains("end");
      if (!more) CHECK(page.body["chunk"].as_array().empty());
      from = page.body["end"].as_string();
    }
    if (direction == "b") std::reverse(bodies.begin(), bodies.end());
    CHECK(bodies == std::vector<std::string>{"m0", "m1", "m2", "m3", "m4"});
  }
  CHECK(room.as_ana("GET", "/messages?dir=b&from=nonsense").errcode() == "M_UNKNOWN");
  CHECK(call(room.hs, room.ben_token, "GET", room.path + "/messages?dir=b").status == 403);
}

TEST_CASE("fake matrix: sync tells what is new, limits, waits, and ends with a dead token") {
  Room room;
  const auto sync = [&](const std::string& token, const std::string& query) {
    return call(room.hs, token, "GET", "/sync" + query).body;
  };
  const TestJson first = sync(room.ana_token, "");
  const TestJson& mine = first["rooms"]["join"][room.id];
  CHECK(mine["timeline"]["events"].as_array()[0]["type"].as_string() == "m.room.create");
  std::string since = first["next_batch"].as_string();
  const TestJson quiet = sync(room.ana_token, "?timeout=10&since=" + since);
  CHECK(quiet["next_batch"].as_string() == since);
  CHECK_FALSE(quiet.contains("rooms"));
  CHECK(sync(room.ana_token, "?since=nonsense")["errcode"].as_string() == "M_UNKNOWN");

  room.send(room.ana_token, "t9", "mine");
  for (int i = 0; i < 11; ++i) room.hs.post(room.id, room.ana, "m" + std::to_string(i));
  const TestJson gap = sync(room.ana_token, "?since=" + since)["rooms"]["join"][room.id]["timeline"];
  CHECK(gap["limited"].as_bool());
  CHECK(gap["events"].as_array().size() == 10);
  CHECK(gap["events"].as_array()[0]["content"]["body"].as_string() == "m1");
  const Reply before = room.as_ana("GET", "/messages?dir=b&limit=2&from=" + gap["prev_batch"].as_string());
  CHECK(before.body["chunk"].as_array()[0]["content"]["body"].as_string() == "m0");
  CHECK(before.body["chunk"].as_array()[1]["unsigned"]["transaction_id"].as_string() == "t9");

  since = sync(room.ben_token, "")["next_batch"].as_string();
  RawClient waiting(room.hs.port());
  ask(waiting, room.ben_token, "GET", "/sync?timeout=30000&since=" + since);
  REQUIRE(room.hs.wait_for(1, "GET", "/_matrix/client/v3/sync", 1s));
  CHECK_FALSE(waiting.readable(5ms));
  room.as_ana("POST", "/invite", R"({"user_id":"@ben:hs.test"})");
  const TestJson invited = parse(waiting.answer()).body;
  CHECK(invited["rooms"]["invite"].contains(room.id));
  since = invited["next_batch"].as_string();
  call(room.hs, room.ben_token, "POST", "/join/" + room.id, "{}");
  const TestJson joined = sync(room.ben_token, "?since=" + since);
  const TestJson& part = joined["rooms"]["join"][room.id];
  CHECK(part["timeline"]["limited"].as_bool());
  CHECK(part["state"]["events"].as_array().size() >= 5);
  since = joined["next_batch"].as_string();

  ask(waiting, room.ben_token, "GET", "/sync?timeout=30000&since=" + since);
  CHECK_FALSE(waiting.readable(5ms));
  room.hs.post(room.id, room.ana, "wake up");
  const TestJson woken = parse(waiting.answer()).body;
  CHECK(woken["rooms"]["join"][room.id]["timeline"]["events"].as_array().size() == 1);
  ask(waiting, room.ben_token, "GET", "/sync?timeout=30000&since=" + woken["next_batch"].as_string());
  CHECK_FALSE(waiting.readable(5ms));
  room.hs.kill_token(room.ben);
  CHECK(parse(waiting.answer()).status == 200);
  CHECK(sync(room.ben_token, "?since=" + since)["errcode"].as_string() == "M_UNKNOWN_TOKEN");
}
