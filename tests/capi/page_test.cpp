// docs/c-api.md shows every result, as it is.
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "capi/result_schema.hpp"
#include "support/test_json.hpp"

TEST_CASE("the results that the page shows are what the schema describes, and all of them are shown") {
  std::ifstream page(CONFAB_PAGE);
  REQUIRE(page);
  const std::string fence = "```json ";
  std::set<std::string> shown;
  std::set<std::string> kinds;  // of events
  std::string name;
  std::string block;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with(fence)) {
      name = line.substr(fence.size());
      block.clear();
    } else if (line == "```" && !name.empty()) {
      CHECK(confab::test::fault_of_result(name, block) == "");
      const auto result = confab::test::TestJson::parse(block);
      REQUIRE(result);
      for (const auto& event : (*result)["events"].as_array()) kinds.insert(event["event"].as_string());
      shown.insert(std::exchange(name, {}));
    } else {
      block += line + "\n";
    }
  }
  CHECK(shown == std::set<std::string>{"accepted", "account", "alert", "done", "events", "findings", "history", "log",
                                       "members", "metrics", "outbox", "outbox_message", "question", "reset",
                                       "revision", "room", "sent", "unread"});
  CHECK(kinds == confab::test::values_of_member("event", "event"));
}

TEST_CASE("the check of results notices what is wrong") {
  using confab::test::fault_of_result;
  CHECK(fault_of_result("sent", R"({"event_id":"$a","transaction_id":"b"})") == "");
  CHECK(fault_of_result("sent", R"({"event_id":"$a"})") == "sent has no transaction_id");
  CHECK(fault_of_result("sent", R"({"event_id":1,"transaction_id":"b"})") == "sent/event_id is no string");
  CHECK(fault_of_result("done", R"({"more":1})") == "done has a member that is not described: more");
  CHECK(fault_of_result("events", R"({"events":[{"event":"party"}]})") ==
        "events/events/-/event is none of its values");
  CHECK(fault_of_result("event", R"({"event":"typing","type":"m.typing","room_id":"!a"})") == "event has no users");
  CHECK(fault_of_result("reset", R"({"users":-1,"tokens":0,"positions":0,"rooms":0,"messages":0})") ==
        "reset/users is too small");
  CHECK(fault_of_result("nothing", "{}") == "the schema has no nothing");
  CHECK(fault_of_result("done", "{") != "");
}
