// A user who comes into a room, or goes and comes again: which events are news to them?
#include <doctest/doctest.h>

#include <string>

#include "unit/matrix/sync_model.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

namespace {

const SyncTime joining_at{std::chrono::hours(1)};

std::string said_there(const std::string& id) {
  return R"({"event_id":")" + id + R"(","type":"m.room.message","sender":"@a:b","origin_server_ts":1,"content":{}})";
}
// The reader's own membership: what it is, and what it was before.
std::string own_move(const std::string& id, const std::string& now, const std::string& before) {
  return R"({"event_id":")" + id +
         R"(","type":"m.room.member","state_key":"@me:b","sender":"@me:b","origin_server_ts":1,)" +
         R"("content":{"membership":")" + now + R"("},"unsigned":{"prev_content":{"membership":")" + before + R"("}}})";
}

// A machine whose reader has just got a timeline.
class JoiningReader {
 public:
  JoiningReader(const std::string& events, bool limited, GapBounds bounds = GapBounds())
      : machine_(options().since(PageToken("s1")).user(MatrixUserId("@me:b")).gap_bounds(bounds)) {
    machine_.reader_asked();
    REQUIRE(std::holds_alternative<SyncPoll>(machine_.poll(joining_at)));
    auto answer =
        SyncAnswer::read(R"({"next_batch":"s2","rooms":{"join":{"!a":{"timeline":{"prev_batch":"p","limited":)" +
                         std::string(limited ? "true" : "false") + R"(,"events":[)" + events + "]}}}}}");
    REQUIRE(answer);
    machine_.answered(*std::move(answer), joining_at);
  }
  // The page of a gap that has to be asked for now, newest event first; with more behind it or not.
  JoiningReader& fetches(const std::string& events, bool more) {
    REQUIRE(std::holds_alternative<SyncFetchGap>(machine_.poll(joining_at)));
    const std::string end = more ? R"("end":"q",)" : "";
    machine_.gap_page(*GetMessages::decode(parsed("{" + end + R"("chunk":[)" + events + "]}").root()), joining_at);
    return *this;
  }
  // What is delivered, and nothing may have to be asked for before that.
  std::string told() {
    const SyncAction action = machine_.poll(joining_at);
    REQUIRE(std::holds_alternative<SyncDeliver>(action));
    std::string ids;
    for (const SyncItem& item : std::get<SyncDeliver>(action).batch)
      ids += item.kind() == SyncItem::Kind::event ? item.event().id().str() : "?";
    return ids;
  }

 private:
  SyncMachine machine_;
};

}  // namespace

TEST_CASE("sync machine: what was said before the user joined is no news, and no gap of it is fetched") {
  const std::string before = said_there("$1") + ",";
  const std::string after = "," + said_there("$3");
  CHECK(JoiningReader(before + own_move("$2", "join", "invite") + after, true).told() == "$2$3");
  CHECK(JoiningReader(before + own_move("$2", "join", "invite") + after, false).told() == "$2$3");
  CHECK(JoiningReader(before + own_move("$2", "join", "join") + after, false).told() == "$1$2$3");  // a new name
  // Of the joins that are history the last one counts.
  const std::string long_ago = own_move("$h", "join", "leave") + "," + own_move("$i", "leave", "join") + ",";
  CHECK(JoiningReader(long_ago + before + own_move("$2", "join", "leave") + after, true).told() == "$2$3");
}

TEST_CASE("sync machine: a timeline that begins with the join has no gap before it") {
  CHECK(JoiningReader(own_move("$2", "join", "invite") + "," + said_there("$3"), true).told() == "$2$3");
  CHECK(JoiningReader(own_move("$2", "join", "invite"), true).told() == "$2");
  CHECK(JoiningReader(own_move("$2", "join", "invite"), false).told() == "$2");
}

TEST_CASE("sync machine: what was said before the user left and joined again is news") {
  const std::string stayed = said_there("$1") + "," + own_move("$2", "leave", "join") + "," + said_there("$3") + ",";
  const std::string back = own_move("$4", "invite", "leave") + "," + own_move("$5", "join", "invite");
  CHECK(JoiningReader(stayed + back, false).told() == "$1$2$3$4$5");
  const std::string guest = said_there("$0") + "," + own_move("$1", "join", "leave") + ",";
  CHECK(JoiningReader(guest + own_move("$2", "leave", "join") + "," + said_there("$3"), false).told() == "$1$2$3");
}

TEST_CASE("sync machine: a gap with the join in it begins with the join") {
  const std::string joined = said_there("$3") + "," + own_move("$2", "join", "invite") + "," + said_there("$1");
  const std::string again =
      own_move("$3", "join", "leave") + "," + own_move("$2", "leave", "join") + "," + said_there("$1");
  const auto told = [](const std::string& page, bool over_bounds) {
    const GapBounds bounds = over_bounds ? GapBounds().events(3) : GapBounds();
    return JoiningReader(said_there("$9"), true, bounds).fetches(page, over_bounds).told();
  };
  CHECK(told(joined, false) == "$2$3$9");
  CHECK(told(joined, true) == "$2$3$9");  // what is missing is history
  CHECK(told(again, false) == "$1$2$3$9");
  CHECK(told(again, true) == "?$1$2$3$9");
}
