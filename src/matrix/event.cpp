#include "matrix/event.hpp"

#include "util/canonical_json.hpp"

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
  out.content_ = read.object("content").share();
  out.unsigned_ = read.optional_object("unsigned").share();
  out.source_ = event.share();
  return read.finish(std::move(out));
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
