// Questions to the host: secrets, and what a directory lacks.
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

std::string without(std::string text, const std::string& part) { return text.erase(text.find(part), part.size()); }
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

const char* const nothing = "null";
const char* const ana_and_picnic =
    R"({"users":[{"id":"1","slug":"ana","name":"Ana Lima"}],
        "events":[{"slug":"picnic","name":"Picnic","visibility":"private","creator":"ana"}]})";

// A client whose tenant has no directory file, and whose questions arrive in `questions`.
struct Asking {
  FakeMatrix server;
  TemporaryDirectory folder;
  HeldRuntime runtime;
  HeldQueue queue;
  HeldQueue questions;
  HeldClient client;
  HeldTenant tenant;
  HeldError error;
  std::string json = without(configuration_of(server, folder), R"(,"directory":"park.json")");
  std::string base = folder.path().string();
  confab_client_options options = request<confab_client_options>();

  Asking() {
    REQUIRE(confab_runtime_new(nullptr, runtime.place(), nullptr) == CONFAB_OK);
    REQUIRE(confab_queue_new(nullptr, queue.place(), nullptr) == CONFAB_OK);
    REQUIRE(confab_queue_new(nullptr, questions.place(), nullptr) == CONFAB_OK);
    options.question_queue = questions;
    options.question_tag = 11;
    options.ask_directory = 1;
    options.folder = base.c_str();
  }
  confab_status open() {
    options.json = json.c_str();
    return confab_client_open(runtime, &options, client.place(), error.place());
  }
  void begin() {
    REQUIRE(open() == CONFAB_OK);
    REQUIRE(confab_client_tenant(client, nullptr, tenant.place(), nullptr) == CONFAB_OK);
  }
  HeldEvent next_question() {
    HeldEvent event;
    REQUIRE(confab_queue_next(questions, patience_ms, event.place()) == CONFAB_OK);
    CHECK(confab_event_kind(event) == CONFAB_EVENT_QUESTION);
    CHECK(confab_event_tag(event) == 11);
    ClientAtWork::check_result("question", event);
    return event;
  }
  bool none_is_asked() {
    HeldEvent event;
    return confab_queue_next(questions, 0, event.place()) == CONFAB_TIMED_OUT;
  }
  void provision(const char* user, std::uint64_t tag = 1) {
    auto asked = request<confab_user_request>();
    asked.user = user;
    REQUIRE(confab_provision(tenant, &asked, queue, tag, nullptr, nullptr) == CONFAB_OK);
  }
  HeldEvent ended() {
    HeldEvent event;
    REQUIRE(confab_queue_next(queue, patience_ms, event.place()) == CONFAB_OK);
    return event;
  }
  bool none_has_ended() {
    HeldEvent event;
    return confab_queue_next(queue, 0, event.place()) == CONFAB_TIMED_OUT;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Asking, "who is not listed is asked for before the operation begins, and once") {
  begin();
  provision("ana");
  HeldEvent question = next_question();
  CHECK(string_of(question, "/question") == "user");
  CHECK(string_of(question, "/tenant") == "park");
  CHECK(string_of(question, "/user") == "ana");
  CHECK(int_of(question, "/timeout_ms") == 30'000);
  CHECK(none_has_ended());
  CHECK(server.count("*", "/**") == 0);
  // What is no answer leaves it open.
  for (const char* wrong : {"", "7", "{\"user\":[]}", "[]"}) {
    CHECK(confab_answer(question, wrong) == CONFAB_INVALID_ARGUMENT);
  }
  CHECK(confab_answer(question, nullptr) == CONFAB_INVALID_ARGUMENT);
  CHECK(confab_answer(question, ana_and_picnic) == CONFAB_OK);
  CHECK(confab_answer(question, ana_and_picnic) == CONFAB_CLOSED);
  HeldEvent event = ended();
  CHECK(confab_event_status(event) == CONFAB_OK);
  CHECK(confab_answer(event, nothing) == CONFAB_INVALID_ARGUMENT);
  provision("ana");
  CHECK(confab_event_status(ended()) == CONFAB_OK);
  CHECK(none_is_asked());
}

TEST_CASE_FIXTURE(Asking, "a room is asked for, too; what there is none of is not found") {
  begin();
  auto room = request<confab_room_request>();
  room.room = "picnic";
  room.user = "ana";
  REQUIRE(confab_ensure_room(tenant, &room, queue, 1, nullptr, nullptr) == CONFAB_OK);
  HeldEvent question = next_question();
  REQUIRE(confab_answer(question, R"({"users":[{"id":"1","slug":"ana","name":"Ana Lima"}]})") == CONFAB_OK);
  question = next_question();
  CHECK(string_of(question, "/question") == "room");
  CHECK(string_of(question, "/kind") == "event");
  CHECK(string_of(question, "/room") == "picnic");
  REQUIRE(confab_answer(question, ana_and_picnic) == CONFAB_OK);
  CHECK(confab_event_status(ended()) == CONFAB_OK);

  room.room = "ben";
  room.room_kind = CONFAB_ROOM_DIRECT;
  REQUIRE(confab_ensure_room(tenant, &room, queue, 2, nullptr, nullptr) == CONFAB_OK);
  question = next_question();
  CHECK(string_of(question, "/user") == "ben");
  REQUIRE(confab_answer(question, nothing) == CONFAB_OK);
  CHECK(confab_event_status(ended()) == CONFAB_NOT_FOUND);
}

TEST_CASE_FIXTURE(Asking, "a batch that cannot be is told by the operation that asked") {
  begin();
  provision("ana");
  const HeldEvent question = next_question();
  CHECK(confab_answer(question, R"({"attendees":[{"event":"none","user":"ana","role":"guest"}]})") == CONFAB_OK);
  const HeldEvent event = ended();
  CHECK(confab_event_status(event) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(confab_event_error(event))) == "member");
}

TEST_CASE_FIXTURE(Asking, "many that ask at once are all answered") {
  begin();
  constexpr int count = 50;
  for (int i = 0; i < count; ++i) provision(("user" + std::to_string(i)).c_str(), static_cast<std::uint64_t>(i));
  std::vector<HeldEvent> asked;
  for (int i = 0; i < count; ++i) asked.push_back(next_question());
  std::vector<std::thread> hosts;
  for (int part = 0; part < 2; ++part) {
    hosts.emplace_back([&asked, part] {
      for (std::size_t i = static_cast<std::size_t>(part); i < asked.size(); i += 2) {
        const std::string slug = string_of(asked[i], "/user");
        const std::string batch = R"({"users":[{"id":")" + slug + R"(","slug":")" + slug + R"(","name":"A user"}]})";
        CHECK(confab_answer(asked[i], batch.c_str()) == CONFAB_OK);
      }
    });
  }
  for (std::thread& host : hosts) host.join();
  for (int i = 0; i < count; ++i) CHECK(confab_event_status(ended()) == CONFAB_OK);
}

TEST_CASE_FIXTURE(Asking, "more questions than may be open are not asked, and an answer makes room") {
  constexpr int most = 1024;  // docs/limits.md
  begin();
  for (int i = 0; i < most + 3; ++i) provision(("user" + std::to_string(i)).c_str(), static_cast<std::uint64_t>(i));
  for (int i = 0; i < 3; ++i) {
    const HeldEvent event = ended();
    CHECK(confab_event_tag(event) >= static_cast<std::uint64_t>(most));
    CHECK(confab_event_status(event) == CONFAB_NOT_FOUND);
  }
  CHECK(none_has_ended());
  std::vector<HeldEvent> asked;
  for (int i = 0; i < most; ++i) asked.push_back(next_question());
  CHECK(none_is_asked());
  REQUIRE(confab_answer(asked.back(), nothing) == CONFAB_OK);
  CHECK(confab_event_tag(ended()) == static_cast<std::uint64_t>(most - 1));
  provision("ana", most + 3);
  const HeldEvent question = next_question();
  REQUIRE(confab_answer(question, ana_and_picnic) == CONFAB_OK);
  CHECK(confab_event_status(ended()) == CONFAB_OK);
}

TEST_CASE_FIXTURE(Asking,
                  "without an answer there is none: time, a release, and the end of queue, client and runtime") {
  confab_status expected = CONFAB_NOT_FOUND;
  SUBCASE("time") {
    options.question_ms = 50;
    begin();
    provision("ana");
    const HeldEvent question = next_question();
    CHECK(confab_event_status(ended()) == CONFAB_NOT_FOUND);
    CHECK(confab_answer(question, ana_and_picnic) == CONFAB_CLOSED);
    return;
  }
  begin();
  provision("ana");
  HeldEvent question = next_question();
  SUBCASE("a release") { question = HeldEvent(); }
  SUBCASE("the queue is closed, and what is asked later") {
    CHECK(confab_queue_close(questions) == CONFAB_OK);
    CHECK(confab_event_status(ended()) == CONFAB_NOT_FOUND);
    provision("ana");
  }
  SUBCASE("the client is released") {
    // An operation does not keep its client.
    tenant = HeldTenant();
    client = HeldClient();
  }
  SUBCASE("the runtime is closed") {
    CHECK(confab_runtime_close(runtime) == CONFAB_OK);
    expected = CONFAB_CLOSED;
    const HeldEvent event = ended();
    CHECK((confab_event_status(event) == CONFAB_CLOSED || confab_event_status(event) == CONFAB_NOT_FOUND));
    CHECK(confab_answer(question, ana_and_picnic) == CONFAB_CLOSED);
    return;
  }
  const HeldEvent event = ended();
  CHECK(confab_event_status(event) == expected);
}

TEST_CASE_FIXTURE(Asking, "an operation that is cancelled while it waits ends at once, and its question with it") {
  begin();
  auto room = request<confab_room_request>();
  room.room = "picnic";
  room.user = "ana";
  HeldOperation operation;
  REQUIRE(confab_ensure_room(tenant, &room, queue, 1, operation.place(), nullptr) == CONFAB_OK);
  HeldEvent question = next_question();
  SUBCASE("with the first question") {}
  SUBCASE("with the second one") {
    REQUIRE(confab_answer(question, R"({"users":[{"id":"1","slug":"ana","name":"Ana Lima"}]})") == CONFAB_OK);
    question = next_question();
  }
  CHECK(confab_operation_cancel(operation) == CONFAB_OK);
  CHECK(confab_event_status(ended()) == CONFAB_CANCELLED);
  CHECK(confab_answer(question, ana_and_picnic) == CONFAB_CLOSED);
  CHECK(confab_operation_cancel(operation) == CONFAB_OK);
  question = HeldEvent();
  CHECK(none_is_asked());
  CHECK(none_has_ended());
}

TEST_CASE_FIXTURE(Asking, "operations that are cancelled while they are answered end once") {
  begin();
  constexpr int count = 50;
  std::vector<HeldOperation> operations(count);
  std::vector<HeldEvent> asked;
  for (std::size_t i = 0; i < count; ++i) {
    auto user = request<confab_user_request>();
    const std::string slug = "user" + std::to_string(i);
    user.user = slug.c_str();
    REQUIRE(confab_provision(tenant, &user, queue, i, operations[i].place(), nullptr) == CONFAB_OK);
    asked.push_back(next_question());
  }
  std::thread canceller([&operations] {
    for (const HeldOperation& operation : operations) CHECK(confab_operation_cancel(operation) == CONFAB_OK);
  });
  for (std::size_t i = 0; i < count; ++i) {
    const std::string slug = "user" + std::to_string(i);
    const std::string batch = R"({"users":[{"id":")" + slug + R"(","slug":")" + slug + R"(","name":"A user"}]})";
    const confab_status answered = confab_answer(asked[i], batch.c_str());
    CHECK((answered == CONFAB_OK || answered == CONFAB_CLOSED));
  }
  canceller.join();
  for (int i = 0; i < count; ++i) (void)ended();
  CHECK(none_has_ended());
}

TEST_CASE_FIXTURE(Asking, "a stream asks for its user when it is waited for") {
  begin();
  auto watch = request<confab_stream_request>();
  watch.user = "ana";
  HeldStream stream;
  REQUIRE(confab_stream_open(tenant, &watch, queue, 5, stream.place(), nullptr) == CONFAB_OK);
  auto plain = request<confab_plain_request>();
  REQUIRE(confab_stream_ready(stream, &plain, queue, 6, nullptr, nullptr) == CONFAB_OK);
  const HeldEvent question = next_question();
  CHECK(string_of(question, "/user") == "ana");
  REQUIRE(confab_answer(question, ana_and_picnic) == CONFAB_OK);
  CHECK(confab_event_status(ended()) == CONFAB_OK);
}

TEST_CASE_FIXTURE(Asking, "secrets of a configuration are asked for") {
  json = replaced(json, "\"" + std::string(FakeMatrix::admin_password) + "\"", R"({"ask":true})");
  const bool with_store = CONFAB_EXPECTED_SQLITE != 0;
  if (with_store) json.insert(1, R"("store":{"kind":"sqlite","path":"confab.db","key_file":{"ask":true}},)");
  std::string password = "\"" + std::string(FakeMatrix::admin_password) + "\"";
  confab_status expected = CONFAB_OK;
  SUBCASE("and known") {}
  SUBCASE("and not known") {
    password = "null";
    expected = CONFAB_CONFIG;
  }
  std::thread host([&] {
    HeldEvent question = next_question();
    CHECK(string_of(question, "/question") == "secret");
    CHECK(string_of(question, "/key") == "homeserver.admin_password");
    CHECK(confab_answer(question, "{}") == CONFAB_INVALID_ARGUMENT);
    CHECK(confab_answer(question, password.c_str()) == CONFAB_OK);
    if (!with_store) return;
    question = next_question();
    CHECK(string_of(question, "/key") == "store.key_file");
    CHECK(confab_answer(question, "\"k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"") == CONFAB_OK);
  });
  CHECK(open() == expected);
  host.join();
  if (expected == CONFAB_OK) {
    auto plain = request<confab_plain_request>();
    REQUIRE(confab_doctor(client, &plain, queue, 1, nullptr, nullptr) == CONFAB_OK);
    CHECK(confab_event_status(ended()) == CONFAB_OK);
    CHECK(server.count("POST", "/_matrix/client/v3/login") == 1);
  } else {
    CHECK(std::string(confab_error_subject(error)) == "homeserver.admin_password");
  }
}

TEST_CASE_FIXTURE(Asking, "options of questions without a queue are refused, and secrets then are not known") {
  options.question_queue = nullptr;
  CHECK(open() == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "question_queue");
  options.question_tag = 0;
  options.ask_directory = 0;
  CHECK(open() == CONFAB_OK);
  json = replaced(json, "\"" + std::string(FakeMatrix::admin_password) + "\"", R"({"ask":true})");
  CHECK(open() == CONFAB_CONFIG);
  CHECK(std::string(confab_error_subject(error)) == "homeserver.admin_password");
}
