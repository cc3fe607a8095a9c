#include "matrix/sync_position.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {

// "s1234_5_6" is 's' and 1234; "m56~2.58_7" is 'm' and 56, which is the least of its writers.
std::optional<std::pair<char, std::uint64_t>> event_number(std::string_view token) {
  if (token.size() < 2 || (token.front() != 's' && token.front() != 'm')) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = token.data() + token.size();
  const auto read = std::from_chars(token.data() + 1, end, number);
  const bool delimited = read.ptr == end || *read.ptr == '_' || *read.ptr == '~';
  if (read.ec != std::errc() || !delimited) return std::nullopt;
  return std::pair(token.front(), number);
}

bool is_identifier(std::string_view text) { return !text.empty() && text.size() <= max_identifier_bytes; }

}  // namespace

void SyncAnchors::note(SyncAnchor anchor) {
  std::erase_if(list_, [&](const SyncAnchor& other) { return other.room_id() == anchor.room_id(); });
  const auto behind =
      std::find_if(list_.begin(), list_.end(), [&](const SyncAnchor& other) { return other.time() <= anchor.time(); });
  const auto at = behind - list_.begin();
  if (at == std::ptrdiff_t{most}) return;
  list_.reserve(most);  // no more: each stream has these lists
  if (list_.size() == most) list_.pop_back();
  list_.insert(list_.begin() + at, std::move(anchor));
}

void SyncAnchors::follow_with(const SyncAnchors& older) {
  for (const SyncAnchor& anchor : older.list_) {
    if (list_.size() >= most) return;
    const bool has_room = std::any_of(list_.begin(), list_.end(),
                                      [&](const SyncAnchor& other) { return other.room_id() == anchor.room_id(); });
    if (!has_room) list_.push_back(anchor);
  }
}

void SyncPosition::write(json::Writer& w) const {
  w.member("position", token_.str()).key("anchors").array();
  for (const SyncAnchor& anchor : anchors_.list()) {
    w.object().member("room_id", anchor.room_id().str()).member("event_id", anchor.event_id().str());
    w.member("time", anchor.time()).end();
  }
  w.end().key("recent").array();
  for (const EventId& id : recent_) w.value(id.str());
  w.end();
}

Result<SyncPosition> SyncPosition::read(const json::Value& object) {
  json::Reader read(object);
  const std::string_view token = read.non_empty_string("position");
  if (token.size() > most_token_bytes) read.fail(object.wrong("position", "shorter"));
  SyncPosition position{PageToken(std::string(token))};
  const json::Value anchors = read.array("anchors");
  if (anchors.size() > SyncAnchors::most) read.fail(object.wrong("anchors", "fewer"));
  for (const json::Value anchor : anchors.elements()) {
    json::Reader fields(anchor);
    const std::string_view room = fields.non_empty_string("room_id");
    const std::string_view event = fields.non_empty_string("event_id");
    const std::int64_t time = fields.integer("time");
    if (!is_identifier(room) || !is_identifier(event)) fields.fail(anchor.wrong("of ids"));
    if (fields.failed()) {
      read.fail(fields.error());
      break;
    }
    // As they were written: newest first, whatever their times say.
    SyncAnchors one;
    one.note(SyncAnchor(MatrixRoomId(std::string(room)), EventId(std::string(event)), time));
    position.anchors_.follow_with(one);
  }
  const json::Value recent = read.array("recent");
  if (recent.size() > most_recent_ids) read.fail(object.wrong("recent", "fewer"));
  for (const json::Value id : recent.elements()) {
    if (!is_identifier(id.string_or(""))) {
      read.fail(object.wrong("recent", "a list of event ids"));
      break;
    }
    position.recent_.emplace_back(std::string(id.string_or("")));
  }
  return read.finish(std::move(position));
}

bool went_back(const PageToken& before, const PageToken& now) {
  const auto was = event_number(before.str());
  const auto is = event_number(now.str());
  // A token with several writers says less than one without: only like is compared with like.
  return was && is && was->first == is->first && is->second < was->second;
}

}  // namespace confab::matrix
