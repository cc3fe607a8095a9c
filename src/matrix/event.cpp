#include "matrix/event.hpp"

#include "util/canonical_json.hpp"
#include "util/json_skim.hpp"

namespace confab::matrix {
namespace {

constexpr std::int64_t latest_ts = max_canonical_integer;

// What the homeserver adds to every event besides the parts that are known here: hashes, one signature, depth, a
// parent and authorising events by their ids. An underestimate on purpose: the homeserver has the last word.
constexpr std::size_t least_overhead = 300;

}  // namespace

Result<RoomEvent> RoomEvent::decode(const json::Value& event) {
  json::Reader read(event);
  RoomEvent out;
  out.id_ = EventId(std::string(read.non_empty_string("event_id")));
  out.type_ = read.string("type");
  out.sender_ = MatrixUserId(std::string(read.non_empty_string("sender")));
  out.origin_server_ts_ = read.integer("origin_server_ts", -latest_ts, latest_ts);
  if (const auto key = read.optional_string("state_key")) out.state_key_ = std::string(*key);
  if (const auto room = read.optional_string("room_id")) out.room_id_ = MatrixRoomId(std::string(*room));
  out.content_.is(read.object("content").share());
  out.unsigned_.is(read.optional_object("unsigned").share());
  out.source_.is(event.share());
  return read.finish(std::move(out));
}

namespace {

Error wrong_member(std::string_view key, std::string_view kind) {
  return Error(Errc::protocol, "JSON: " + std::string(key) + " must be " + std::string(kind))
      .with_subject(std::string(key));
}

// The members of an event as they are written; empty: not there.
struct Envelope {
  std::string_view id;
  std::string_view type;
  std::string_view sender;
  std::string_view time;
  std::string_view state_key;
  std::string_view room;
  std::string_view content;
  std::string_view unsigned_data;

  explicit Envelope(std::string_view event) {
    for (json::Skim members(event); members.next();) {
      if (std::string_view* const place = place_of(members)) *place = members.value();
    }
  }

 private:
  [[nodiscard]] std::string_view* place_of(const json::Skim& member) {
    if (member.is("event_id")) return &id;
    if (member.is("type")) return &type;
    if (member.is("sender")) return &sender;
    if (member.is("origin_server_ts")) return &time;
    if (member.is("content")) return &content;
    if (member.is("unsigned")) return &unsigned_data;
    if (member.is("state_key")) return &state_key;
    if (member.is("room_id")) return &room;
    return nullptr;
  }
};

bool is_object(std::string_view value) { return value.starts_with('{'); }
bool is_nothing(std::string_view value) { return value.empty() || value == "null"; }

}  // namespace

Result<RoomEvent> RoomEvent::read(std::string_view text) {
  auto copy = std::make_shared<const std::string>(text);
  const std::string_view all = *copy;
  return read(std::move(copy), all);
}

Result<RoomEvent> RoomEvent::read(std::shared_ptr<const std::string> whole, std::string_view part) {
  const Envelope envelope(part);
  auto id = json::text_of(envelope.id);
  if (!id || id->empty()) return wrong_member("event_id", "a string that is not empty");
  auto type = json::text_of(envelope.type);
  if (!type) return wrong_member("type", "a string");
  auto sender = json::text_of(envelope.sender);
  if (!sender || sender->empty()) return wrong_member("sender", "a string that is not empty");
  const auto time = json::integer_of(envelope.time);
  if (!time || *time < -latest_ts || *time > latest_ts) return wrong_member("origin_server_ts", "an integer");
  if (!is_object(envelope.content)) return wrong_member("content", "an object");
  if (!is_nothing(envelope.unsigned_data) && !is_object(envelope.unsigned_data))
    return wrong_member("unsigned", "an object");
  RoomEvent out;
  if (!is_nothing(envelope.state_key)) {
    out.state_key_ = json::text_of(envelope.state_key);
    if (!out.state_key_) return wrong_member("state_key", "a string");
  }
  if (!is_nothing(envelope.room)) {
    auto room = json::text_of(envelope.room);
    if (!room) return wrong_member("room_id", "a string");
    out.room_id_ = MatrixRoomId(*std::move(room));
  }
  out.id_ = EventId(*std::move(id));
  out.type_ = *std::move(type);
  out.sender_ = MatrixUserId(*std::move(sender));
  out.origin_server_ts_ = *time;
  out.source_.at(*whole, part);
  out.content_.at(*whole, envelope.content);
  if (is_object(envelope.unsigned_data)) out.unsigned_.at(*whole, envelope.unsigned_data);
  out.text_ = std::move(whole);
  return out;
}

void RoomEvent::Part::at(std::string_view all, std::string_view part) {
  from_ = static_cast<std::uint32_t>(part.data() - all.data());
  length_ = static_cast<std::uint32_t>(part.size());
}

json::Value RoomEvent::Part::root(std::string_view all) const {
  if (!document_.root() && written()) {
    // What cannot be parsed though it is JSON (half of a surrogate pair) is as good as not there.
    if (auto parsed = json::parse(std::string(text(all)))) document_ = *std::move(parsed);
  }
  return document_.root();
}

std::size_t RoomEvent::bytes() const { return source_.written() ? source_.bytes() : source().source().size(); }

bool RoomEvent::redacted() const {
  if (!unsigned_.written()) return static_cast<bool>(unsigned_data()["redacted_because"]);
  for (json::Skim members(unsigned_.text(text())); members.next();) {
    if (members.is("redacted_because")) return true;
  }
  return false;
}

std::optional<TransactionId> RoomEvent::transaction_id() const {
  const auto id = unsigned_data()["transaction_id"].string_or("");
  if (id.empty()) return std::nullopt;
  return TransactionId(std::string(id));
}

Result<StrippedEvent> StrippedEvent::decode(const json::Value& event) {
  json::Reader read(event);
  StrippedEvent out;
  out.type_ = read.string("type");
  out.state_key_ = read.string("state_key");
  out.sender_ = MatrixUserId(std::string(read.non_empty_string("sender")));
  out.content_ = read.object("content").share();
  return read.finish(std::move(out));
}

EventList EventList::decode(const json::Value& array) {
  EventList list;
  list.events_.reserve(array.size());
  for (const json::Value element : array.elements()) {
    if (auto event = RoomEvent::decode(element)) {
      list.events_.push_back(*std::move(event));
    } else {
      ++list.unreadable_;
    }
  }
  return list;
}

bool surely_fits(std::size_t bytes) noexcept { return bytes + least_overhead <= max_event_bytes; }

Result<void> check_event_size(const json::Value& content, std::size_t envelope_bytes) {
  const auto canonical = canonical_json(content);
  if (!canonical) return canonical.error();
  const std::size_t total = canonical->size() + envelope_bytes + least_overhead;
  if (total > max_event_bytes) {
    return Error(Errc::too_large, "the event would be over the protocol's 65,536 bytes by at least " +
                                      std::to_string(total - max_event_bytes) + "; shorten it")
        .with_subject("content");
  }
  return {};
}

}  // namespace confab::matrix
