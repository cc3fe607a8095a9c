// Every operation once, its result checked against the schema, and readers of results.
#include <string>
#include <vector>

#include "capi/client_at_work.hpp"

using namespace confab::test;

TEST_CASE_FIXTURE(ClientAtWork, "operations about users") {
  auto user = request<confab_user_request>();
  user.user = "ana";
  user.timeout_ms = 60'000;
  HeldEvent event = result("account", confab_provision, tenant.get(), user);
  CHECK(string_of(event, "/user_id") == "@park_1:hs.test");
  CHECK(string_of(event, "/slug") == "ana");
  CHECK(string_of(event, "/state") == "active");
  event = result("account", confab_account, tenant.get(), user);
  CHECK(string_of(event, "/name") == "Ana Lima");
  user.name = "Ana L.";
  event = result("account", confab_provision, tenant.get(), user);
  CHECK(string_of(event, "/name") == "Ana L.");
  user.password = "a long enough one";
  event = result("done", confab_set_password, tenant.get(), user);
  CHECK(std::string(confab_event_json(event, nullptr)) == "{}");
  user.password = "short";
  CHECK(confab_event_status(ended(confab_set_password, tenant.get(), user)) == CONFAB_INVALID_ARGUMENT);
}

TEST_CASE_FIXTURE(ClientAtWork, "operations about rooms and resets") {
  make_room();
  auto room = request<confab_room_request>();
  room.room = "picnic";
  room.user = "ben";
  HeldEvent event = result("room", confab_add_member, tenant.get(), room);
  CHECK(string_of(event, "/kind") == "event");
  CHECK(string_of(event, "/slug") == "picnic");
  event = result("members", confab_members, tenant.get(), room);
  CHECK(confab_event_count(event, "/members") == 2);
  CHECK(string_of(event, "/members/0/slug") == "ana");
  CHECK(int_of(event, "/members/0/power_level") == 50);
  CHECK(string_of(event, "/members/1/membership") == "join");
  event = result("unread", confab_unread, tenant.get(), room);
  event = result("room", confab_remove_member, tenant.get(), room);
  event = result("members", confab_members, tenant.get(), room);
  CHECK(confab_event_count(event, "/members") == 1);
  const char* const members[] = {"ben"};
  auto both = request<confab_room_request>();
  both.room = "picnic";
  both.user = "ana";
  both.members = members;
  both.member_count = 1;
  result("room", confab_ensure_room, tenant.get(), both);
  event = result("members", confab_members, tenant.get(), room);
  CHECK(confab_event_count(event, "/members") == 2);

  auto direct = request<confab_room_request>();
  direct.room_kind = CONFAB_ROOM_DIRECT;
  direct.room = "ben";
  direct.user = "ana";
  event = result("room", confab_ensure_room, tenant.get(), direct);
  CHECK(string_of(event, "/kind") == "direct");
  CHECK(string_of(event, "/users/1") == "ben");
  CHECK(confab_event_string(event, "/slug", nullptr) == nullptr);

  auto group = request<confab_room_request>();
  group.room_kind = CONFAB_ROOM_GROUP;
  group.room = "chess";
  group.user = "ben";
  group.name = "The club";
  group.topic = "Mondays at 8";
  event = result("room", confab_ensure_room, tenant.get(), group);
  CHECK(string_of(event, "/name") == "The club");
  CHECK(topic_of("park_group_chess") == "Mondays at 8");

  auto reset = request<confab_reset_request>();
  reset.user = "ana";
  event = result("reset", confab_reset, tenant.get(), reset);
  CHECK(int_of(event, "/users") == 1);
  reset.user = nullptr;
  reset.all_users = 1;
  reset.full = 1;
  event = result("reset", confab_reset, tenant.get(), reset);
  CHECK(int_of(event, "/rooms") > 0);
}

TEST_CASE_FIXTURE(ClientAtWork, "operations about messages") {
  make_room();
  auto message = request<confab_message_request>();
  message.room = "picnic";
  message.user = "ana";
  message.body = "hello";
  message.formatted = "<b>hello</b>";
  message.transaction_id = "mine";
  HeldEvent event = result("sent", confab_send, tenant.get(), message);
  CHECK(string_of(event, "/transaction_id") == "mine");
  const std::string hello = string_of(event, "/event_id");

  auto answer = request<confab_message_request>();
  answer.room = "picnic";
  answer.user = "ben";
  answer.body = "waves";
  answer.message_kind = CONFAB_MESSAGE_EMOTE;
  answer.reply_to = hello.c_str();
  event = result("sent", confab_send, tenant.get(), answer);
  CHECK(string_of(event, "/transaction_id").size() == 32);

  auto change = request<confab_message_request>();
  change.room = "picnic";
  change.user = "ana";
  change.event = hello.c_str();
  change.body = "hello all";
  result("sent", confab_edit, tenant.get(), change);
  change.user = "ben";
  CHECK(confab_event_status(ended(confab_edit, tenant.get(), change)) == CONFAB_FORBIDDEN);
  change.body = "+1";
  event = result("sent", confab_react, tenant.get(), change);

  auto notice = request<confab_notice_request>();
  notice.room = "picnic";
  notice.user = "ben";
  notice.event = hello.c_str();
  result("done", confab_typing, tenant.get(), notice);
  notice.stopped = 1;
  result("done", confab_typing, tenant.get(), notice);
  result("done", confab_mark_read, tenant.get(), notice);

  auto asked = request<confab_history_request>();
  asked.room = "picnic";
  asked.user = "ben";
  event = result("history", confab_history, tenant.get(), asked);
  REQUIRE(confab_event_count(event, "/messages") == 2);
  CHECK(string_of(event, "/messages/0/kind") == "emote");
  CHECK(string_of(event, "/messages/0/reply_to") == hello);
  CHECK(string_of(event, "/messages/1/body") == "hello all");
  CHECK(int_of(event, "/messages/1/edited") == 1);
  CHECK(int_of(event, "/messages/0/edited") == 0);
  CHECK(string_of(event, "/messages/1/sender") == "@park_1:hs.test");
  CHECK(int_of(event, "/messages/1/time") > 0);

  // What nobody here can read passes as it is.
  TestJson secret;
  secret.set("algorithm", "m.megolm.v1.aes-sha2").set("ciphertext", "AwgAEnAC");
  server.post_event(string_of(event, "/room_id"), "@park_1:hs.test", "m.room.encrypted", secret);
  asked.limit = 1;
  event = result("history", confab_history, tenant.get(), asked);
  CHECK(string_of(event, "/messages/0/kind") == "encrypted");
  CHECK(string_of(event, "/messages/0/encrypted/ciphertext") == "AwgAEnAC");
  const std::string below = string_of(event, "/end");
  asked.from = below.c_str();

  // Page by page: the last one has no end.
  asked.limit = 1;
  asked.without_reactions = 1;
  std::vector<std::string> found;
  for (std::string end = "the first"; end != "(none)"; asked.from = end.c_str()) {
    event = result("history", confab_history, tenant.get(), asked);
    if (confab_event_count(event, "/messages") == 1) found.push_back(string_of(event, "/messages/0/event_id"));
    end = string_of(event, "/end");
  }
  CHECK(found.size() == 2);
  CHECK(found.back() == hello);
  asked.from = nullptr;
  asked.limit = 1001;
  CHECK(confab_event_status(ended(confab_history, tenant.get(), asked)) == CONFAB_INVALID_ARGUMENT);

  change.user = "ana";
  change.body = "a slip";
  result("sent", confab_redact, tenant.get(), change);
}

TEST_CASE_FIXTURE(ClientAtWork, "metrics tell what was done for tokens") {
  HeldEvent event;
  REQUIRE(confab_metrics(client, event.place(), nullptr) == CONFAB_OK);
  CHECK(confab_event_kind(event) == CONFAB_EVENT_COMPLETION);
  check_result("metrics", event);
  CHECK(confab_event_count(event, "/steps") == 5);
  const std::int64_t before = int_of(event, "/made/first");
  result("findings", confab_doctor, client.get(), request<confab_plain_request>());
  REQUIRE(confab_metrics(client, event.place(), nullptr) == CONFAB_OK);
  CHECK(string_of(event, "/steps/4/step") == "admin_log_in");
  CHECK(int_of(event, "/steps/4/succeeded") == 1);
  CHECK(int_of(event, "/steps/4/attempts") == 1);
  CHECK(int_of(event, "/made/first") >= before);
  CHECK(int_of(event, "/admin_outages") == 0);
  CHECK(confab_metrics(client, nullptr, nullptr) == CONFAB_INVALID_ARGUMENT);
}

TEST_CASE_FIXTURE(ClientAtWork, "doctor tells what it found") {
  const HeldEvent event = result("findings", confab_doctor, client.get(), request<confab_plain_request>());
  CHECK(string_of(event, "/findings/0/check") == "reachability");
  CHECK(int_of(event, "/findings/0/fit") == 1);
}

TEST_CASE_FIXTURE(ClientAtWork, "pointers into results: what is there, what is not, and that texts stay") {
  make_room();
  const std::string id = say("ana", "a \"quoted\" word");
  auto asked = request<confab_history_request>();
  asked.room = "picnic";
  asked.user = "ana";
  const HeldEvent event = result("history", confab_history, tenant.get(), asked);
  std::size_t length = 0;
  const char* body = confab_event_string(event, "/messages/0/body", &length);
  REQUIRE(body != nullptr);
  CHECK(std::string(body) == "a \"quoted\" word");
  CHECK(length == std::string(body).size());
  for (const char* none :
       {"/messages/1/body", "/messages/00/body", "/messages/-/body", "/messages/x", "/messages//body", "messages",
        "/messages/0/body/0", "/no", "/messages/99999999999999999999", "/", "~"}) {
    CAPTURE(none);
    CHECK(confab_event_string(event, none, &length) == nullptr);
    CHECK(length == 0);
    CHECK(confab_event_count(event, none) == 0);
    std::int64_t value = 7;
    CHECK(confab_event_int(event, none, &value) == CONFAB_NOT_FOUND);
    CHECK(value == 7);
  }
  CHECK(confab_event_string(event, "/messages/0/time", nullptr) == nullptr);
  CHECK(confab_event_count(event, "") >= 2);
  CHECK(confab_event_count(event, nullptr) == 0);
  CHECK(confab_event_int(event, "/messages/0/time", nullptr) == CONFAB_INVALID_ARGUMENT);
  CHECK(confab_event_string(event, "/messages/0/body", nullptr) == body);
}

TEST_CASE_FIXTURE(ClientAtWork, "an operation that is late, refused or uncertain tells all that is known") {
  make_room();
  auto message = request<confab_message_request>();
  message.room = "picnic";
  message.user = "ana";
  message.body = "did it arrive?";
  server.on("PUT", "/_matrix/client/v3/rooms/*/send/*/*", Answer::real().hold());
  message.timeout_ms = 3000;
  HeldEvent event = ended(confab_send, tenant.get(), message);
  CHECK(confab_event_status(event) == CONFAB_OUTCOME_UNKNOWN);
  const std::string transaction = confab_error_transaction_id(confab_event_error(event));
  CHECK(transaction.size() == 32);
  server.clear_scripts();
  server.release();
  message.timeout_ms = 0;
  message.transaction_id = transaction.c_str();
  message.repeated = 1;
  result("sent", confab_send, tenant.get(), message);
  const auto rooms = server.room_ids();
  REQUIRE(rooms.size() == 1);
  CHECK(server.bodies(rooms[0]).size() == 1);

  server.on("PUT", "/_matrix/client/v3/rooms/*/send/*/*", Answer::error(403, "M_FORBIDDEN"));
  message.transaction_id = nullptr;
  message.repeated = 0;
  event = ended(confab_send, tenant.get(), message);
  CHECK(confab_event_status(event) == CONFAB_FORBIDDEN);
  HeldError kept(confab_error_retain(confab_event_error(event)));
  event = HeldEvent();
  CHECK(std::string(confab_error_errcode(kept)) == "M_FORBIDDEN");
  CHECK(confab_error_http_status(kept) == 403);
}
