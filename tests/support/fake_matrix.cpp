#include "fake_matrix.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "fake_matrix_state.hpp"

namespace confab::test {

namespace {

constexpr std::string_view token_beginning = "syt_fake_";
constexpr std::string_view refresh_beginning = "syr_fake_";

}  // namespace

std::optional<std::size_t> read_number(std::string_view text) {
  std::size_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::int64_t system_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Answer matrix_ok(TestJson body) { return Answer(200, body.dump()); }

Answer matrix_error(int status, std::string_view errcode, std::string_view text) {
  return Answer::error(status, errcode, text);
}

Answer unknown_token(bool soft_logout) {
  TestJson body;
  body.set("errcode", "M_UNKNOWN_TOKEN")
      .set("error", soft_logout ? "Access token has expired" : "Invalid access token passed.");
  body.set("soft_logout", soft_logout);
  return Answer(401, body.dump());
}

Answer limit_exceeded(std::chrono::milliseconds wait) {
  constexpr std::chrono::milliseconds held{500};
  TestJson body;
  body.set("errcode", "M_LIMIT_EXCEEDED").set("error", "Too Many Requests");
  body.set("retry_after_ms", std::int64_t{wait.count()});
  Answer answer(429, body.dump());
  answer.header("Retry-After", std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count())).after(held);
  return answer;
}

std::string device_scope(const MatrixToken& token) {
  return token.device.empty() ? std::string() : token.user + '|' + token.device;
}

bool FakeMatrixState::is_local(std::string_view user_id) const {
  const auto colon = user_id.find(':');
  return colon != std::string_view::npos && user_id.starts_with('@') &&
         user_id.substr(colon + 1) == options.server_name_;
}

std::string FakeMatrixState::mint(MatrixToken token) {
  std::string text = std::string(token_beginning) + std::to_string(++minted);
  tokens.insert_or_assign(text, std::move(token));
  return text;
}

std::string FakeMatrixState::mint_pair(const std::string& user, const std::string& device, TestJson& answer) {
  const std::int64_t life = options.refreshable_life_.count();
  const std::string access = mint({user, device, {}, system_now_ms() + life});
  const std::string refresh = std::string(refresh_beginning) + std::to_string(++minted);
  refreshes.insert_or_assign(refresh, MatrixRefresh{user, device, access, {}});
  answer.set("access_token", access).set("refresh_token", refresh).set("expires_in_ms", life);
  return refresh;
}

void FakeMatrixState::log_out(std::string_view user, std::string_view device) {
  for (auto it = tokens.begin(); it != tokens.end();) {
    const MatrixToken& token = it->second;
    const bool own = token.user == user && !token.device.empty() && (device.empty() || token.device == device);
    const bool puppet = device.empty() && token.minted_by == user;
    it = own || puppet ? tokens.erase(it) : std::next(it);
  }
  std::erase_if(refreshes, [&](const auto& entry) {
    return entry.second.user == user && (device.empty() || entry.second.device == device);
  });
  std::string scope(user);
  scope += '|';
  if (!device.empty()) scope.append(device).append("|");
  std::erase_if(durable_transactions, [&](const auto& entry) { return entry.first.starts_with(scope); });
  wakes = true;
}

std::optional<Answer> FakeMatrixState::authorise_appservice(MatrixCall& call, Route::Needs needs) {
  if (needs == Route::Needs::admin) return matrix_error(403, "M_FORBIDDEN", "You are not a server admin");
  const std::string own = server.user_id("_appservice");
  call.token.user = call.request.parameter("user_id").value_or(own);
  if (call.token.user == own) return std::nullopt;
  if (!is_exclusive(call.token.user)) {
    return matrix_error(403, "M_FORBIDDEN", "Application service cannot masquerade as this user");
  }
  if (users.find(call.token.user) == users.end()) {
    return matrix_error(403, "M_FORBIDDEN", "Application service has not registered this user");
  }
  call.token.device = call.request.parameter("device_id").value_or("");
  if (call.token.device.empty() || as_devices.count(device_scope(call.token)) != 0) return std::nullopt;
  return matrix_error(400, "M_UNKNOWN_DEVICE", "Application service trying to use a device that doesn't exist");
}

std::optional<Answer> FakeMatrixState::authorise(MatrixCall& call, Route::Needs needs) {
  if (needs == Route::Needs::nothing) return std::nullopt;
  call.token_text = call.request.token();
  if (call.token_text.empty()) return matrix_error(401, "M_MISSING_TOKEN", "Missing access token");
  if (is_appservice(call)) return authorise_appservice(call, needs);
  const auto found = tokens.find(call.token_text);
  if (found == tokens.end()) return unknown_token(false);
  found->second.used = true;
  call.token = found->second;
  if (call.token.valid_until_ms && *call.token.valid_until_ms < system_now_ms()) return unknown_token(true);
  const MatrixUser& user = users[call.token.user];
  if (user.locked) {
    TestJson body;
    body.set("errcode", "M_USER_LOCKED").set("error", "User account has been locked").set("soft_logout", true);
    return Answer(401, body.dump());
  }
  if (needs == Route::Needs::admin && !user.admin) {
    return matrix_error(403, "M_FORBIDDEN", "You are not a server admin");
  }
  return std::nullopt;
}

Answer FakeMatrixState::answer(const Request& request) {
  static const std::array lists = {&account_routes(), &room_routes(), &membership_routes(), &event_routes(),
                                   &sync_routes()};
  bool other_method = false;
  for (const auto* list : lists) {
    for (const Route& route : *list) {
      MatrixCall call{request, {}, {}, {}, {}};
      if (!PathPattern("*", route.path).matches(request, &call.stars)) continue;
      if (route.method != request.method) {
        other_method = true;
        continue;
      }
      bool wake = false;
      Answer result;
      {
        const std::scoped_lock lock(mutex);
        if (auto refused = authorise(call, route.needs)) return *refused;
        if (request.method == "PUT" || !request.body.empty()) {
          auto body = TestJson::parse(request.body);
          if (!body) return matrix_error(400, "M_NOT_JSON", "Content not JSON.");
          if (!body->is_object()) return matrix_error(400, "M_BAD_JSON", "Content must be a JSON object.");
          call.body = std::move(*body);
        }
        result = route.endpoint(*this, call);
        wake = std::exchange(wakes, false);
      }
      if (wake) server.wake();
      return result;
    }
  }
  return matrix_error(other_method ? 405 : 404, "M_UNRECOGNIZED", "Unrecognized request");
}

FakeMatrix::FakeMatrix(MatrixOptions options)
    : FakeHomeserver(options.server_), matrix_(std::make_unique<FakeMatrixState>(*this, std::move(options))) {
  const std::string admin = add_user(admin_localpart, admin_password);
  matrix_->users[admin].admin = true;
  fallback([state = matrix_.get()](const Request& request) { return state->answer(request); });
}

FakeMatrix::~FakeMatrix() { stop(); }

const std::string& FakeMatrix::server_name() const { return matrix_->options.server_name_; }

std::string FakeMatrix::user_id(std::string_view localpart) const {
  std::string id = "@";
  return id.append(localpart).append(":").append(server_name());
}

std::string FakeMatrix::add_user(std::string_view localpart, std::string_view password) {
  std::string id = user_id(localpart);
  const std::scoped_lock lock(matrix_->mutex);
  MatrixUser& user = matrix_->users[id];
  user.displayname = localpart;
  if (!password.empty()) user.password = password;
  return id;
}

void FakeMatrix::set_password(std::string_view user, std::string_view password) {
  const std::scoped_lock lock(matrix_->mutex);
  matrix_->users[std::string(user)].password = password;
}

std::string FakeMatrix::token_for(std::string_view user_id, std::string_view device_id) {
  const std::scoped_lock lock(matrix_->mutex);
  return matrix_->mint({std::string(user_id), std::string(device_id), {}, std::nullopt});
}

void FakeMatrix::kill_token(std::string_view user_id) {
  {
    const std::scoped_lock lock(matrix_->mutex);
    std::erase_if(matrix_->tokens, [&](const auto& entry) { return entry.second.user == user_id; });
    std::erase_if(matrix_->refreshes, [&](const auto& entry) { return entry.second.user == user_id; });
  }
  wake();
}

void FakeMatrix::kill_access_token(std::string_view user_id) {
  {
    const std::scoped_lock lock(matrix_->mutex);
    std::erase_if(matrix_->tokens, [&](const auto& entry) { return entry.second.user == user_id; });
  }
  wake();
}

std::vector<std::string> FakeMatrix::secrets() const {
  std::vector<std::string> out{std::string(token_beginning), std::string(refresh_beginning)};
  const std::scoped_lock lock(matrix_->mutex);
  for (const auto& [id, user] : matrix_->users) {
    if (user.password) out.push_back(*user.password);
  }
  return out;
}

void FakeMatrix::kill_all_tokens() {
  {
    const std::scoped_lock lock(matrix_->mutex);
    matrix_->tokens.clear();
    matrix_->refreshes.clear();
  }
  wake();
}

void FakeMatrix::expire_token(std::string_view user_id) {
  const std::scoped_lock lock(matrix_->mutex);
  for (auto& [text, token] : matrix_->tokens) {
    if (token.user == user_id) token.valid_until_ms = 0;
  }
}

void FakeMatrix::lock_user(std::string_view user_id, bool locked) {
  const std::scoped_lock lock(matrix_->mutex);
  matrix_->users[std::string(user_id)].locked = locked;
}

void FakeMatrix::limit_logins(std::chrono::milliseconds hash, std::chrono::milliseconds as_user) {
  const std::scoped_lock lock(matrix_->mutex);
  matrix_->login_limits.emplace();
  matrix_->hashing.takes(hash);
  matrix_->acting.takes(as_user);
}

void FakeMatrix::spend_logins(std::size_t count) {
  const std::scoped_lock lock(matrix_->mutex);
  if (!matrix_->login_limits) return;
  while (count-- > 0) (void)matrix_->login_limits->address(loopback_address, LoginLimits::Time::clock::now());
}

void FakeMatrix::accept_jwt(std::string_view key) {
  const std::scoped_lock lock(matrix_->mutex);
  matrix_->jwt_key = key;
}

void FakeMatrix::register_appservice(std::string_view token, std::string_view prefix) {
  const std::scoped_lock lock(matrix_->mutex);
  matrix_->as_token = token;
  matrix_->as_prefix = prefix;
}

void FakeMatrix::delete_devices(std::string_view user_id) {
  const std::scoped_lock lock(matrix_->mutex);
  matrix_->log_out(user_id, {});
  std::erase_if(matrix_->as_devices, [&](const std::string& scope) { return scope.starts_with(user_id); });
}

void FakeMatrix::fail_next(std::size_t n, std::string_view method, std::string_view path_pattern, Answer answer) {
  on(method, path_pattern).then(std::move(answer)).times(n);
}

void FakeMatrix::restart() {
  {
    const std::scoped_lock lock(matrix_->mutex);
    matrix_->transactions.clear();
  }
  drop_connections();
}

void FakeMatrix::restore_backup(std::size_t events) {
  {
    const std::scoped_lock lock(matrix_->mutex);
    std::vector<MatrixEvent>& timeline = matrix_->timeline;
    timeline.resize(timeline.size() - std::min(events, timeline.size()));
    for (auto& [id, room] : matrix_->rooms) {
      std::erase_if(room.positions, [&](std::size_t position) { return position > timeline.size(); });
      room.state.clear();
      for (const std::size_t position : room.positions) {
        const MatrixEvent& event = timeline[position - 1];
        if (event.state_key) room.state[{event.type, *event.state_key}] = position;
      }
    }
    matrix_->transactions.clear();
    ++matrix_->restored;
  }
  drop_connections();
}

std::string FakeMatrix::post(std::string_view room_id, std::string_view sender, std::string_view body) {
  TestJson content;
  content.set("msgtype", "m.text").set("body", body);
  return post_event(room_id, sender, "m.room.message", std::move(content));
}

std::string FakeMatrix::post_event(std::string_view room_id, std::string_view sender, std::string_view type,
                                   TestJson content, std::optional<std::string> state_key) {
  std::string id;
  {
    const std::scoped_lock lock(matrix_->mutex);
    MatrixRoom* const room = matrix_->find_room(room_id);
    if (room == nullptr) return id;
    id = matrix_->append(*room, sender, type, std::move(state_key), std::move(content));
  }
  wake();
  return id;
}

std::vector<std::string> FakeMatrix::room_ids() const {
  const std::scoped_lock lock(matrix_->mutex);
  std::vector<std::string> out;
  for (const auto& [id, room] : matrix_->rooms) out.push_back(id);
  return out;
}

std::string FakeMatrix::room_of_alias(std::string_view alias) const {
  const std::scoped_lock lock(matrix_->mutex);
  const auto found = matrix_->aliases.find(alias);
  return found == matrix_->aliases.end() ? std::string() : found->second.first;
}

std::vector<TestJson> FakeMatrix::events(std::string_view room_id) const {
  const std::scoped_lock lock(matrix_->mutex);
  std::vector<TestJson> out;
  if (const MatrixRoom* const room = matrix_->find_room(room_id)) {
    for (const auto position : room->positions) {
      out.push_back(matrix_->client_event(matrix_->timeline[position - 1], {}));
    }
  }
  return out;
}

std::vector<std::string> FakeMatrix::bodies(std::string_view room_id) const {
  std::vector<std::string> out;
  for (const TestJson& event : events(room_id)) {
    if (event["type"].as_string() == "m.room.message") out.push_back(event["content"]["body"].as_string());
  }
  return out;
}

std::string FakeMatrix::membership(std::string_view room_id, std::string_view user_id) const {
  const std::scoped_lock lock(matrix_->mutex);
  const MatrixRoom* const room = matrix_->find_room(room_id);
  return room == nullptr ? std::string() : matrix_->membership(*room, user_id);
}

TestJson FakeMatrix::account_data(std::string_view user_id, std::string_view type) const {
  const std::scoped_lock lock(matrix_->mutex);
  const auto user = matrix_->users.find(user_id);
  if (user == matrix_->users.end()) return {};
  const auto kept = user->second.account_data.find(type);
  return kept == user->second.account_data.end() ? TestJson() : kept->second;
}

void FakeMatrix::delete_room(std::string_view room_id) {
  const std::scoped_lock lock(matrix_->mutex);
  std::erase_if(matrix_->aliases, [room_id](const auto& alias) { return alias.second.first == room_id; });
  const auto room = matrix_->rooms.find(room_id);
  if (room != matrix_->rooms.end()) matrix_->rooms.erase(room);
}

}  // namespace confab::test
