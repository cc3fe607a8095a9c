// GET /sync of FakeMatrix: what is new since a position, and the wait for it.
#include <algorithm>
#include <set>

#include "fake_matrix_state.hpp"

namespace confab::test {
namespace {

struct SyncReader {
  std::string user;
  std::string device;
  std::optional<std::size_t> since;
  std::size_t limit = 10;
  bool senders = false;  // with the memberships of those who said something, told before or not
};

std::string position_token(std::size_t position) { return "s" + std::to_string(position); }

/// The state after the last position before `end`, of the keys that changed after `start`, and the memberships of
/// `senders`.
TestJson state_between(const FakeMatrixState& state, const MatrixRoom& room, std::size_t start, std::size_t end,
                       const std::set<std::string>& senders) {
  std::map<std::pair<std::string, std::string>, std::size_t> last;
  for (const auto position : room.positions) {
    const MatrixEvent& event = state.timeline[position - 1];
    if (position >= end || !event.state_key) continue;
    const bool of_sender = event.type == "m.room.member" && senders.contains(*event.state_key);
    if (position > start || of_sender) last[{event.type, *event.state_key}] = position;
  }
  TestJson out(TestJson::Array{});
  for (const auto& [key, position] : last) out.push(state.client_event(state.timeline[position - 1], {}));
  return out;
}

/// The receipts of everybody in a room, but other users' private ones.
TestJson receipts_of(const MatrixRoom& room, const std::string& reader) {
  TestJson content(TestJson::Object{});
  for (const auto& [user, receipt] : room.receipts) {
    if (receipt.kind == "m.read.private" && user != reader) continue;
    TestJson event = content[receipt.event];
    TestJson kind = event[receipt.kind];
    kind.set(user, TestJson().set("ts", receipt.timestamp));
    content.set(receipt.event, event.set(receipt.kind, kind));
  }
  TestJson events(TestJson::Array{});
  if (!content.as_object().empty()) events.push(TestJson().set("type", "m.receipt").set("content", content));
  return TestJson().set("events", events);
}

/// How much a homeserver's own rules say the reader has not read: what others said, but for notices and edits.
TestJson unread_of(const FakeMatrixState& state, const MatrixRoom& room, const std::string& reader) {
  const auto receipt = room.receipts.find(reader);
  std::int64_t count = 0;
  for (const auto position : room.positions) {
    const MatrixEvent& event = state.timeline[position - 1];
    if (event.type == "m.room.member" && event.state_key == reader) count = 0;  // from the join on
    const bool is_new = receipt == room.receipts.end() || position > receipt->second.position;
    const bool notifies = event.type == "m.room.message" && event.redacted_by.empty() && event.sender != reader &&
                          event.content["msgtype"].as_string() != "m.notice" &&
                          event.content["m.relates_to"]["rel_type"].as_string() != "m.replace";
    if (is_new && notifies) ++count;
  }
  return TestJson().set("notification_count", count).set("highlight_count", 0);
}

/// A room's part of the answer with the positions from `start` (excluded) to `end` (included); none where none are.
/// `joined_since`: the reader came in after their position, which a homeserver calls limited however little there is.
std::optional<TestJson> room_part(const FakeMatrixState& state, const MatrixRoom& room, const SyncReader& reader,
                                  std::size_t start, std::size_t end, bool joined_since = false) {
  std::vector<std::size_t> fresh;
  for (const auto position : room.positions) {
    if (position > start && position <= end) fresh.push_back(position);
  }
  if (fresh.empty()) return std::nullopt;
  const bool too_many = fresh.size() > reader.limit;
  if (too_many) fresh.erase(fresh.begin(), fresh.end() - static_cast<std::ptrdiff_t>(reader.limit));
  TestJson events(TestJson::Array{});
  std::set<std::string> senders;
  for (const auto position : fresh) {
    events.push(state.client_event(state.timeline[position - 1], reader.device));
    if (reader.senders) senders.insert(state.timeline[position - 1].sender);
  }
  const std::size_t first = fresh.empty() ? end + 1 : fresh.front();
  TestJson timeline;
  timeline.set("events", events).set("limited", too_many || joined_since).set("prev_batch", position_token(first - 1));
  TestJson before;
  before.set("events", state_between(state, room, start, first, senders));
  TestJson none;
  none.set("events", TestJson::Array{});
  TestJson part;
  part.set("timeline", timeline).set("state", before).set("account_data", none);
  part.set("ephemeral", reader.since ? none : receipts_of(room, reader.user));
  part.set("unread_notifications", reader.since ? TestJson(TestJson::Object{}) : unread_of(state, room, reader.user));
  return part.set("summary", TestJson::Object{});
}

TestJson invitation(const FakeMatrixState& state, const MatrixRoom& room, const std::string& user) {
  TestJson events(TestJson::Array{});
  const auto add = [&](const MatrixEvent* event) {
    if (event == nullptr) return;
    TestJson stripped;
    stripped.set("type", event->type).set("state_key", event->state_key.value_or("")).set("sender", event->sender);
    events.push(stripped.set("content", event->content));
  };
  for (const char* type : {"m.room.create", "m.room.join_rules", "m.room.name", "m.room.canonical_alias"}) {
    add(state.find_state(room, type, ""));
  }
  const MatrixEvent* const member = state.find_state(room, "m.room.member", user);
  if (member != nullptr) add(state.find_state(room, "m.room.member", member->sender));
  add(member);
  TestJson invite_state;
  invite_state.set("events", events);
  TestJson part;
  return part.set("invite_state", invite_state);
}

/// When the user's present membership began: its first member event in a row with that membership.
std::size_t member_since(const FakeMatrixState& state, const MatrixRoom& room, const std::string& user,
                         const std::string& membership) {
  std::size_t begun = 0;
  for (const auto position : room.positions) {
    const MatrixEvent& event = state.timeline[position - 1];
    if (event.type != "m.room.member" || event.state_key != user) continue;
    if (event.content["membership"].as_string() != membership) {
      begun = 0;
    } else if (begun == 0) {
      begun = position;
    }
  }
  return begun;
}

TestJson build(const FakeMatrixState& state, const SyncReader& reader) {
  TestJson rooms;
  TestJson join;
  TestJson invite;
  TestJson leave;
  for (const auto& [id, room] : state.rooms) {
    const std::string membership = state.membership(room, reader.user);
    if (membership.empty()) continue;
    const std::size_t begun = member_since(state, room, reader.user, membership);
    const bool new_here = !reader.since || begun > *reader.since;
    if (membership == "join") {
      const std::size_t start = new_here ? 0 : *reader.since;
      const bool joined_since = new_here && reader.since;
      if (auto part = room_part(state, room, reader, start, state.timeline.size(), joined_since)) {
        join.set(id, std::move(*part));
      }
    } else if (membership == "invite") {
      if (new_here) invite.set(id, invitation(state, room, reader.user));
    } else if (reader.since && new_here) {
      if (auto part = room_part(state, room, reader, *reader.since, begun)) leave.set(id, std::move(*part));
    }
  }
  if (!join.is_null()) rooms.set("join", join);
  if (!invite.is_null()) rooms.set("invite", invite);
  if (!leave.is_null()) rooms.set("leave", leave);
  TestJson body;
  // Nobody is told of a position of the future, as after a restored database: the answer is the present one.
  const std::size_t reached = state.timeline.size();
  body.set("next_batch", position_token(rooms.is_null() && reader.since ? std::min(*reader.since, reached) : reached));
  if (!rooms.is_null()) body.set("rooms", rooms);
  return body;
}

std::optional<Answer> read_filter(const Request& request, SyncReader& reader) {
  const std::string filter = request.parameter("filter").value_or("");
  if (filter.empty() || filter == "0") return std::nullopt;
  if (filter.front() != '{') return matrix_error(400, "M_INVALID_PARAM", "No such filter");
  const auto parsed = TestJson::parse(filter);
  if (!parsed) return matrix_error(400, "M_NOT_JSON", "Invalid filter JSON");
  const TestJson& limit = (*parsed)["room"]["timeline"]["limit"];
  const TestJson& members = (*parsed)["room"]["state"];
  reader.senders = members["lazy_load_members"].as_bool() && members["include_redundant_members"].as_bool();
  if (limit.as_integer() > 0) reader.limit = static_cast<std::size_t>(limit.as_integer());
  return std::nullopt;
}

Answer sync(FakeMatrixState& state, MatrixCall& call) {
  SyncReader reader{call.token.user, device_scope(call.token), std::nullopt, state.timeline_limit};
  if (auto refused = read_filter(call.request, reader)) return *refused;
  if (const auto since = call.request.parameter("since")) {
    reader.since = since->starts_with('s') ? read_number(std::string_view(*since).substr(1)) : std::nullopt;
    if (!reader.since) return matrix_error(400, "M_UNKNOWN", "Invalid stream token");
  }
  std::size_t timeout = 0;
  if (const auto text = call.request.parameter("timeout")) {
    const auto wanted = read_number(*text);
    if (!wanted) return matrix_error(400, "M_INVALID_PARAM", "Query parameter timeout must be an integer");
    timeout = std::min<std::size_t>(*wanted, 600'000);
  }
  if (!reader.since || timeout == 0) return matrix_ok(build(state, reader));
  const auto ready = [&state, reader, token = call.token_text](bool over) -> std::optional<Answer> {
    const std::scoped_lock lock(state.mutex);
    TestJson body = build(state, reader);
    // A token that dies in the middle ends the poll with 200; the next request hears of it.
    const bool dead = state.tokens.find(token) == state.tokens.end();
    if (over || dead || body.contains("rooms")) return matrix_ok(std::move(body));
    return std::nullopt;
  };
  return Answer::when(ready, std::chrono::milliseconds(timeout));
}

}  // namespace

const std::vector<Route>& sync_routes() {
  static const std::vector<Route> routes = {{"GET", "/_matrix/client/v3/sync", Route::Needs::user, sync}};
  return routes;
}

}  // namespace confab::test
