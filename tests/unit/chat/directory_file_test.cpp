#include <confab/host_directory.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace confab;

namespace {

std::string with_events(const std::string& events) {
  return R"({"users":[{"id":"1","slug":"ana","name":"Ana"},{"id":"2","slug":"ben","name":"Ben"}],"events":[)" + events +
         "]}";
}

Error fault_of(std::string text) {
  auto read = read_directory(std::move(text));
  REQUIRE(!read.has_value());
  CHECK(read.error().code() == Errc::config);
  return read.error();
}

}  // namespace

TEST_CASE("a directory answers by slug, by id and by room") {
  auto read = read_directory(with_events(R"({"slug":"picnic","name":"Picnic","visibility":"public","creator":"ana",
    "attendees":[{"user":"ben","role":"guest","permissions":["ManageEvent"]}]})"));
  REQUIRE(read.has_value());
  const HostDirectory& directory = **read;
  CHECK(directory.user(UserSlug("ana"))->id() == "1");
  CHECK(directory.user_by_id("2")->slug().str() == "ben");
  CHECK_FALSE(directory.user(UserSlug("1")).has_value());
  CHECK_FALSE(directory.user_by_id("ana").has_value());
  const auto room = directory.room(RoomRef::event(RoomSlug("picnic")));
  REQUIRE(room.has_value());
  CHECK(room->is_public());
  CHECK(room->members().at(0).permissions().at(0) == "ManageEvent");
  CHECK(room->admits(UserSlug("ana")));
  CHECK(room->admits(UserSlug("ben")));
  CHECK_FALSE(room->admits(UserSlug("eve")));
  CHECK_FALSE(directory.room(RoomRef::group(RoomSlug("picnic"))).has_value());
}

TEST_CASE("each fault is told with its path") {
  const std::string event = R"("name":"P","visibility":"private","creator":"ana")";
  const std::pair<std::string, std::string> table[] = {
      {"{}", "users"},
      {"[]", ""},
      {R"({"users":{}})", "users"},
      {R"({"users":[],"usrs":[]})", "usrs"},
      {R"({"users":[7]})", "users[0]"},
      {R"({"users":[{"slug":"ana","name":"Ana"}]})", "users[0].id"},
      {R"({"users":[{"id":1,"slug":"ana","name":"Ana"}]})", "users[0].id"},
      {R"({"users":[{"id":"","slug":"ana","name":"Ana"}]})", "users[0].id"},
      {R"({"users":[{"id":"1","slug":"a na","name":"Ana"}]})", "users[0].slug"},
      {R"({"users":[{"id":"1","slug":"ana"}]})", "users[0].name"},
      {R"({"users":[{"id":"1","slug":"ana","name":"Ana","nmae":"x"}]})", "users[0].nmae"},
      {R"({"users":[{"id":"1","slug":"ana","name":"A"},{"id":"2","slug":"ana","name":"B"}]})", "users[1].slug"},
      {R"({"users":[{"id":"1","slug":"ana","name":"A"},{"id":"1","slug":"ben","name":"B"}]})", "users[1].id"},
      {R"({"users":[{"id":"1","id":"2","slug":"ana","name":"A"}]})", "users[0].id"},
      {with_events("{" + event + "}"), "events[0].slug"},
      {with_events(R"({"slug":"p","visibility":"private","creator":"ana"})"), "events[0].name"},
      {with_events(R"({"slug":"p","name":"P","visibility":"odd","creator":"ana"})"), "events[0].visibility"},
      {with_events(R"({"slug":"p","name":"P","visibility":"private","creator":"zoe"})"), "events[0].creator"},
      {with_events(R"({"slug":"p",)" + event + R"(,"members":[]})"), "events[0].members"},
      {with_events(R"({"slug":"p",)" + event + R"(,"attendees":"all"})"), "events[0].attendees"},
      {with_events(R"({"slug":"p",)" + event + R"(,"attendees":[{"user":"zoe","role":"x"}]})"),
       "events[0].attendees[0].user"},
      {with_events(R"({"slug":"p",)" + event + R"(,"attendees":[{"user":"ben"}]})"), "events[0].attendees[0].role"},
      {with_events(R"({"slug":"p",)" + event +
                   R"(,"attendees":[{"user":"ben","role":"x"},{"user":"ben","role":"x"}]})"),
       "events[0].attendees[1].user"},
      {with_events(R"({"slug":"p",)" + event + R"(,"attendees":[{"user":"ben","role":"x","permissions":[1]}]})"),
       "events[0].attendees[0].permissions[0]"},
      {with_events(R"({"slug":"p",)" + event + R"(},{"slug":"p",)" + event + "}"), "events[1].slug"},
  };
  for (const auto& [bad, path] : table) {
    const auto& text = bad;  // clang 14 lets no lambda, which INFO is, see a structured binding
    INFO(text);
    const Error error = fault_of(text);
    CHECK(error.subject() == path);
    CHECK(error.message().find(path) != std::string_view::npos);
  }
}

TEST_CASE("all faults are told at once, within bounds") {
  const Error both = fault_of(R"({"users":[{"id":"1","slug":"a b","name":"A"}],"evnts":[]})");
  CHECK(both.message().find("evnts is no known key; was \"events\" meant?") != std::string_view::npos);
  CHECK(both.message().find("users[0].slug") != std::string_view::npos);
  std::string many = R"({"users":[)";
  for (int i = 0; i < 1000; ++i) many += i == 0 ? "1" : ",1";
  const Error error = fault_of(many + "]}");
  CHECK(error.message().find("and 992 more") != std::string_view::npos);
  CHECK(error.message().size() < 1000);
}

TEST_CASE("what is no JSON is refused") {
  for (const char* text : {"", "users", "{\"users\":", "{\"users\":[]} x", "\xFF"}) (void)fault_of(text);
  (void)fault_of(std::string(100'000, '['));
}

TEST_CASE("a hundred thousand users are read, and found") {
  constexpr int count = 100'000;
  std::string text = R"({"users":[)";
  std::string members;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    if (i != 0) text += ',', members += ',';
    text += R"({"id":"id)" + n + R"(","slug":"u)" + n + R"(","name":"User )" + n + "\"}";
    members += R"({"user":"u)" + n + R"(","role":"member"})";
  }
  text +=
      R"(],"groups":[{"slug":"all","name":"All","visibility":"private","creator":"u0","members":[)" + members + "]}]}";
  auto read = read_directory(std::move(text));
  REQUIRE(read.has_value());
  CHECK((*read)->user(UserSlug("u99999"))->id() == "id99999");
  const auto room = (*read)->room(RoomRef::group(RoomSlug("all")));
  CHECK(room->admits(UserSlug("u54321")));
  CHECK_FALSE(room->admits(UserSlug("u100000")));
}
