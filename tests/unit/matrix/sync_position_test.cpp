#include "matrix/sync_position.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace confab;
using namespace confab::matrix;

namespace {

std::string text_of(const SyncPosition& position) {
  json::Writer w;
  w.object();
  position.write(w);
  return std::move(w).finish();
}

Result<SyncPosition> read(const std::string& text) {
  auto document = json::parse(text);
  REQUIRE(document);
  return SyncPosition::read(document->root());
}

SyncAnchor anchor(const std::string& room, const std::string& event, std::int64_t time) {
  return SyncAnchor(MatrixRoomId(room), EventId(event), time);
}

}  // namespace

TEST_CASE("sync position: what was written is read") {
  SyncAnchors anchors;
  anchors.note(anchor("!a", "$1", 5));
  anchors.note(anchor("!b", "$2", 7));
  SyncPosition position(PageToken("s12_3"));
  position.anchors(anchors).recent({EventId("$1"), EventId("$2")});
  const auto again = read(text_of(position));
  REQUIRE(again);
  CHECK(again->token().str() == "s12_3");
  REQUIRE(again->anchors().list().size() == 2);
  CHECK(again->anchors().list()[0].event_id().str() == "$2");
  CHECK(again->anchors().list()[0].time() == 7);
  CHECK(again->anchors().list()[1].room_id().str() == "!a");
  REQUIRE(again->recent().size() == 2);
  CHECK(again->recent()[1].str() == "$2");
}

TEST_CASE("sync position: what cannot have been written is refused, and every part is bounded") {
  const std::string good = R"({"position":"s1","anchors":[{"room_id":"!a","event_id":"$1","time":5}],"recent":["$1"]})";
  REQUIRE(read(good));
  for (const char* text :
       {R"({})", R"([])", R"({"position":"","anchors":[],"recent":[]})", R"({"position":7,"anchors":[],"recent":[]})",
        R"({"position":"s1","recent":[]})", R"({"position":"s1","anchors":[]})",
        R"({"position":"s1","anchors":[7],"recent":[]})",
        R"({"position":"s1","anchors":[{"room_id":"!a","event_id":"","time":5}],"recent":[]})",
        R"({"position":"s1","anchors":[{"room_id":"!a","event_id":"$1"}],"recent":[]})",
        R"({"position":"s1","anchors":[],"recent":[7]})", R"({"position":"s1","anchors":[],"recent":[""]})"}) {
    CAPTURE(text);
    const auto wrong = read(text);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code() == Errc::protocol);
  }
  const std::string longest(SyncPosition::most_token_bytes, 's');
  CHECK(read(R"({"position":")" + longest + R"(","anchors":[],"recent":[]})"));
  CHECK_FALSE(read(R"({"position":"s)" + longest + R"(","anchors":[],"recent":[]})"));
  CHECK_FALSE(read(R"({"position":"s1","anchors":[],"recent":["$)" + std::string(300, 'x') + R"("]})"));
  const auto with_recent = [](std::size_t count) {
    std::string ids;
    for (std::size_t i = 0; i < count; ++i) ids += (i == 0 ? "\"$" : ",\"$") + std::to_string(i) + "\"";
    return R"({"position":"s1","anchors":[],"recent":[)" + ids + "]}";
  };
  CHECK(read(with_recent(SyncPosition::most_recent_ids)));
  CHECK_FALSE(read(with_recent(SyncPosition::most_recent_ids + 1)));
  const std::string one = R"({"room_id":"!a","event_id":"$1","time":5})";
  CHECK_FALSE(read(R"({"position":"s1","anchors":[)" + one + "," + one + "," + one + R"(],"recent":[]})"));
}

TEST_CASE("sync anchors: the newest of different rooms") {
  SyncAnchors anchors;
  anchors.note(anchor("!a", "$1", 1));
  anchors.note(anchor("!b", "$2", 9));
  anchors.note(anchor("!c", "$3", 5));
  anchors.note(anchor("!b", "$4", 4));
  REQUIRE(anchors.list().size() == 2);
  CHECK(anchors.list()[0].event_id().str() == "$3");
  CHECK(anchors.list()[1].event_id().str() == "$4");
  SyncAnchors fresh;
  fresh.note(anchor("!c", "$7", 1));
  fresh.follow_with(anchors);
  REQUIRE(fresh.list().size() == 2);
  CHECK(fresh.list()[0].event_id().str() == "$7");
  CHECK(fresh.list()[1].event_id().str() == "$4");
}

TEST_CASE("sync position: a homeserver that went back, as far as its tokens tell") {
  const auto back = [](const char* before, const char* now) { return went_back(PageToken(before), PageToken(now)); };
  CHECK(back("s1007_2_0_1", "s7_2_0_1"));
  CHECK(back("s10", "s9"));
  CHECK(back("m10~2.11_1", "m9~2.12_1"));
  CHECK_FALSE(back("s7_2", "s7_1"));
  CHECK_FALSE(back("s7_2", "s8_2"));
  CHECK_FALSE(back("s9_2", "s10_2"));
  CHECK_FALSE(back("m10~2.11_1", "s9_1"));
  CHECK_FALSE(back("s99x", "s1"));
  CHECK_FALSE(back("t9_2", "t8_2"));
  CHECK_FALSE(back("", "s1"));
  CHECK_FALSE(back("opaque", "other"));
  CHECK_FALSE(back("s99999999999999999999999999", "s1"));
}
