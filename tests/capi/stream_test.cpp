#include <set>
#include <string>
#include <vector>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

constexpr std::uint64_t stream_tag = 77;

// A stream with a queue of its own, so that what is said meanwhile does not stand between.
struct Watching : ClientAtWork {
  HeldQueue events;
  HeldStream stream;
  std::set<std::string> kinds;  // that were told

  Watching() { REQUIRE(confab_queue_new(nullptr, events.place(), nullptr) == CONFAB_OK); }

  void open(const char* user, const char* consumer = nullptr) {
    auto asked = request<confab_stream_request>();
    asked.user = user;
    asked.consumer = consumer;
    REQUIRE(confab_stream_open(tenant, &asked, events, stream_tag, stream.place(), nullptr) == CONFAB_OK);
  }
  void open_outbox() { REQUIRE(confab_outbox_open(tenant, events, stream_tag, stream.place(), nullptr) == CONFAB_OK); }
  void ready() { result("done", confab_stream_ready, stream.get(), request<confab_plain_request>()); }

  HeldEvent next_event() {
    HeldEvent event;
    REQUIRE(confab_queue_next(events, patience_ms, event.place()) == CONFAB_OK);
    CHECK(confab_event_tag(event) == stream_tag);
    return event;
  }
  HeldEvent batch() {
    HeldEvent event = next_event();
    REQUIRE(confab_event_kind(event) == CONFAB_EVENT_BATCH);
    REQUIRE(confab_event_status(event) == CONFAB_OK);
    check_result("events", event);
    return event;
  }
  // The bodies of its messages.
  static std::vector<std::string> bodies(const confab_event* event) {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < confab_event_count(event, "/events"); ++i) {
      const std::string at = "/events/" + std::to_string(i);
      if (string_of(event, (at + "/event").c_str()) == "message") {
        found.push_back(string_of(event, (at + "/message/body").c_str()));
      }
    }
    return found;
  }
  // Reads on until an event of this kind has come. Each batch is judged by the schema.
  void read_until(const char* kind) {
    while (kinds.count(kind) == 0) {
      const HeldEvent event = batch();
      for (std::size_t i = 0; i < confab_event_count(event, "/events"); ++i) {
        kinds.insert(string_of(event, ("/events/" + std::to_string(i) + "/event").c_str()));
      }
      REQUIRE(confab_stream_ack(stream, event) == CONFAB_OK);
    }
  }
  bool is_quiet() {
    HeldEvent event;
    return confab_queue_next(events, 0, event.place()) == CONFAB_TIMED_OUT;
  }
  void ends(confab_status status) {
    const HeldEvent event = next_event();
    CHECK(confab_event_kind(event) == CONFAB_EVENT_STREAM_END);
    CHECK(confab_event_status(event) == status);
    CHECK(confab_event_json(event, nullptr) == nullptr);
    CHECK(is_quiet());
  }
};

}  // namespace

TEST_CASE_FIXTURE(Watching, "a stream tells what is granted, one batch after the other as they are acknowledged") {
  make_room();
  open("ana");
  ready();
  say("ana", "one");
  CHECK(is_quiet());  // nothing was granted
  CHECK(confab_stream_grant(stream, 2) == CONFAB_OK);
  const HeldEvent first = batch();
  CHECK(bodies(first) == std::vector<std::string>{"one"});
  // The first is not acknowledged, so the second does not come, although another stream has long told of it.
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  HeldStream other;
  REQUIRE(confab_stream_open(tenant, &asked, queue, 5, other.place(), nullptr) == CONFAB_OK);
  result("done", confab_stream_ready, other.get(), request<confab_plain_request>());
  for (const char* body : {"two", "three"}) {
    say("ana", body);
    REQUIRE(confab_stream_grant(other, 1) == CONFAB_OK);
    const HeldEvent told = next();
    REQUIRE(bodies(told) == std::vector<std::string>{body});
    REQUIRE(confab_stream_ack(other, told) == CONFAB_OK);
  }
  CHECK(is_quiet());
  CHECK(confab_stream_ack(stream, first) == CONFAB_OK);
  const HeldEvent second = batch();
  CHECK(bodies(second).front() == "two");
  CHECK(confab_stream_ack(stream, first) == CONFAB_OK);  // once more: nothing
  CHECK(confab_stream_ack(stream, second) == CONFAB_OK);
  say("ana", "four");
  CHECK(is_quiet());  // two were granted
  CHECK(confab_stream_grant(stream, UINT32_MAX) == CONFAB_OK);
  CHECK(confab_stream_grant(stream, 1) == CONFAB_OK);
  for (std::string last; last != "four";) {
    const HeldEvent event = batch();
    last = bodies(event).back();
    CHECK(confab_stream_ack(stream, event) == CONFAB_OK);
  }
  CHECK(confab_stream_close(stream) == CONFAB_OK);
  CHECK(confab_stream_close(stream) == CONFAB_OK);
  ends(CONFAB_OK);
  CHECK(confab_stream_grant(stream, 1) == CONFAB_CLOSED);
}

TEST_CASE_FIXTURE(Watching, "batches are acknowledged at the stream they came from, and nothing else is") {
  make_room();
  open("ana");
  ready();
  say("ana", "one");
  REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
  const HeldEvent event = batch();
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  HeldStream other;
  REQUIRE(confab_stream_open(tenant, &asked, events, 1, other.place(), nullptr) == CONFAB_OK);
  CHECK(confab_stream_ack(other, event) == CONFAB_INVALID_ARGUMENT);
  const HeldEvent completion = ended(confab_doctor, client.get(), request<confab_plain_request>());
  CHECK(confab_stream_ack(stream, completion) == CONFAB_INVALID_ARGUMENT);
  CHECK(confab_stream_ack(stream, event) == CONFAB_OK);
}

TEST_CASE_FIXTURE(Watching, "a named consumer goes on behind what was acknowledged") {
  make_room();
  open("ana", "gateway");
  ready();
  say("ana", "one");
  REQUIRE(confab_stream_grant(stream, UINT32_MAX) == CONFAB_OK);
  HeldEvent event = batch();
  REQUIRE(bodies(event) == std::vector<std::string>{"one"});
  REQUIRE(confab_stream_ack(stream, event) == CONFAB_OK);
  say("ana", "two");
  event = batch();
  REQUIRE(bodies(event) == std::vector<std::string>{"two"});
  // Not acknowledged: it comes again.
  REQUIRE(confab_stream_close(stream) == CONFAB_OK);
  ends(CONFAB_OK);
  open("ana", "gateway");
  REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
  CHECK(bodies(batch()) == std::vector<std::string>{"two"});
}

TEST_CASE_FIXTURE(Watching, "an acknowledgement keeps the place although nothing more was granted") {
  make_room();
  open("ana", "gateway");
  ready();
  say("ana", "one");
  REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
  REQUIRE(confab_stream_ack(stream, batch()) == CONFAB_OK);
  REQUIRE(confab_stream_close(stream) == CONFAB_OK);
  ends(CONFAB_OK);
  open("ana", "gateway");
  say("ana", "two");
  REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
  CHECK(bodies(batch()) == std::vector<std::string>{"two"});
}

TEST_CASE_FIXTURE(Watching, "an error voids what was granted, and the stream can be granted again") {
  open("nobody");
  for (int i = 0; i < 2; ++i) {
    REQUIRE(confab_stream_grant(stream, UINT32_MAX) == CONFAB_OK);
    const HeldEvent event = next_event();
    CHECK(confab_event_kind(event) == CONFAB_EVENT_BATCH);
    CHECK(confab_event_status(event) == CONFAB_NOT_FOUND);
    CHECK(confab_error_status(confab_event_error(event)) == CONFAB_NOT_FOUND);
    // Without an acknowledgement nothing comes, so that errors cannot pile up.
    CHECK(confab_stream_grant(stream, 1) == CONFAB_OK);
    CHECK(is_quiet());
    CHECK(confab_stream_ack(stream, event) == CONFAB_OK);
    // What was granted after the error counts.
    const HeldEvent again = next_event();
    CHECK(confab_event_status(again) == CONFAB_NOT_FOUND);
    CHECK(confab_stream_ack(stream, again) == CONFAB_OK);
    CHECK(is_quiet());
  }
  CHECK(confab_event_status(ended(confab_stream_ready, stream.get(), request<confab_plain_request>())) ==
        CONFAB_NOT_FOUND);
}

TEST_CASE_FIXTURE(Watching,
                  "a stream ends once: released while it waits, before it was granted, with its queue or runtime") {
  make_room();
  open("ana");
  SUBCASE("released while it waits") {
    ready();
    REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
    stream = HeldStream();
    ends(CONFAB_OK);
  }
  SUBCASE("released before it was granted anything") {
    stream = HeldStream();
    ends(CONFAB_OK);
  }
  SUBCASE("its queue is closed") {
    ready();
    REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
    REQUIRE(confab_queue_close(events) == CONFAB_OK);
    CHECK(confab_stream_grant(stream, 1) == CONFAB_CLOSED);
    HeldEvent none;
    CHECK(confab_queue_next(events, 0, none.place()) == CONFAB_CLOSED);
  }
  SUBCASE("its runtime is closed while it waits") {
    ready();
    REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
    REQUIRE(confab_runtime_close(runtime) == CONFAB_OK);
    ends(CONFAB_CLOSED);
  }
  SUBCASE("its runtime was closed before") {
    REQUIRE(confab_runtime_close(runtime) == CONFAB_OK);
    REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
    ends(CONFAB_CLOSED);
  }
  SUBCASE("everything is released, in the order of its making") {
    REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
    runtime = HeldRuntime();
    client = HeldClient();
    tenant = HeldTenant();
    stream = HeldStream();
    ends(CONFAB_OK);
  }
}

TEST_CASE_FIXTURE(Watching,
                  "the outbox: a message is accepted, told to be sent or given up, shown, retried and dropped") {
  open_outbox();
  ready();
  REQUIRE(confab_stream_grant(stream, 3) == CONFAB_OK);
  auto message = request<confab_message_request>();
  message.room = "picnic";
  message.user = "ana";
  message.body = "for certain";
  message.transaction_id = "42";
  HeldEvent event = result("accepted", confab_send_durably, tenant.get(), message);
  const std::string id = string_of(event, "/transaction_id");
  CHECK(id.starts_with("42."));

  // There is no room yet.
  HeldEvent told = batch();
  CHECK(string_of(told, "/events/0/event") == "given_up");
  CHECK(string_of(told, "/events/0/transaction_id") == id);
  CHECK(string_of(told, "/events/0/reason") == "not_found");
  auto outbox = request<confab_outbox_request>();
  outbox.dead = 1;
  event = result("outbox", confab_outbox_list, tenant.get(), outbox);
  REQUIRE(confab_event_count(event, "/messages") == 1);
  CHECK(string_of(event, "/messages/0/state") == "dead");
  CHECK(string_of(event, "/messages/0/slug") == "picnic");
  CHECK(string_of(event, "/messages/0/reason/code") == "not_found");

  // A second one is given up, too, and this one is dropped.
  message.transaction_id = "43";
  event = result("accepted", confab_send_durably, tenant.get(), message);
  const std::string dropped = string_of(event, "/transaction_id");
  REQUIRE(confab_stream_ack(stream, told) == CONFAB_OK);
  told = batch();
  CHECK(string_of(told, "/events/0/event") == "given_up");
  CHECK(string_of(told, "/events/0/transaction_id") == dropped);
  outbox.transaction_id = dropped.c_str();
  result("done", confab_outbox_drop, tenant.get(), outbox);
  CHECK(confab_event_status(ended(confab_outbox_show, tenant.get(), outbox)) == CONFAB_NOT_FOUND);
  event = result("outbox", confab_outbox_list, tenant.get(), outbox);
  REQUIRE(confab_event_count(event, "/messages") == 1);
  CHECK(string_of(event, "/messages/0/transaction_id") == id);

  make_room();
  outbox.transaction_id = id.c_str();
  result("done", confab_outbox_retry, tenant.get(), outbox);
  REQUIRE(confab_stream_ack(stream, told) == CONFAB_OK);
  told = batch();
  CHECK(string_of(told, "/events/0/event") == "sent");
  event = result("outbox_message", confab_outbox_show, tenant.get(), outbox);
  CHECK(string_of(event, "/state") == "sent");
  CHECK(string_of(event, "/event_id") == string_of(told, "/events/0/event_id"));
  CHECK(confab_event_status(ended(confab_outbox_drop, tenant.get(), outbox)) == CONFAB_CONFLICT);
  outbox.transaction_id = "another";
  CHECK(confab_event_status(ended(confab_outbox_drop, tenant.get(), outbox)) == CONFAB_NOT_FOUND);
  outbox.limit = 1'001;
  CHECK(confab_event_status(ended(confab_outbox_list, tenant.get(), outbox)) == CONFAB_INVALID_ARGUMENT);
  REQUIRE(confab_stream_close(stream) == CONFAB_OK);
  ends(CONFAB_OK);
}

namespace {

// What the fake homeserver does not tell by itself, in one answer: who types, who has read, an event of no kind of its
// own, and that more happened before it than is told.
Answer rest_of_the_kinds(const Request& poll, const std::string& room, const std::string& event) {
  const std::string topic = R"({"type":"m.room.topic","state_key":"","event_id":"$topic","sender":"@admin:hs.test",)"
                            R"("origin_server_ts":1767225600000,"content":{"topic":"Sandwiches"}})";
  const std::string typing = R"({"type":"m.typing","content":{"user_ids":["@park_2:hs.test"]}})";
  const std::string receipt =
      R"({"type":"m.receipt","content":{")" + event + R"(":{"m.read":{"@park_2:hs.test":{"ts":1767225601000}}}}})";
  return Answer(200, R"({"next_batch":")" + poll.parameter("since").value_or("") + R"(","rooms":{"join":{")" + room +
                         R"(":{"timeline":{"limited":true,"prev_batch":"gap","events":[)" + topic +
                         R"(]},"ephemeral":{"events":[)" + typing + "," + receipt + "]}}}}}");
}

}  // namespace

TEST_CASE_FIXTURE(Watching, "each kind of event that the schema names is told as the schema says") {
  open_outbox();
  ready();
  REQUIRE(confab_stream_grant(stream, UINT32_MAX) == CONFAB_OK);
  auto message = request<confab_message_request>();
  message.room = "picnic";
  message.user = "ana";
  message.body = "for certain";
  const HeldEvent accepted = result("accepted", confab_send_durably, tenant.get(), message);
  read_until("given_up");  // there is no room yet
  make_room();
  const std::string id = string_of(accepted, "/transaction_id");
  auto outbox = request<confab_outbox_request>();
  outbox.transaction_id = id.c_str();
  result("done", confab_outbox_retry, tenant.get(), outbox);
  read_until("sent");
  REQUIRE(confab_stream_close(stream) == CONFAB_OK);
  ends(CONFAB_OK);

  open("ana");
  ready();
  REQUIRE(confab_stream_grant(stream, UINT32_MAX) == CONFAB_OK);
  const std::string hello = say("ben", "hello");  // who comes in by it
  read_until("membership");
  read_until("message");
  message.user = "ben";
  message.event = hello.c_str();
  message.body = "hello all";
  result("sent", confab_edit, tenant.get(), message);
  read_until("edit");
  message.body = "+1";
  result("sent", confab_react, tenant.get(), message);
  read_until("reaction");
  message.body = "a slip";
  result("sent", confab_redact, tenant.get(), message);
  read_until("redaction");

  const std::string room = server.room_ids().at(0);
  server.on("GET", "/_matrix/client/v3/rooms/*/messages", Answer::error(403, "M_FORBIDDEN"));
  server.on("GET", "/_matrix/client/v3/sync")
      .then([room, hello](const Request& poll) { return rest_of_the_kinds(poll, room, hello); })
      .times(1);
  say("ben", "and on");  // ends the poll that waits
  for (const char* kind : {"typing", "receipt", "missed", "other"}) read_until(kind);

  CHECK(kinds == values_of_member("event", "event"));
}
