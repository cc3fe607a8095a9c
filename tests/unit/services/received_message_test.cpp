#include <confab/received_message.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <confab/event_stream.hpp>

#include "services/timeline.hpp"
#include "util/json.hpp"

using namespace confab;

namespace {

const MatrixRoomId room("!r");
const std::vector<std::string> users = {"@ana:hs", "@ben:hs", "@cyd:hs"};

std::chrono::system_clock::time_point at(int ms) {
  return std::chrono::system_clock::time_point{std::chrono::milliseconds(ms)};
}

ReceivedMessage said(const std::string& id, const std::string& sender, const std::string& body, int time = 1) {
  return {EventId(id), room, MatrixUserId(sender), body, MessageKind::text, at(time)};
}

ChatEvent change(EventKind kind, const std::string& id, const std::string& user, const std::string& target) {
  ChatEvent event(kind, room);
  event.id(EventId(id)).user(MatrixUserId(user)).target(EventId(target));
  return event;
}
ChatEvent edit(const std::string& id, const std::string& user, const std::string& target, const std::string& body,
               int time) {
  ChatEvent event = change(EventKind::edit, id, user, target);
  event.message(said(target, user, body, time));
  return event;
}
ChatEvent reaction(const std::string& id, const std::string& user, const std::string& target, const std::string& key) {
  ChatEvent event = change(EventKind::reaction, id, user, target);
  event.key(key);
  return event;
}
ChatEvent redaction(const std::string& target) {
  return change(EventKind::redaction, "$red-" + target, "@ana:hs", target);
}

// All that a host can see of a message.
std::string seen(const ReceivedMessage& message) {
  std::string out = message.id().str() + '|' + message.sender().str() + '|' + message.sender_name() + '|' +
                    message.body() + '|' + message.formatted_body() + '|' + message_kind_name(message.kind()) + '|' +
                    std::to_string(message.time().time_since_epoch().count()) + '|' +
                    message.relation().reply_to().str() + '|' + message.relation().thread().str() +
                    (message.edited() ? "|edited" : "") + (message.redacted() ? "|redacted" : "");
  for (const Reactions& each : message.reactions()) {
    out += '|' + each.key() + '=';
    for (const MatrixUserId& sender : each.senders()) out += sender.str() + ',';
  }
  return out;
}

}  // namespace

TEST_CASE("ReceivedMessage::apply: an edit by its sender replaces the words; the latest one counts") {
  ReceivedMessage message = said("$1", "@ana:hs", "first");
  CHECK(message.apply(edit("$3", "@ana:hs", "$1", "third", 3)));
  CHECK(message.apply(edit("$2", "@ana:hs", "$1", "second", 2)));
  CHECK(message.body() == "third");
  CHECK(message.edited());
  CHECK(message.time() == at(1));
  CHECK_FALSE(message.apply(edit("$3", "@ana:hs", "$1", "third", 3)));  // the same again
  CHECK(message.apply(edit("$4", "@ana:hs", "$1", "of the same time, of a greater id", 3)));
  CHECK(message.body() == "of the same time, of a greater id");
}

TEST_CASE("ReceivedMessage::apply: what is no valid edit changes nothing") {
  ReceivedMessage message = said("$1", "@ana:hs", "first");
  CHECK_FALSE(message.apply(edit("$2", "@ben:hs", "$1", "by somebody else", 2)));
  CHECK_FALSE(message.apply(edit("$2", "@ana:hs", "$9", "of another message", 2)));
  CHECK_FALSE(message.apply(change(EventKind::edit, "$2", "@ana:hs", "$1")));  // without words
  ChatEvent elsewhere(EventKind::edit, MatrixRoomId("!other"));
  elsewhere.id(EventId("$2"))
      .user(MatrixUserId("@ana:hs"))
      .target(EventId("$1"))
      .message(said("$1", "@ana:hs", "x", 2));
  CHECK_FALSE(message.apply(elsewhere));
  ReceivedMessage hidden(EventId("$1"), room, MatrixUserId("@ana:hs"), "", MessageKind::encrypted, at(1));
  CHECK_FALSE(hidden.apply(edit("$2", "@ana:hs", "$1", "plain", 2)));
  CHECK(message.body() == "first");
  CHECK_FALSE(message.edited());
}

TEST_CASE("ReceivedMessage::apply: a redacted edit gives way to the one before it") {
  ReceivedMessage message = said("$1", "@ana:hs", "first");
  message.apply(edit("$2", "@ana:hs", "$1", "second", 2));
  message.apply(edit("$3", "@ana:hs", "$1", "third", 3));
  CHECK(message.apply(redaction("$3")));
  CHECK(message.body() == "second");
  CHECK(message.apply(redaction("$2")));
  CHECK(message.body() == "first");
  CHECK_FALSE(message.edited());
}

TEST_CASE("ReceivedMessage::apply: reactions count each user once, until they are taken back") {
  ReceivedMessage message = said("$1", "@ana:hs", "first");
  CHECK(message.apply(reaction("$2", "@ben:hs", "$1", "+")));
  CHECK(message.apply(reaction("$3", "@cyd:hs", "$1", "+")));
  CHECK(message.apply(reaction("$4", "@cyd:hs", "$1", "+")));  // twice, by another server's carelessness
  CHECK(message.apply(reaction("$5", "@ana:hs", "$1", "-")));
  CHECK_FALSE(message.apply(reaction("$5", "@ana:hs", "$1", "-")));
  REQUIRE(message.reactions().size() == 2);
  CHECK(message.reactions()[0] == Reactions("+", {MatrixUserId("@ben:hs"), MatrixUserId("@cyd:hs")}));
  CHECK(message.apply(redaction("$4")));
  CHECK(message.reactions()[0].count() == 2);
  CHECK(message.apply(redaction("$3")));
  CHECK(message.reactions()[0].count() == 1);
}

TEST_CASE("ReceivedMessage::apply: nothing is left of a redacted message, and nothing comes to it") {
  ReceivedMessage message = said("$1", "@ana:hs", "first");
  message.formatted_body("<b>first</b>").relation(MessageRelation(EventId("$0"), EventId()));
  message.apply(edit("$2", "@ana:hs", "$1", "second", 2));
  message.apply(reaction("$3", "@ben:hs", "$1", "+"));
  CHECK(message.apply(redaction("$1")));
  CHECK(message.redacted());
  CHECK(message.body().empty());
  CHECK(message.formatted_body().empty());
  CHECK(message.relation() == MessageRelation());
  CHECK(message.kind() == MessageKind::other);
  CHECK_FALSE(message.edited());
  CHECK(message.reactions().empty());
  CHECK_FALSE(message.apply(reaction("$4", "@ben:hs", "$1", "+")));
  CHECK_FALSE(message.apply(edit("$5", "@ana:hs", "$1", "again", 5)));
}

TEST_CASE("ReceivedMessage: edits and reactions are bounded; the latest edits and first reactions stay") {
  ReceivedMessage message = said("$0", "@ana:hs", "first");
  for (int i = 1; i <= 40; ++i)
    message.apply(edit("$e" + std::to_string(i), "@ana:hs", "$0", std::to_string(i), i + 1));
  CHECK(message.body() == "40");
  for (int i = 40; i > 40 - static_cast<int>(ReceivedMessage::most_edits); --i)
    CHECK(message.apply(redaction("$e" + std::to_string(i))));
  CHECK(message.body() == "first");
  for (std::size_t i = 0; i < ReceivedMessage::most_reactions + 10; ++i)
    message.apply(reaction("$r" + std::to_string(i), "@u" + std::to_string(i) + ":hs", "$0", "+"));
  CHECK(message.reactions()[0].count() == ReceivedMessage::most_reactions);
}

namespace {

// A conversation as a homeserver keeps it: events in order, each as JSON; and what history would give of it at the end.
class Conversation {
 public:
  explicit Conversation(unsigned seed) : random_(seed) {}

  // As the memberships beside the events say it.
  static std::string called(const std::string& user) { return "Name of " + user; }
  void grow(int events) {
    for (int i = 0; i < events; ++i) step();
  }
  // What a stream tells, in this order.
  [[nodiscard]] std::vector<matrix::RoomEvent> live() const {
    std::vector<matrix::RoomEvent> events;
    for (const Event& event : events_) events.push_back(decoded(event, false));
    return events;
  }
  // The same events as a homeserver tells them at the end: redacted ones empty, the latest edit beside its message.
  [[nodiscard]] std::vector<ReceivedMessage> history() const {
    std::vector<ReceivedMessage> messages;
    for (const Event& event : events_) {
      if (event.kind != 'm') continue;
      const matrix::RoomEvent now = decoded(event, true);
      std::optional<ReceivedMessage> message = services::message_of(room, now, called(event.sender));
      REQUIRE(message);
      if (const std::optional<ChatEvent> edit = services::bundled_edit(room, now)) message->apply(*edit);
      for (const Event& other : events_) {
        if (other.kind != 'r' || other.target != event.id || other.redacted) continue;
        if (const auto change = services::change_of(room, decoded(other, true))) message->apply(*change);
      }
      messages.push_back(*message);
    }
    return messages;
  }

 private:
  struct Event {
    char kind;  // message, edit, reaction, x: redaction
    std::string id;
    std::string sender;
    std::string target;
    std::string text;
    bool redacted = false;
    int time = 0;
  };
  std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  const Event* any(char kind) {
    std::vector<const Event*> found;
    for (const Event& event : events_) {
      if (event.kind == kind) found.push_back(&event);
    }
    return found.empty() ? nullptr : found[pick(found.size())];
  }
  void add(char kind, const std::string& sender, const std::string& target) {
    const std::string number = std::to_string(events_.size());
    // Clocks of other servers go as they like.
    events_.push_back({kind, "$" + number, sender, target, "text " + number, false, static_cast<int>(pick(50))});
  }
  void step() {
    const std::string sender = users[pick(users.size())];
    const std::size_t what = pick(10);
    const Event* const message = any('m');
    if (message == nullptr || what < 3) return add('m', sender, what == 0 && message ? message->id : "");
    const std::string target = message->id;
    if (what < 6) return add('e', pick(4) == 0 ? sender : message->sender, target);
    if (what < 8) return add('r', sender, target);
    const Event* const victim = any("mer"[pick(3)]);
    if (victim == nullptr || victim->redacted) return;
    const std::string id = victim->id;
    for (Event& event : events_) event.redacted = event.redacted || event.id == id;
    add('x', sender, id);
  }
  [[nodiscard]] const Event* latest_edit(const Event& message) const {
    const Event* latest = nullptr;
    for (const Event& event : events_) {
      if (event.kind != 'e' || event.target != message.id || event.redacted || event.sender != message.sender) continue;
      if (latest == nullptr || std::tie(latest->time, latest->id) < std::tie(event.time, event.id)) latest = &event;
    }
    return latest;
  }
  void write(json::Writer& w, const Event& event, bool at_the_end) const {
    const bool empty = at_the_end && event.redacted;
    w.object().member("event_id", event.id).member("sender", event.sender).member("origin_server_ts", event.time);
    w.member("type", event.kind == 'r' ? "m.reaction" : event.kind == 'x' ? "m.room.redaction" : "m.room.message");
    w.key("content").object();
    if (!empty && event.kind == 'm') {
      w.member("msgtype", "m.notice").member("body", event.text).member("format", "org.matrix.custom.html");
      w.member("formatted_body", "<script>x</script><b>" + event.text);
      if (!event.target.empty()) {
        w.key("m.relates_to").object().key("m.in_reply_to").object().member("event_id", event.target).end().end();
      }
    } else if (!empty && event.kind == 'e') {
      w.member("msgtype", "m.text").member("body", "* " + event.text);
      w.key("m.new_content").object().member("msgtype", "m.text").member("body", event.text).end();
      w.key("m.relates_to").object().member("rel_type", "m.replace").member("event_id", event.target).end();
    } else if (!empty && event.kind == 'r') {
      w.key("m.relates_to").object().member("rel_type", "m.annotation").member("event_id", event.target);
      w.member("key", event.text.back() % 2 == 0 ? "even" : "odd").end();
    } else if (event.kind == 'x') {
      w.member("redacts", event.target);
    }
    w.end().key("unsigned").object();
    if (empty) w.key("redacted_because").object().end();
    const Event* const edit = at_the_end && event.kind == 'm' && !empty ? latest_edit(event) : nullptr;
    if (edit != nullptr) {
      w.key("m.relations").object().key("m.replace");
      write(w, *edit, true);
      w.end();
    }
    w.end().end();
  }
  [[nodiscard]] matrix::RoomEvent decoded(const Event& event, bool at_the_end) const {
    json::Writer w;
    write(w, event, at_the_end);
    return matrix::RoomEvent::decode(json::parse(std::move(w).finish()).value().root()).value();
  }

  std::minstd_rand random_;
  std::vector<Event> events_;
};

}  // namespace

TEST_CASE("history gives the same messages as a stream that was folded to the same point") {
  std::size_t edited = 0;
  std::size_t reacted = 0;
  std::size_t redacted = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Conversation talk(seed);
    talk.grow(static_cast<int>(seed % 60) + 5);
    std::map<std::string, ReceivedMessage> folded;
    for (const matrix::RoomEvent& event : talk.live()) {
      const ChatEvent told = services::chat_event_of(room, event, Conversation::called(event.sender().str()));
      if (told.kind() == EventKind::message) folded.emplace(told.id().str(), *told.message());
      for (auto& [id, message] : folded) message.apply(told);
    }
    const std::vector<ReceivedMessage> history = talk.history();
    CHECK(history.size() == folded.size());
    for (const ReceivedMessage& message : history) {
      const auto live = folded.find(message.id().str());
      REQUIRE(live != folded.end());
      CHECK(seen(message) == seen(live->second));
      edited += message.edited() ? 1U : 0U;
      reacted += message.reactions().empty() ? 0U : 1U;
      redacted += message.redacted() ? 1U : 0U;
    }
  }
  // The conversations held what this is about.
  CHECK(edited > 100);
  CHECK(reacted > 100);
  CHECK(redacted > 100);
}

TEST_CASE("the order in which edits, reactions and redactions of them come does not matter") {
  std::minstd_rand random(7);
  std::vector<ChatEvent> changes;
  for (int i = 0; i < 6; ++i) {
    changes.push_back(edit("$e" + std::to_string(i), "@ana:hs", "$1", "edit " + std::to_string(i), (i * 7) % 5));
    changes.push_back(
        reaction("$r" + std::to_string(i), users[static_cast<std::size_t>(i) % 3], "$1", i % 2 == 0 ? "+" : "-"));
  }
  std::optional<std::string> first;
  for (int round = 0; round < 200; ++round) {
    std::shuffle(changes.begin(), changes.end(), random);
    ReceivedMessage message = said("$1", "@ana:hs", "first");
    for (const ChatEvent& each : changes) message.apply(each);
    message.apply(redaction("$e4"));
    message.apply(redaction("$r1"));
    if (!first) first = seen(message);
    CHECK(seen(message) == *first);
  }
}
