// Log lines and alerts as events.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

struct Listening {
  FakeMatrix server;
  TemporaryDirectory folder;
  HeldQueue logs;
  HeldQueue queue;
  HeldRuntime runtime;
  HeldClient client;

  Listening() {
    REQUIRE(confab_queue_new(nullptr, queue.place(), nullptr) == CONFAB_OK);
    // Log lines do not count as operations: a queue for one holds any number of them.
    auto narrow = request<confab_queue_options>();
    narrow.most_operations = 1;
    REQUIRE(confab_queue_new(&narrow, logs.place(), nullptr) == CONFAB_OK);
  }
  void begin(std::int32_t level, std::uint32_t most) {
    auto options = request<confab_runtime_options>();
    options.log_queue = logs;
    options.log_tag = 9;
    options.log_level = level;
    options.most_logs = most;
    REQUIRE(confab_runtime_new(&options, runtime.place(), nullptr) == CONFAB_OK);
    const std::string json = configuration_of(server, folder);
    const std::string base = folder.path().string();
    auto how = request<confab_client_options>();
    how.json = json.c_str();
    how.folder = base.c_str();
    REQUIRE(confab_client_open(runtime, &how, client.place(), nullptr) == CONFAB_OK);
  }
  void examine(std::uint32_t timeout_ms = 0) {
    auto plain = request<confab_plain_request>();
    plain.timeout_ms = timeout_ms;
    REQUIRE(confab_doctor(client, &plain, queue, 1, nullptr, nullptr) == CONFAB_OK);
    HeldEvent event;
    REQUIRE(confab_queue_next(queue, patience_ms, event.place()) == CONFAB_OK);
  }
  std::vector<HeldEvent> waiting() {
    std::vector<HeldEvent> events;
    HeldEvent event;
    while (confab_queue_next(logs, 0, event.place()) == CONFAB_OK) {
      const bool is_log = confab_event_kind(event) == CONFAB_EVENT_LOG;
      CHECK((is_log || confab_event_kind(event) == CONFAB_EVENT_ALERT));
      CHECK(confab_event_tag(event) == 9);
      CHECK(confab_event_status(event) == CONFAB_OK);
      ClientAtWork::check_result(is_log ? "log" : "alert", event);
      events.push_back(std::move(event));
    }
    return events;
  }
  static std::size_t requests_among(const std::vector<HeldEvent>& lines) {
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(), [](const HeldEvent& line) { return string_of(line, "/code") == "request"; }));
  }
  // Examines until an alert of this name comes.
  void await_alert(const std::string& name) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (std::chrono::steady_clock::now() < until) {
      examine(1000);
      HeldEvent event;
      if (confab_queue_next(logs, 100, event.place()) != CONFAB_OK) continue;
      REQUIRE(confab_event_kind(event) == CONFAB_EVENT_ALERT);
      ClientAtWork::check_result("alert", event);
      if (string_of(event, "/alert") == name) return;
    }
    FAIL("no alert ", name);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Listening, "log lines arrive as events, from the level that was chosen") {
  begin(CONFAB_LOG_DEBUG, 0);
  examine();
  const auto lines = waiting();
  std::size_t requests = 0;  // beside them there may be turns that took long
  for (const HeldEvent& line : lines) {
    if (string_of(line, "/code") != "request") continue;
    ++requests;
    CHECK(string_of(line, "/level") == "debug");
    CHECK(string_of(line, "/component") == "net");
    CHECK(int_of(line, "/time") > 1'700'000'000'000);
  }
  CHECK(requests > 0);
  for (const HeldEvent& line : lines) CHECK(int_of(line, "/dropped") == -1);

  begin(CONFAB_LOG_WARNING, 0);
  examine();
  // The runtime of before may have had turns that took long until it was closed.
  CHECK(requests_among(waiting()) == 0);
}

TEST_CASE_FIXTURE(Listening, "lines over the bound are dropped and counted, and taking makes room") {
  begin(CONFAB_LOG_DEBUG, 2);
  // Lines about turns that took long take places, too, and come at any moment: also while lines are taken.
  std::int64_t dropped = 0;
  for (int round = 0; round < 2; ++round) {
    examine();
    const auto lines = waiting();
    CHECK(lines.size() >= 2);
    CHECK(requests_among(lines) <= 2);
    for (const HeldEvent& line : lines) dropped += std::max<std::int64_t>(0, int_of(line, "/dropped"));
  }
  CHECK(dropped > 0);
}

TEST_CASE_FIXTURE(Listening, "alerts come with every level: a homeserver that fails, and that is back") {
  begin(CONFAB_LOG_ALERTS, 0);
  server.on("*", "/**", Answer(503));
  await_alert("homeserver_failing");
  server.clear_scripts();
  await_alert("homeserver_back");
}

TEST_CASE_FIXTURE(Listening, "alerts tell of an admin that is not let in, once") {
  begin(CONFAB_LOG_ALERTS, 0);
  server.on("POST", "/_matrix/client/v3/login", Answer::error(403, "M_FORBIDDEN"));
  await_alert("admin_refused");
  examine();
  CHECK(waiting().empty());
}

TEST_CASE_FIXTURE(Listening, "a queue that is closed takes no lines, and nothing else minds") {
  begin(CONFAB_LOG_DEBUG, 0);
  CHECK(confab_queue_close(logs) == CONFAB_OK);
  examine();
  HeldEvent event;
  CHECK(confab_queue_next(logs, 0, event.place()) == CONFAB_CLOSED);
}

TEST_CASE_FIXTURE(Listening,
                  "options of log lines that mean nothing are refused; those of an earlier header are taken") {
  auto options = request<confab_runtime_options>();
  HeldError error;
  options.log_level = CONFAB_LOG_INFO;
  CHECK(confab_runtime_new(&options, runtime.place(), error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "log_queue");
  options.log_queue = logs;
  options.log_level = 5;
  CHECK(confab_runtime_new(&options, runtime.place(), error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "log_level");
  options.log_level = CONFAB_LOG_INFO;
  options.most_logs = 100'001;
  CHECK(confab_runtime_new(&options, runtime.place(), error.place()) == CONFAB_INVALID_ARGUMENT);
  // It ends before what it did not know, however that looks.
  options.struct_size = offsetof(confab_runtime_options, log_queue);
  CHECK(confab_runtime_new(&options, runtime.place(), error.place()) == CONFAB_OK);
  options.struct_size += 1;
  CHECK(confab_runtime_new(&options, runtime.place(), error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "struct_size");
}
