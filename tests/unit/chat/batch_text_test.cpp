#include <confab/directory_batch.hpp>

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "chat/directory_change.hpp"
#include "chat/directory_file.hpp"

using namespace confab;

namespace {

// Each step in a few words, in their order.
struct InWords {
  std::string operator()(const detail::PutUser& step) const {
    return "user " + step.user.id() + ' ' + step.user.slug().str() + ' ' + step.user.name();
  }
  std::string operator()(const detail::EraseUser& step) const { return "-user " + step.user.str(); }
  std::string operator()(const detail::PutRoom& step) const {
    return named(step.room) + ' ' + step.name + (step.is_public ? " public " : " private ") + step.creator.str();
  }
  std::string operator()(const detail::EraseRoom& step) const { return '-' + named(step.room); }
  std::string operator()(const detail::PutMember& step) const {
    std::string words = named(step.room) + " + " + step.member.user().str() + ' ' + step.member.role();
    for (const std::string& permission : step.member.permissions()) words += ' ' + permission;
    return words;
  }
  std::string operator()(const detail::EraseMember& step) const { return named(step.room) + " - " + step.user.str(); }
  static std::string named(const RoomRef& room) {
    return std::string(room_kind_name(room.kind())) + ' ' + room.slug().str();
  }
};

std::vector<std::string> steps_of(const std::string& json) {
  const auto batch = read_directory_batch(json);
  if (!batch) return {std::string(batch.error().message())};
  std::vector<std::string> steps;
  for (const detail::DirectoryStep& step : batch->steps()) steps.push_back(std::visit(InWords(), step));
  return steps;
}

using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("batch text: every kind of step, what is erased first") {
  CHECK(steps_of(R"({
    "users": [{"id":"4","slug":"dee","name":"Dee"}],
    "events": [{"slug":"concert","name":"Concert","visibility":"public","creator":"dee",
                "attendees":[{"user":"ana","role":"guest","permissions":["A","B"]}]}],
    "groups": [{"slug":"chess","name":"Chess","visibility":"private","creator":"ben"}],
    "attendees": [{"event":"picnic","user":"dee","role":"host"}],
    "members": [{"group":"chess","user":"dee","role":"member"}],
    "erase": {"users":["zoe"],"events":["old"],"groups":["older"],"attendees":[{"event":"picnic","user":"cyd"}],
              "members":[{"group":"chess","user":"ana"}]}})") ==
        Steps{"-user zoe", "-event old", "event picnic - cyd", "-group older", "group chess - ana", "user 4 dee Dee",
              "event concert Concert public dee", "event concert + ana guest A B", "event picnic + dee host",
              "group chess Chess private ben", "group chess + dee member"});
  CHECK(steps_of("{}").empty());
}

TEST_CASE("batch text: a directory file is a batch that writes all of it") {
  const std::string file = R"({"users":[{"id":"1","slug":"ana","name":"Ana"},{"id":"2","slug":"ben","name":"Ben"}],
    "events":[{"slug":"picnic","name":"Picnic","visibility":"private","creator":"ana",
               "attendees":[{"user":"ben","role":"guest","permissions":["A"]}]}],
    "groups":[{"slug":"chess","name":"Chess","visibility":"public","creator":"ben","members":[]}]})";
  const auto batch = read_directory_batch(file);
  REQUIRE(batch.has_value());
  const auto whole = chat::read_directory_index(file);
  REQUIRE(whole.has_value());
  CHECK(chat::change_of(*batch, **whole)->empty());
  CHECK(!chat::change_of(*batch, chat::DirectoryIndex())->empty());
}

TEST_CASE("batch text: what is wrong is told with its path") {
  const struct {
    const char* json;
    const char* subject;
  } cases[] = {
      {"", "batch"},
      {"{", "batch"},
      {"[]", ""},
      {R"({"user":[]})", "user"},
      {R"({"users":{}})", "users"},
      {R"({"users":[{"id":4,"slug":"dee","name":"Dee"}]})", "users[0].id"},
      {R"({"users":[{"id":"4","slug":"dee"}]})", "users[0].name"},
      {R"({"events":[{"slug":"x","name":"X","visibility":"secret","creator":"a"}]})", "events[0].visibility"},
      {R"({"events":[{"slug":"x","name":"X","visibility":"public","creator":"a","members":[]}]})", "events[0].members"},
      {R"({"attendees":[{"user":"a","role":"guest"}]})", "attendees[0].event"},
      {R"({"attendees":[{"event":"x","user":"a","role":"guest","permissions":[1]}]})", "attendees[0].permissions[0]"},
      {R"({"members":[{"group":"x","user":"a","role":"guest","permissions":[]}]})", "members[0].permissions"},
      {R"({"erase":[]})", "erase"},
      {R"({"erase":{"users":["a",7]}})", "erase.users[1]"},
      {R"({"erase":{"members":[{"event":"x","user":"a"}]}})", "erase.members[0].event"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.json);
    const auto batch = read_directory_batch(each.json);
    REQUIRE(!batch.has_value());
    CHECK(batch.error().code() == Errc::invalid_argument);
    CHECK(batch.error().subject() == each.subject);
    CHECK(!batch.error().message().empty());
  }
}
