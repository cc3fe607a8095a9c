#include "matrix/sync_cutter.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "util/json.hpp"

using namespace confab;
using namespace confab::matrix;

namespace {

// What came of an answer, written down.
struct Cut {
  std::string told;
  std::optional<Error> error;

  explicit Cut(std::string_view text, std::size_t chunk = std::string_view::npos) {
    SyncCutter cutter([this](RoomPiece piece) { note(piece); });
    bool sound = true;
    for (std::size_t at = 0; sound && at < text.size(); at += chunk == std::string_view::npos ? text.size() : chunk) {
      sound = cutter.feed(text.substr(at, chunk));
    }
    CHECK(sound == !cutter.error().has_value());
    end(cutter.finish());
  }
  Cut(std::string_view first, std::string_view second) {
    SyncCutter cutter([this](RoomPiece piece) { note(piece); });
    if (cutter.feed(first)) (void)cutter.feed(second);
    end(cutter.finish());
  }

 private:
  void note(const RoomPiece& piece) {
    told += piece.part() == RoomPart::joined ? "join " : piece.part() == RoomPart::invited ? "invite " : "leave ";
    told += piece.room_id().str() + (piece.limited() ? " limited " : " ");
    if (piece.prev_batch()) told += "from " + piece.prev_batch()->str() + " ";
    for (std::size_t at = 0; at < piece.events(); ++at) {
      const auto event = piece.event(at);
      told += event ? event->id().str() + event->source().to_json() + event->content().to_json() : "?";
    }
    told += piece.ephemeral().root().to_json() + piece.invite_state().root().to_json();
    for (std::size_t at = 0; at < piece.members(); ++at) {
      if (const auto member = RoomEvent::read(piece.member_text(at))) told += " member " + member->source().to_json();
    }
    told += "\n";
  }
  void end(const Result<PageToken>& next) {
    if (next) {
      told += "next " + next->str();
    } else {
      error = next.error();
    }
  }
};

// The same by way of a whole document.
std::string by_document(const std::string& text) {
  const auto document = json::parse(text);
  REQUIRE(document);
  const json::Value root = document->root();
  std::string told;
  for (const auto& [name, value] : root["rooms"].members()) {
    if (name != "join" && name != "invite" && name != "leave") continue;
    for (const auto& [room, body] : value.members()) {
      const json::Value timeline = name == "invite" ? json::Value() : body["timeline"];
      told += std::string(name) + " " + std::string(room);
      told += timeline["limited"].boolean_or(false) ? " limited " : " ";
      if (!timeline["prev_batch"].string_or("").empty()) {
        told += "from " + std::string(timeline["prev_batch"].string_or("")) + " ";
      }
      for (const json::Value element : timeline["events"].elements()) {
        const auto event = RoomEvent::decode(element);
        told += event ? event->id().str() + event->source().to_json() + event->content().to_json() : "?";
      }
      told += name == "invite" ? "null" : body["ephemeral"]["events"].to_json();
      told += (name == "invite" ? body["invite_state"]["events"] : json::Value()).to_json();
      for (const json::Value element : body["state"]["events"].elements()) {
        const auto event = RoomEvent::decode(element);
        if (name != "invite" && event && event->source().to_json().find("\"m.room.member\"") != std::string::npos) {
          told += " member " + event->source().to_json();
        }
      }
      told += "\n";
    }
  }
  return told + "next " + std::string(root["next_batch"].string_or(""));
}

constexpr std::string_view everything = R"( { "device_lists":{"changed":["@a:b"]}, "next_batch" : "s\u0031_2" ,
 "presence":{"events":[{"type":"m.presence","content":{"rooms":{"join":{}}}}]},"rooms":{"knock":{"!k:e":{"knock_state":{}}},
 "leave":{"!l:e":{"timeline":{"events":[],"limited":false,"prev_batch":null}}},
 "join":{"!j\u00e9:e":{"summary":{"m.heroes":[]},"state":{"events":[{"event_id":"$s"},7,{"event_id":"$m",
   "type":"m.room.member","sender":"@a:b","state_key":"@a:b","origin_server_ts":1,"content":{"displayname":"A ]}"}},"x",
   {"event_id":"$n","type":"m.room.name","sender":"@a:b","state_key":"","origin_server_ts":1,"content":{}}]},"account_data":{"events":[{}]},
  "timeline":{"prev_batch":"t1\/2","events":[{"event_id":"$1","type":"m.room.message","sender":"@a:b",
   "origin_server_ts":12,"content":{"body":"a \"quoted\" \\ {[é🎉"},"unsigned":{"age":1}} , 5,"x",null,
   {"broken":[[]]} ,[ ]],"limited":true,"org.example":{"events":[1]}},
  "ephemeral":{"events":[{"type":"m.typing","content":{"user_ids":["@a:b"]}}]},"unread_notifications":{}}, "!quiet:e":{},
  "!nulls:e":{"timeline":null,"ephemeral":null}},
 "invite":{"!i:e":{"timeline":{"events":[{}]},"invite_state":{"events":[{"type":"m.room.name","state_key":""}]}}}} } )";

std::string one(const std::string& rooms) { return R"({"next_batch":"s1","rooms":{)" + rooms + "}}"; }

}  // namespace

TEST_CASE("sync cutter: the same, whole, byte by byte, and split anywhere") {
  const Cut whole(everything);
  REQUIRE_FALSE(whole.error);
  CHECK(whole.told == by_document(std::string(everything)));
  CHECK(whole.told.find("join !j\xc3\xa9:e limited from t1/2 $1{") != std::string::npos);
  CHECK(whole.told.find(" member {\"event_id\":\"$m\"") != std::string::npos);
  CHECK(whole.told.find("$n") == std::string::npos);
  CHECK(whole.told.ends_with("next s1_2"));
  for (const std::size_t chunk : {1U, 2U, 3U, 7U, 64U}) CHECK(Cut(everything, chunk).told == whole.told);
  for (std::size_t at = 0; at <= everything.size(); ++at) {
    CAPTURE(at);
    const Cut split(everything.substr(0, at), everything.substr(at));
    CHECK(split.told == whole.told);
  }
}

TEST_CASE("sync cutter: cut anywhere, an answer has no position, and only whole rooms have come of it") {
  const std::size_t last = everything.rfind('}');
  const std::string all = Cut(everything).told;
  for (std::size_t at = 0; at <= last; ++at) {
    CAPTURE(at);
    const Cut cut(everything.substr(0, at));
    REQUIRE(cut.error);
    CHECK(cut.error->code() == Errc::protocol);
    CHECK(all.starts_with(cut.told));
    CHECK((cut.told.empty() || cut.told.back() == '\n'));
  }
}

TEST_CASE("sync cutter: what is no answer is refused, naming the place") {
  const std::pair<const char*, const char*> wrong[] = {
      {R"([])", "the whole value"},
      {R"("x")", "the whole value"},
      {R"(null)", "the whole value"},
      {R"({})", "next_batch"},
      {R"({"next_batch":""})", "next_batch"},
      {R"({"next_batch":5})", "next_batch"},
      {R"({"next_batch":null})", "next_batch"},
      {R"({"next_batch":["s"]})", "next_batch"},
      {R"({"next_batch":"s","next_batch":"t"})", "next_batch"},
      {R"({"next_batch":"s","rooms":[]})", "rooms"},
      {R"({"next_batch":"s","rooms":"x"})", "rooms"},
      {R"({"next_batch":"s","rooms":7})", "rooms"},
      {R"({"next_batch":"s","rooms":{},"rooms":{}})", "rooms"},
      {R"({"next_batch":"s","rooms":{"join":[]}})", "rooms.join"},
      {R"({"next_batch":"s","rooms":{"leave":"x"}})", "rooms.leave"},
      {R"({"next_batch":"s","rooms":{"invite":true}})", "rooms.invite"},
      {R"({"next_batch":"s","rooms":{"join":{},"join":{}}})", "rooms.join"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":[]}}})", "rooms.join.!r"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":"x"}}})", "rooms.join.!r"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":null}}})", "rooms.join.!r"},
      {R"({"next_batch":"s","rooms":{"join":{"!a b":5}}})", "rooms.join.*"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":[]}}}})", "rooms.join.!r.timeline"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":1}}}})", "rooms.join.!r.timeline"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":{},"timeline":{}}}}})", "rooms.join.!r.timeline"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":{"events":{}}}}}})", "rooms.join.!r.timeline.events"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":{"events":"x"}}}}})", "rooms.join.!r.timeline.events"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":{"limited":"x"}}}}})", "rooms.join.!r.timeline.limited"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":{"limited":1}}}}})", "rooms.join.!r.timeline.limited"},
      {R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":{"prev_batch":1}}}}})",
       "rooms.join.!r.timeline.prev_batch"},
      {R"({"next_batch":"s","rooms":{"leave":{"!r":{"ephemeral":{"events":1}}}}})", "rooms.leave.!r.ephemeral.events"},
      {R"({"next_batch":"s","rooms":{"invite":{"!r":{"invite_state":5}}}})", "rooms.invite.!r.invite_state"},
  };
  for (const auto& row : wrong) {
    const std::string text(row.first);  // clang 14 captures no structured binding
    const std::string subject(row.second);
    CAPTURE(text);
    for (const std::size_t chunk : {std::string_view::npos, std::size_t{1}}) {
      const Cut cut(text, chunk);
      REQUIRE(cut.error);
      CHECK(cut.error->code() == Errc::protocol);
      CHECK(cut.error->subject() == subject);
    }
  }
  CHECK(Cut(one(R"("join":{"":{}})")).error);
  for (const char* text :
       {"", "<html>", R"({"next_batch":"s"]})", R"({"next_batch":"s"}{})", "{\"next_batch\":\"\xff\"}",
        R"({"next_batch":"s","presence":{"events":[{]}})", R"({"next_batch":"\ud800"})"}) {
    CAPTURE(text);
    REQUIRE(Cut(text).error);
    CHECK(Cut(text).error->code() == Errc::protocol);
    // Nothing of an answer is ever quoted.
    CHECK(Cut(text).error->message().find("html") == std::string_view::npos);
  }
}

TEST_CASE("sync cutter: bounds") {
  const std::string long_name(max_sync_token_bytes + 1, 'x');
  CHECK(Cut(one(R"("join":{"!)" + long_name + R"(":{}})")).error->code() == Errc::protocol);
  CHECK(Cut(R"({"next_batch":")" + long_name + "\"}", 100).error->code() == Errc::protocol);
  // What is passed over may be as large as it likes.
  CHECK_FALSE(Cut(R"({"next_batch":"s","account_data":{"x":")" + std::string(1U << 20U, 'x') + "\"}}", 4096).error);
  const std::string event = R"({"event_id":"$1","content":{"x":")" + std::string(1U << 20U, 'x') + "\"}}";
  std::string events;
  for (std::size_t bytes = 0; bytes <= max_piece_bytes; bytes += event.size()) events += event + ",";
  events += "1";
  const Cut large(one(R"("join":{"!r":{"timeline":{"events":[)" + events + "]}}}"), 65536);
  REQUIRE(large.error);
  CHECK(large.error->code() == Errc::too_large);
}

TEST_CASE("sync cutter: of memberships so much is kept, and many more are no reason to refuse an answer") {
  const std::string member = R"({"event_id":"$m","type":"m.room.member","sender":"@a:b","state_key":"@a:b",)"
                             R"("origin_server_ts":1,"content":{"displayname":")" +
                             std::string(1000, 'x') + "\"}}";
  std::string members = member;
  for (std::size_t bytes = 0; bytes <= max_piece_bytes; bytes += member.size()) members += "," + member;
  std::size_t kept = 0;
  std::size_t bytes = 0;
  SyncCutter cutter([&](const RoomPiece& piece) {
    kept = piece.members();
    bytes = piece.bytes();
  });
  CHECK(cutter.feed(one(R"("join":{"!r":{"state":{"events":[)" + members + "]}}}")));
  CHECK(cutter.finish().has_value());
  CHECK(kept == max_member_bytes / member.size());
  CHECK(bytes < 2 * max_member_bytes);
}

TEST_CASE("sync cutter: a membership is found wherever its type stands in it") {
  for (std::size_t before = 0; before <= 40; ++before) {
    for (const std::size_t behind : {0U, 1U, 2U, 13U, 14U, 15U, 16U, 17U, 31U, 60U}) {
      // Full stops as far apart as in what is looked for, and nearly the same words, are not enough.
      const std::string pad = std::string(before, '.') + "m.room.mem\":\"m.room.members\",\"" +
                              std::string(before, 'x') + std::string(before % 12, '.');
      const std::string rest(behind, before % 2 == 0 ? 'y' : '.');
      std::string events;
      for (const char* const type :
           {"m.room.member", "m.room.membe", "m.room.member", "xm.room.member", "m.room.create"})
        events += (events.empty() ? "" : ",") + ("{\"" + pad + "\":\"" + type + "\",\"" + rest + "\":1}");
      std::size_t kept = 0;
      SyncCutter cutter([&](const RoomPiece& piece) {
        kept = piece.members();
        for (std::size_t at = 0; at < kept; ++at) CHECK(piece.member_text(at).find("\"m.room.member\"") < 200);
      });
      CHECK(cutter.feed(one(R"("join":{"!r":{"state":{"events":[)" + events + "]}}}")));
      CHECK(cutter.finish().has_value());
      CHECK(kept == 2);
    }
  }
}

namespace {

// Answers as no homeserver would write them.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}
  std::string answer() {
    std::string rooms;
    for (const char* part : {"join", "knock", "invite", "leave"}) {
      if (chance(3)) continue;
      std::string inside;
      for (unsigned n = pick(4); n > 0; --n) add(inside, string("!" + std::to_string(n)) + ":" + room());
      add(rooms, string(part) + ":{" + inside + "}");
    }
    std::string all;
    if (chance(2)) add(all, string("presence") + ":" + value(3));
    const bool position_first = chance(2);
    if (position_first) add(all, string("next_batch") + ":\"s1\"");
    add(all, string("rooms") + ":{" + rooms + "}");
    if (!position_first) add(all, string("next_batch") + ":\"s1\"");
    return "{" + all + "}";
  }

 private:
  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  bool chance(unsigned one_in) { return pick(one_in) == 0; }
  void add(std::string& list, const std::string& item) {
    if (!list.empty()) list += chance(3) ? " ,\n" : ",";
    list += item;
  }
  // A string whose first character may be escaped.
  std::string string(const std::string& text) {
    if (!chance(8) || text.empty() || text[0] < 'a' || text[0] > 'o') return "\"" + text + "\"";
    static constexpr std::string_view hex = "0123456789abcdef";
    return std::string("\"\\u006") + hex[static_cast<std::size_t>(text[0] - '`')] + text.substr(1) + "\"";
  }
  std::string room() {
    std::string inside;
    if (!chance(4)) add(inside, string("timeline") + ":" + timeline());
    if (chance(2)) add(inside, string("ephemeral") + R"(:{"events":[)" + value(2) + "]}");
    if (chance(2)) add(inside, string("invite_state") + R"(:{"events":[)" + value(2) + "," + event() + "]}");
    if (chance(2)) add(inside, string("state") + R"(:{"events":[)" + member() + "," + value(2) + "," + member() + "]}");
    return "{" + inside + "}";
  }
  std::string member() {
    return R"({"type":")" + std::string(chance(3) ? "m.room.name" : "m.room.member") + "\"," + event().substr(1);
  }
  std::string timeline() {
    std::string events;
    for (unsigned n = pick(5); n > 0; --n) add(events, chance(5) ? value(2) : event());
    std::string inside = string("events") + ":[" + events + "]";
    if (chance(2)) add(inside, string("limited") + (chance(2) ? ":true" : ":false"));
    if (chance(2)) add(inside, string("prev_batch") + (chance(4) ? ":null" : ":\"p\\n1\""));
    if (chance(3)) add(inside, string("more") + ":" + value(3));
    return "{" + inside + "}";
  }
  std::string event() {
    std::string inside;
    if (!chance(12)) add(inside, string("event_id") + (chance(12) ? ":5" : ":\"$" + std::to_string(pick(99)) + "\""));
    add(inside, string("type") + ":" + (chance(12) ? value(1) : string("m.x")));
    add(inside, string("sender") + R"(:"@a\u00e9:b")");
    add(inside, string("origin_server_ts") + ":" + (chance(12) ? "1.5" : "-" + std::to_string(pick(1000))));
    add(inside, string("content") + ":" + (chance(12) ? value(3) : "{\"x\":" + value(3) + "}"));
    if (chance(3)) add(inside, string("unsigned") + ":" + (chance(4) ? "null" : value(2)));
    if (chance(3)) add(inside, string("state_key") + ":" + value(0));
    if (chance(6)) add(inside, string("type") + ":" + string("m.again"));
    return "{" + inside + "}";
  }
  std::string value(unsigned depth) {
    switch (pick(depth == 0 ? 5 : 7)) {
      case 0:
        return "null";
      case 1:
        return chance(2) ? "true" : "-1.25e2";
      case 2:
        return R"("]}\"{[,\\")";
      case 3:
        return "\"\xc3\xa9\xf0\x9f\x8e\x89\"";
      case 4:
        return "0";
      case 5:
        return "[" + value(depth - 1) + " , " + value(depth - 1) + "]";
      default:
        return "{" + string("events") + ":" + value(depth - 1) + "}";
    }
  }
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("sync cutter: finds in generated answers what a whole document holds") {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    const std::string text = Generator(seed).answer();
    CAPTURE(text);
    const Cut cut(text, 1 + seed % 50);
    REQUIRE_FALSE(cut.error);
    CHECK(cut.told == by_document(text));
  }
}

TEST_CASE("sync cutter: events share their room's text where that is small and mostly theirs") {
  const auto room_of = [](std::size_t words, std::size_t beside) {
    const std::string event =
        R"({"event_id":"$1","sender":"@a:b","origin_server_ts":1,"type":"m.room.message","content":{"body":")" +
        std::string(words, 'x') + "\"}}";
    const std::string member =
        R"({"type":"m.room.member","state_key":"@a:b","content":{"displayname":")" + std::string(beside, 'y') + "\"}}";
    return R"({"next_batch":"s","rooms":{"join":{"!r":{"timeline":{"events":[)" + event + R"(]},"state":{"events":[)" +
           member + "]}}}}}";
  };
  const auto shares = [&](std::size_t words, std::size_t beside) {
    bool shared = false;
    SyncCutter cutter([&](RoomPiece piece) {
      REQUIRE(piece.events() == 1);
      const std::string_view text = piece.event_text(0);
      const Result<RoomEvent> event = piece.event(0);
      REQUIRE(event);
      const std::string_view content = event->content_text();
      CHECK(content == text.substr(text.find("{\"body\""), content.size()));
      CHECK(event->bytes() == text.size());
      shared = content.data() > text.data() && content.data() < text.data() + text.size();
      const RoomEvent kept = *event;
      { const RoomPiece gone = std::move(piece); }
      CHECK(kept.content()["body"].string_or("").size() == words);
    });
    REQUIRE(cutter.feed(room_of(words, beside)));
    REQUIRE(cutter.finish());
    return shared;
  };
  CHECK(shares(1000, 200));
  CHECK_FALSE(shares(200, 1000));
  CHECK(shares(largest_shared_text - 1000, 0));
  CHECK_FALSE(shares(largest_shared_text, 0));
}
