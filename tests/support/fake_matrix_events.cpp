// Messages, state and history of FakeMatrix.
#include <algorithm>

#include "fake_matrix_state.hpp"

namespace confab::test {
namespace {

constexpr std::size_t max_event_bytes = 65536;

/// The room if the caller is in it; a real server tells strangers and unknown rooms apart by nothing.
MatrixRoom* joined(FakeMatrixState& state, const MatrixCall& call) {
  MatrixRoom* const room = state.find_room(call.stars[0]);
  return room != nullptr && state.membership(*room, call.token.user) == "join" ? room : nullptr;
}

Answer not_in_room() { return matrix_error(403, "M_FORBIDDEN", "User not in room"); }

Answer event_answer(const std::string& id) {
  TestJson body;
  return matrix_ok(body.set("event_id", id));
}

std::optional<Answer> refuse_content(const MatrixCall& call, std::string_view type) {
  if (call.body.has_float()) return matrix_error(400, "M_BAD_JSON", "Bad JSON value: float");
  if (call.body.dump().size() + type.size() > max_event_bytes) {
    return matrix_error(413, "M_TOO_LARGE", "event too large");
  }
  return std::nullopt;
}

/// Where a transaction id counts: the device, or for a token without one the token, and the room.
std::string transaction_key(const MatrixCall& call, const std::string& transaction) {
  const std::string device = device_scope(call.token);
  return (device.empty() ? "token|" + call.token_text : device) + '|' + call.stars[0] + '|' + transaction;
}

/// The same in the memory of the process, which takes all users of an application service for one.
std::string process_key(const FakeMatrixState& state, const MatrixCall& call, const std::string& transaction) {
  if (!state.is_appservice(call)) return transaction_key(call, transaction);
  return "appservice|" + call.stars[0] + '|' + transaction;
}

const std::string* known_transaction(const FakeMatrixState& state, const MatrixCall& call,
                                     const std::string& transaction) {
  const auto remembered = state.transactions.find(process_key(state, call, transaction));
  if (remembered != state.transactions.end()) return &remembered->second;
  const auto kept = state.durable_transactions.find(transaction_key(call, transaction));
  return kept == state.durable_transactions.end() ? nullptr : &kept->second;
}

std::string remember(FakeMatrixState& state, const MatrixCall& call, const std::string& transaction,
                     const std::string& id) {
  state.transactions[process_key(state, call, transaction)] = id;
  if (!call.token.device.empty()) state.durable_transactions[transaction_key(call, transaction)] = id;
  MatrixEvent& event = state.timeline.back();
  event.transaction_id = transaction;
  event.device = device_scope(call.token);
  return id;
}

bool relates(const MatrixEvent& event, std::string_view rel_type, std::string_view target) {
  const TestJson& relation = event.content["m.relates_to"];
  return relation["rel_type"].as_string() == rel_type && relation["event_id"].as_string() == target;
}

bool is_known_reaction(const FakeMatrixState& state, const MatrixRoom& room, const MatrixCall& call) {
  const TestJson& wanted = call.body["m.relates_to"];
  return std::any_of(room.positions.begin(), room.positions.end(), [&](std::size_t position) {
    const MatrixEvent& event = state.timeline[position - 1];
    return event.sender == call.token.user && relates(event, "m.annotation", wanted["event_id"].as_string()) &&
           event.content["m.relates_to"]["key"].as_string() == wanted["key"].as_string();
  });
}

Answer send(FakeMatrixState& state, MatrixCall& call) {
  const std::string& type = call.stars[1];
  const std::string& transaction = call.stars[2];
  if (const auto* known = known_transaction(state, call, transaction)) return event_answer(*known);
  MatrixRoom* const room = joined(state, call);
  if (room == nullptr) return not_in_room();
  if (auto refused = refuse_content(call, type)) return *refused;
  if (type == "m.room.message" && !call.body["msgtype"].is_string()) {
    return matrix_error(400, "M_UNKNOWN", "'msgtype' not in content");
  }
  if (state.level_of(*room, call.token.user) < state.level_for_event(*room, type, false)) {
    return matrix_error(403, "M_FORBIDDEN", "You don't have permission to post that to the room.");
  }
  if (type == "m.reaction" && is_known_reaction(state, *room, call)) {
    return matrix_error(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice");
  }
  const std::string id = state.append(*room, call.token.user, type, std::nullopt, call.body);
  return event_answer(remember(state, call, transaction, id));
}

Answer redact(FakeMatrixState& state, MatrixCall& call) {
  const std::string& target = call.stars[1];
  const std::string& transaction = call.stars[2];
  if (const auto* known = known_transaction(state, call, transaction)) return event_answer(*known);
  MatrixRoom* const room = joined(state, call);
  if (room == nullptr) return not_in_room();
  const auto place = std::find_if(room->positions.begin(), room->positions.end(),
                                  [&](std::size_t position) { return state.timeline[position - 1].id == target; });
  if (place == room->positions.end()) return matrix_error(404, "M_NOT_FOUND", "Could not find event");
  MatrixEvent& event = state.timeline[*place - 1];
  if (event.sender != call.token.user &&
      state.level_of(*room, call.token.user) < state.level_for(*room, "redact", 50)) {
    return matrix_error(403, "M_FORBIDDEN", "You don't have permission to redact events");
  }
  event.content = TestJson(TestJson::Object{});
  TestJson content = call.body;
  const std::size_t at = *place;  // appending moves the events
  const std::string id =
      state.append(*room, call.token.user, "m.room.redaction", std::nullopt, content.set("redacts", target));
  state.timeline[at - 1].redacted_by = id;
  return event_answer(remember(state, call, transaction, id));
}

std::optional<Answer> refuse_levels(const FakeMatrixState& state, const MatrixRoom& room, const MatrixCall& call) {
  const auto own = state.level_of(room, call.token.user);
  for (const auto& [user, level] : call.body["users"].as_object()) {
    if (!level.is_integer()) return matrix_error(400, "M_BAD_JSON", "Invalid power_levels event content");
    if (room.creators_rule && room.creators.count(user) != 0) {
      return matrix_error(400, "M_UNKNOWN", "Creator user must not appear in content.users");
    }
    if (user.find(':') == std::string::npos) return matrix_error(400, "M_UNKNOWN", "Not a user id");
    if (level.as_integer() > own) {
      return matrix_error(403, "M_FORBIDDEN", "You don't have permission to add ops level greater than your own");
    }
  }
  return std::nullopt;
}

Answer put_state(FakeMatrixState& state, MatrixCall& call) {
  const std::string& type = call.stars[1];
  const std::string key = call.stars.size() > 2 ? call.stars[2] : std::string();
  MatrixRoom* const room = joined(state, call);
  if (room == nullptr) return not_in_room();
  if (auto refused = refuse_content(call, type)) return *refused;
  if (state.level_of(*room, call.token.user) < state.level_for_event(*room, type, true) ||
      (key.starts_with('@') && key != call.token.user && type != "m.room.member")) {
    return matrix_error(403, "M_FORBIDDEN", "You don't have permission to post that to the room.");
  }
  if (type == "m.room.power_levels") {
    if (auto refused = refuse_levels(state, *room, call)) return *refused;
  }
  return event_answer(state.append(*room, call.token.user, type, key, call.body));
}

Answer get_state(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = joined(state, call);
  if (room == nullptr) return not_in_room();
  const MatrixEvent* const event =
      state.find_state(*room, call.stars[1], call.stars.size() > 2 ? call.stars[2] : std::string());
  if (event == nullptr) return matrix_error(404, "M_NOT_FOUND", "Event not found.");
  if (call.request.parameter("format") == "event") return matrix_ok(state.client_event(*event, {}));
  return matrix_ok(event->content);
}

Answer get_all_state(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = joined(state, call);
  if (room == nullptr) return not_in_room();
  TestJson list(TestJson::Array{});
  for (const auto& [key, position] : room->state) list.push(state.client_event(state.timeline[position - 1], {}));
  return Answer(200, list.dump());
}

Answer get_event(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = joined(state, call);
  if (room != nullptr) {
    for (const auto position : room->positions) {
      const MatrixEvent& event = state.timeline[position - 1];
      if (event.id == call.stars[1]) return matrix_ok(state.client_event(event, device_scope(call.token)));
    }
  }
  return matrix_error(404, "M_NOT_FOUND", "Event not found.");
}

std::optional<std::size_t> read_position(const std::string& token) {
  return token.starts_with('s') ? read_number(std::string_view(token).substr(1)) : std::nullopt;
}

/// Of a room event filter: types, senders, related_by_rel_types.
class EventFilter {
 public:
  explicit EventFilter(const std::string& text) : filter_(TestJson::parse(text).value_or(TestJson())) {}
  [[nodiscard]] bool lazy() const { return filter_["lazy_load_members"].as_bool(); }
  [[nodiscard]] bool takes(const FakeMatrixState& state, const MatrixRoom& room, const MatrixEvent& event) const {
    if (!lists("types", event.type) || !lists("senders", event.sender)) return false;
    if (!filter_.contains("related_by_rel_types")) return true;
    for (const TestJson& type : filter_["related_by_rel_types"].as_array()) {
      const bool related = std::any_of(room.positions.begin(), room.positions.end(), [&](std::size_t position) {
        return relates(state.timeline[position - 1], type.as_string(), event.id);
      });
      if (related) return true;
    }
    return false;
  }

 private:
  [[nodiscard]] bool lists(std::string_view key, const std::string& word) const {
    if (!filter_.contains(key)) return true;
    const auto& words = filter_[key].as_array();
    return std::any_of(words.begin(), words.end(), [&](const TestJson& each) { return each.as_string() == word; });
  }
  TestJson filter_;
};

TestJson members_of(const FakeMatrixState& state, const MatrixRoom& room, const std::vector<std::size_t>& positions) {
  TestJson members(TestJson::Array{});
  std::set<std::string> senders;
  for (const auto position : positions) senders.insert(state.timeline[position - 1].sender);
  for (const std::string& sender : senders) {
    const MatrixEvent* const member = state.find_state(room, "m.room.member", sender);
    if (member != nullptr) members.push(state.client_event(*member, {}));
  }
  return members;
}

Answer relations(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = joined(state, call);
  if (room == nullptr) return not_in_room();
  TestJson chunk(TestJson::Array{});
  std::vector<std::size_t> found;
  for (const auto position : room->positions) {
    const MatrixEvent& event = state.timeline[position - 1];
    if (relates(event, call.stars[2], call.stars[1]) && event.type == call.stars[3]) found.push_back(position);
  }
  if (call.request.parameter("dir").value_or("b") != "f") std::reverse(found.begin(), found.end());
  // A token "rN" stands behind the first N.
  const std::size_t all = found.size();
  const std::string token = call.request.parameter("from").value_or("r0");
  const std::size_t from = std::min(all, read_number(std::string_view(token).substr(1)).value_or(0));
  const std::size_t limit = read_number(call.request.parameter("limit").value_or("5")).value_or(5);
  found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(from));
  found.resize(std::min({found.size(), limit, state.options.relations_at_once()}));
  for (const auto position : found) {
    chunk.push(state.client_event(state.timeline[position - 1], device_scope(call.token)));
  }
  TestJson body;
  if (from + found.size() < all) body.set("next_batch", "r" + std::to_string(from + found.size()));
  return matrix_ok(body.set("chunk", chunk));
}

Answer messages(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = joined(state, call);
  if (room == nullptr) return not_in_room();
  const std::string direction = call.request.parameter("dir").value_or("f");
  if (direction != "b" && direction != "f") return matrix_error(400, "M_INVALID_PARAM", "dir must be b or f");
  const bool back = direction == "b";
  std::size_t from = back ? state.timeline.size() : 0;
  if (const auto token = call.request.parameter("from")) {
    const auto position = read_position(*token);
    if (!position) return matrix_error(400, "M_UNKNOWN", "Invalid stream token");
    from = *position;
  }
  std::optional<std::size_t> to;
  if (const auto token = call.request.parameter("to")) {
    to = read_position(*token);
    if (!to) return matrix_error(400, "M_UNKNOWN", "Invalid stream token");
  }
  std::size_t limit = 10;
  if (const auto text = call.request.parameter("limit")) {
    const auto wanted = read_number(*text);
    if (!wanted) return matrix_error(400, "M_INVALID_PARAM", "Query parameter limit must be an integer");
    limit = std::min<std::size_t>(*wanted, 1000);
  }
  const EventFilter filter(call.request.parameter("filter").value_or("{}"));
  // A token "sN" stands between position N and N + 1.
  std::vector<std::size_t> found;
  for (const auto position : room->positions) {
    const bool inside =
        back ? position <= from && (!to || position > *to) : position > from && (!to || position <= *to);
    if (inside && filter.takes(state, *room, state.timeline[position - 1])) found.push_back(position);
  }
  if (back) std::reverse(found.begin(), found.end());
  found.resize(std::min(found.size(), limit));
  TestJson chunk(TestJson::Array{});
  for (const auto position : found) {
    chunk.push(state.client_event(state.timeline[position - 1], device_scope(call.token)));
  }
  TestJson body;
  body.set("start", "s" + std::to_string(from)).set("chunk", chunk);
  if (filter.lazy()) body.set("state", members_of(state, *room, found));
  if (!found.empty()) body.set("end", "s" + std::to_string(back ? found.back() - 1 : found.back()));
  return matrix_ok(body);
}

Answer accepted(FakeMatrixState& state, MatrixCall& call) {
  return joined(state, call) == nullptr ? not_in_room() : matrix_ok();
}

Answer read_markers(FakeMatrixState& state, MatrixCall& call) {
  MatrixRoom* const room = joined(state, call);
  if (room == nullptr) return not_in_room();
  for (const char* kind : {"m.read", "m.read.private"}) {
    const std::string& id = call.body[kind].as_string();
    for (const auto position : room->positions) {
      if (id.empty() || state.timeline[position - 1].id != id) continue;
      MatrixReceipt& last = room->receipts[call.token.user];
      if (position >= last.position) last = MatrixReceipt{id, kind, position, system_now_ms()};
    }
  }
  return matrix_ok();
}

}  // namespace

const std::vector<Route>& event_routes() {
  using enum Route::Needs;
  static const std::vector<Route> routes = {
      {"PUT", "/_matrix/client/v3/rooms/*/send/*/*", user, send},
      {"PUT", "/_matrix/client/v3/rooms/*/redact/*/*", user, redact},
      {"GET", "/_matrix/client/v3/rooms/*/state", user, get_all_state},
      {"GET", "/_matrix/client/v3/rooms/*/state/*", user, get_state},
      {"GET", "/_matrix/client/v3/rooms/*/state/*/*", user, get_state},
      {"PUT", "/_matrix/client/v3/rooms/*/state/*", user, put_state},
      {"PUT", "/_matrix/client/v3/rooms/*/state/*/*", user, put_state},
      {"GET", "/_matrix/client/v3/rooms/*/event/*", user, get_event},
      {"GET", "/_matrix/client/v3/rooms/*/messages", user, messages},
      {"GET", "/_matrix/client/v1/rooms/*/relations/*/*/*", user, relations},
      {"PUT", "/_matrix/client/v3/rooms/*/typing/*", user, accepted},
      {"POST", "/_matrix/client/v3/rooms/*/receipt/*/*", user, accepted},
      {"POST", "/_matrix/client/v3/rooms/*/read_markers", user, read_markers},
  };
  return routes;
}

}  // namespace confab::test
