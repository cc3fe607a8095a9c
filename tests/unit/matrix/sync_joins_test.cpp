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
// The reader's own membership: what it is, and what it was before; nothing: it is their first.
std::string own_move(const std::string& id, const std::string& now, const std::string& before) {
  const std::string unsigned_data =
      before.empty() ? "" : R"(,"unsigned":{"prev_content":{"membership":")" + before + R"("}})";
  return R"({"event_id":")" + id +
         R"(","type":"m.room.member","state_key":"@me:b","sender":"@me:b","origin_server_ts":1,)" +
         R"("content":{"membership":")" + now + "\"}" + unsigned_data + "}";
}

// A machine whose reader has just got a timeline.
class JoiningReader {
 public:
  JoiningReader(const std::string& events, bool limited, GapBounds bounds = GapBounds(), const std::string& beside = {})
      : machine_(options().since(PageToken("s1")).user(MatrixUserId("@me:b")).gap_bounds(bounds)) {
    machine_.reader_asked();
    REQUIRE(std::holds_alternative<SyncPoll>(machine_.poll(joining_at)));
    auto answer =
        SyncAnswer::read(R"({"next_batch":"s2","rooms":{"join":{"!a":{"timeline":{"prev_batch":"p","limited":)" +
                         std::string(limited ? "true" : "false") + R"(,"events":[)" + events +
                         R"(]},"state":{"events":[)" + beside + "]}}}}}");
    REQUIRE(answer);
    machine_.answered(*std::move(answer), joining_at);
  }
  // The page of a gap that has to be asked for now, newest event first; with more behind it or not.
  JoiningReader& fetches(const std::string& events, bool more, const std::string& from = "p") {
    const SyncAction action = machine_.poll(joining_at);
    REQUIRE(std::holds_alternative<SyncFetchGap>(action));
    CHECK(std::get<SyncFetchGap>(action).from.str() == from);
    CHECK(std::get<SyncFetchGap>(action).to.str() == "s1");
    const std::string end = more ? R"("end":"q",)" : "";
    machine_.gap_page(*GetMessages::decode(parsed("{" + end + R"("chunk":[)" + events + "]}").root()), joining_at);
    return *this;
  }
  // The homeserver does not let the reader have what was to be fetched.
  JoiningReader& refused() {
    REQUIRE(std::holds_alternative<SyncFetchGap>(machine_.poll(joining_at)));
    machine_.failed(Error(Errc::forbidden, "refused"), joining_at);
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
  const std::string asked_in = own_move("$2", "invite", "") + "," + own_move("$3", "join", "invite");
  const std::string before = said_there("$1") + ",";
  const std::string after = "," + said_there("$4");
  CHECK(JoiningReader(before + asked_in + after, true).told() == "$3$4");
  CHECK(JoiningReader(before + asked_in + after, false).told() == "$3$4");
  CHECK(JoiningReader(before + own_move("$3", "join", "") + after, true).told() == "$3$4");
  CHECK(JoiningReader(before + own_move("$3", "join", "join") + after, false).told() == "$1$3$4");  // a new name
  const std::string knocked = own_move("$1", "knock", "") + "," + own_move("$2", "invite", "knock") + ",";
  CHECK(JoiningReader(knocked + own_move("$3", "join", "invite") + after, true).told() == "$3$4");
  const std::string refused_once = own_move("$0", "invite", "") + "," + own_move("$1", "leave", "invite") + ",";
  CHECK(JoiningReader(refused_once + own_move("$2", "join", "leave") + after, false).told() == "$2$4");
}

TEST_CASE("sync machine: a timeline that begins with the join has no gap before it") {
  const std::string first = own_move("$2", "join", "invite");
  const std::string invite = own_move("$1", "invite", "");
  CHECK(JoiningReader(first + "," + said_there("$3"), true, GapBounds(), invite).told() == "$2$3");
  CHECK(JoiningReader(first, true, GapBounds(), invite).told() == "$2");
  CHECK(JoiningReader(own_move("$2", "join", ""), true).told() == "$2");
  CHECK(JoiningReader(first, false).told() == "$2");
}

TEST_CASE("sync machine: who may have been in before is asked about, from the answer's end to the position") {
  const std::string join = own_move("$8", "join", "invite");
  const std::string end = "," + said_there("$9");
  const std::string invited_again = own_move("$7", "invite", "leave");
  // The page, newest first, says who was in at the position: the first of their moves since then does.
  const std::string put_out = own_move("$6", "leave", "join") + "," + said_there("$5");
  const std::string all = said_there("$9") + "," + join + "," + invited_again + "," + put_out;
  const std::string out_before = said_there("$9") + "," + join + "," + invited_again;
  for (const std::string& page : {all, out_before}) {
    const std::string wanted = page == all ? "$5$6$7$8$9" : "$8$9";
    // The invitation is in the timeline, or beside it (without what was before, as state comes), or nowhere.
    CHECK(JoiningReader(invited_again + "," + join + end, true).fetches(page, false, "s2").told() == wanted);
    const std::string beside = R"({"event_id":"$7","type":"m.room.member","state_key":"@me:b","sender":"@a:b",)"
                               R"("origin_server_ts":1,"content":{"membership":"invite"},)"
                               R"("unsigned":{"replaces_state":"$6"}})";
    CHECK(JoiningReader(join + end, true, GapBounds(), beside).fetches(page, false, "s2").told() == wanted);
    CHECK(JoiningReader(join + end, true).fetches(page, false, "s2").told() == wanted);
  }
  // A timeline reaches back beyond the position: what lies there is no news, nor is what the room was like.
  const std::string long_ago = own_move("$0", "join", "") + "," + said_there("$1") + ",";
  const std::string whole = own_move("$6", "leave", "join") + "," + invited_again + "," + join + end;
  CHECK(JoiningReader(long_ago + said_there("$5") + "," + whole, true).fetches(all, false, "s2").told() ==
        "$5$6$7$8$9");
  CHECK(JoiningReader(long_ago + whole, true).fetches(out_before, false, "s2").told() == "$8$9");
  // Page by page as any gap.
  CHECK(JoiningReader(join + end, true)
            .fetches(said_there("$9") + "," + join, true, "s2")
            .fetches(invited_again + "," + put_out, false, "q")
            .told() == "$5$6$7$8$9");
}

TEST_CASE(
    "sync machine: who came again is told all since their place, in order, once, whatever fails at whichever step") {
  // In one room the timeline reaches back beyond the place, in the other it begins after the reader came again.
  const auto served = [](std::size_t& place) {
    ModelServer server;
    for (const std::string room : {"!a", "!b"}) {
      server.move(room, "join");
      server.say(room, 4);
    }
    place = server.size();
    for (const std::string room : {"!a", "!b"}) {
      server.say(room, 3);
      server.move(room, "leave");
      server.say(room, 1);
      server.move(room, "invite");
      server.move(room, "join");
      server.say(room, room == "!a" ? 2 : 14);
    }
    return server;
  };
  const auto replay = [&](int step, Errc code, int times) {
    CAPTURE(step);
    CAPTURE(errc_name(code));
    std::size_t place = 0;
    ModelServer server = served(place);
    Driver driver(server, options().since(PageToken("s" + std::to_string(place))).user(MatrixUserId("@me:b")));
    driver.first_expected = place;
    driver.server_limit = 14;
    if (step >= 0) driver.fail_at(step, Error(code, "injected"), times);
    REQUIRE(driver.run());
    CHECK(driver.missed == 0);
    CHECK(driver.delivered.size() == server.size() - place);
    for (std::size_t n = place; n < server.size(); ++n) CHECK(driver.delivered.contains(server.id_of(n)));
    CHECK(driver.stored.str() == "s" + std::to_string(server.size()));
    return driver.requests;
  };
  const int steps = replay(-1, Errc::internal, 0);
  REQUIRE(steps > 6);
  for (const Errc code : {Errc::unavailable, Errc::rate_limited, Errc::outcome_unknown, Errc::protocol,
                          Errc::session_expired, Errc::too_large, Errc::internal}) {
    for (int step = 0; step < steps; ++step) {
      for (const int times : {1, 2}) replay(step, code, times);
    }
  }
}

TEST_CASE("sync machine: of who came again, what may not or cannot be fetched is told as missed") {
  const std::string again = own_move("$7", "invite", "leave") + "," + own_move("$8", "join", "invite");
  CHECK(JoiningReader(again + "," + said_there("$9"), true).refused().told() == "?$8$9");
  const std::string page =
      said_there("$9") + "," + own_move("$8", "join", "invite") + "," + own_move("$7", "invite", "leave");
  CHECK(JoiningReader(again + "," + said_there("$9"), true, GapBounds().events(3)).fetches(page, true, "s2").told() ==
        "?$8$9");
}

TEST_CASE("sync machine: what was said before the user left and joined again is news") {
  const std::string stayed = said_there("$1") + "," + own_move("$2", "leave", "join") + "," + said_there("$3") + ",";
  const std::string back = own_move("$4", "invite", "leave") + "," + own_move("$5", "join", "invite");
  CHECK(JoiningReader(stayed + back, false).told() == "$1$2$3$4$5");
  const std::string guest = said_there("$0") + "," + own_move("$1", "join", "leave") + ",";
  CHECK(JoiningReader(guest + own_move("$2", "leave", "join") + "," + said_there("$3"), false).told() == "$1$2$3");
}

TEST_CASE("sync machine: a gap with the join in it begins with the join") {
  const std::string joined = said_there("$3") + "," + own_move("$2", "join", "") + "," + said_there("$1");
  const std::string asked_in = said_there("$3") + "," + own_move("$2", "join", "invite") + "," + said_there("$1");
  const std::string again =
      own_move("$3", "join", "leave") + "," + own_move("$2", "leave", "join") + "," + said_there("$1");
  const auto told = [](const std::string& page, bool over_bounds) {
    const GapBounds bounds = over_bounds ? GapBounds().events(3) : GapBounds();
    return JoiningReader(said_there("$9"), true, bounds).fetches(page, over_bounds).told();
  };
  CHECK(told(joined, false) == "$2$3$9");
  CHECK(told(joined, true) == "$2$3$9");  // what is missing is history
  CHECK(told(asked_in, false) == "$2$3$9");
  CHECK(told(asked_in, true) == "?$2$3$9");  // who knows what they were before they were asked in
  CHECK(told(again, false) == "$1$2$3$9");
  CHECK(told(again, true) == "?$1$2$3$9");
}
