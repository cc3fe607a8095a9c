// Users, logins, tokens and profiles of FakeMatrix.
#include <algorithm>

#include "fake_matrix_state.hpp"
#include "test_jwt.hpp"

namespace confab::test {
namespace {

Answer versions(FakeMatrixState&, MatrixCall&) {
  TestJson body;
  TestJson list(TestJson::Array{});
  for (const char* version : {"v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11",
                              "v1.12", "v1.13", "v1.14", "v1.15"}) {
    list.push(version);
  }
  TestJson unstable;
  unstable.set("org.matrix.simplified_msc3575", true);
  return matrix_ok(body.set("versions", list).set("unstable_features", unstable));
}

Answer capabilities(FakeMatrixState& state, MatrixCall&) {
  TestJson available;
  for (int version = 1; version <= 12; ++version) available.set(std::to_string(version), "stable");
  TestJson versions_of_rooms;
  versions_of_rooms.set("default", state.room_version).set("available", available);
  TestJson list;
  TestJson body;
  return matrix_ok(body.set("capabilities", list.set("m.room_versions", versions_of_rooms)));
}

Answer login_flows(FakeMatrixState& state, MatrixCall&) {
  TestJson password;
  password.set("type", "m.login.password");
  TestJson appservice;
  appservice.set("type", "m.login.application_service");
  TestJson::Array flows{password, appservice};
  if (!state.jwt_key.empty()) {
    TestJson jwt;
    flows.push_back(jwt.set("type", "org.matrix.login.jwt"));
  }
  TestJson body;
  return matrix_ok(body.set("flows", flows));
}

/// The client's, as a listener behind a proxy takes it.
std::string address_of(const Request& request) {
  const std::string forwarded = request.header("x-forwarded-for");
  return forwarded.empty() ? std::string(loopback_address) : forwarded.substr(0, forwarded.find(','));
}

/// What every way of logging in ends with.
Answer logged_in(FakeMatrixState& state, const MatrixCall& call, const std::string& user,
                 std::chrono::milliseconds hashed) {
  std::string device = call.body["device_id"].as_string();
  if (device.size() > 512) return matrix_error(400, "M_INVALID_PARAM", "device_id too long");
  if (device.empty()) device = "FAKEDEV" + std::to_string(state.minted + 1);
  TestJson body;
  body.set("user_id", user).set("device_id", device).set("home_server", state.server.server_name());
  if (call.body["refresh_token"].as_bool()) {
    (void)state.mint_pair(user, device, body);
  } else {
    body.set("access_token", state.mint({user, device, {}, std::nullopt}));
  }
  return matrix_ok(body).after(hashed);
}

/// Nothing is hashed, and nobody's failures are counted. Who is unknown is made, as by Synapse.
Answer jwt_login(FakeMatrixState& state, MatrixCall& call, LoginLimits::Time now) {
  const auto claims = signed_claims(call.body["token"].as_string(), state.jwt_key);
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (!claims || (*claims)["exp"].as_integer() < seconds || (*claims)["iat"].as_integer() > seconds) {
    return matrix_error(403, "M_FORBIDDEN", "JWT validation failed");
  }
  const std::string user = state.server.user_id((*claims)["sub"].as_string());
  if (state.users[user].deactivated) {
    return matrix_error(403, "M_USER_DEACTIVATED", "This account has been deactivated");
  }
  if (state.login_limits) {
    if (const LoginLimits::Wait wait = state.login_limits->account(user, now)) return limit_exceeded(*wait);
  }
  return logged_in(state, call, user, std::chrono::milliseconds(0));
}

Answer login(FakeMatrixState& state, MatrixCall& call) {
  const std::string type = call.body["type"].as_string();
  const bool by_jwt = type == "org.matrix.login.jwt" && !state.jwt_key.empty();
  if (type != "m.login.password" && !by_jwt) return matrix_error(400, "M_UNKNOWN", "Unknown login type");
  const LoginLimits::Time now = LoginLimits::Time::clock::now();
  LoginLimits* const limits = state.login_limits ? &*state.login_limits : nullptr;
  LoginLimits::Wait wait;
  if (limits != nullptr) wait = limits->address(address_of(call.request), now);
  if (wait) return limit_exceeded(*wait);
  if (by_jwt) return jwt_login(state, call, now);
  std::string user = call.body["identifier"]["user"].as_string();
  if (user.empty()) user = call.body["user"].as_string();
  if (user.empty()) return matrix_error(400, "M_MISSING_PARAM", "Missing user");
  if (user.front() != '@') user = state.server.user_id(user);
  if (limits != nullptr) wait = limits->failed_before(user, now);
  if (wait) return limit_exceeded(*wait);
  // Of a closed account Synapse says the same as of a wrong password.
  const auto found = state.users.find(user);
  const bool hashes = found != state.users.end() && found->second.password;
  const std::chrono::milliseconds hashed = hashes ? state.hashing.add(now) : std::chrono::milliseconds(0);
  if (!hashes || *found->second.password != call.body["password"].as_string()) {
    if (limits != nullptr) limits->failed(user, now);
    return matrix_error(403, "M_FORBIDDEN", "Invalid username or password").after(hashed);
  }
  if (limits != nullptr) wait = limits->account(user, now);
  if (wait) return limit_exceeded(*wait);
  return logged_in(state, call, user, hashed);
}

/// The old refresh token is good until its successor, or the access token that came with it, is used; refreshed again
/// before that, it takes that pair back. The old access token lives until the next refresh but one.
Answer refresh(FakeMatrixState& state, MatrixCall& call) {
  const std::string old = call.body["refresh_token"].as_string();
  const auto row = state.refreshes.find(old);
  if (row == state.refreshes.end()) return matrix_error(401, "M_UNKNOWN_TOKEN", "refresh token does not exist");
  const auto before = state.refreshes.find(row->second.successor);
  if (before != state.refreshes.end()) {
    const auto access = state.tokens.find(before->second.access);
    if (access != state.tokens.end() && access->second.used) {
      return matrix_error(403, "M_FORBIDDEN", "Refresh token isn't valid anymore");
    }
    state.tokens.erase(before->second.access);
    state.refreshes.erase(before);
  }
  for (auto it = state.refreshes.begin(); it != state.refreshes.end();) {
    const bool predecessor = it->second.successor == old;
    if (predecessor) state.tokens.erase(it->second.access);
    it = predecessor ? state.refreshes.erase(it) : std::next(it);
  }
  TestJson body;
  const std::string user = row->second.user;
  row->second.successor = state.mint_pair(user, row->second.device, body);
  return matrix_ok(body);
}

Answer whoami(FakeMatrixState&, MatrixCall& call) {
  TestJson body;
  body.set("user_id", call.token.user).set("is_guest", false);
  if (!call.token.device.empty()) body.set("device_id", call.token.device);
  return matrix_ok(body);
}

Answer logout(FakeMatrixState& state, MatrixCall& call) {
  if (call.token.device.empty()) {
    state.tokens.erase(call.token_text);
  } else {
    state.log_out(call.token.user, call.token.device);
  }
  return matrix_ok();
}

Answer logout_all(FakeMatrixState& state, MatrixCall& call) {
  state.log_out(call.token.user, {});
  return matrix_ok();
}

TestJson user_object(const std::string& id, const MatrixUser& user) {
  TestJson body;
  body.set("name", id).set("displayname", user.displayname).set("admin", user.admin).set("locked", user.locked);
  body.set("deactivated", user.deactivated).set("suspended", false).set("shadow_banned", false);
  return body.set("is_guest", false).set("threepids", TestJson::Array{}).set("external_ids", TestJson::Array{});
}

std::optional<Answer> refuse_user_id(const FakeMatrixState& state, const std::string& id) {
  if (!id.starts_with('@') || id.find(':') == std::string::npos) {
    return matrix_error(400, "M_UNKNOWN", "Not a user id");
  }
  if (!state.is_local(id)) return matrix_error(400, "M_UNKNOWN", "This endpoint can only be used with local users");
  return std::nullopt;
}

Answer get_user(FakeMatrixState& state, MatrixCall& call) {
  if (auto refused = refuse_user_id(state, call.stars[0])) return *refused;
  const auto found = state.users.find(call.stars[0]);
  if (found == state.users.end()) return matrix_error(404, "M_NOT_FOUND", "User not found");
  return matrix_ok(user_object(found->first, found->second));
}

/// The new name is told in every room that the user is in.
void rename(FakeMatrixState& state, const std::string& id, const std::string& name) {
  if (std::exchange(state.users[id].displayname, name) == name) return;
  for (auto& [room_id, room] : state.rooms) {
    if (state.membership(room, id) == "join") state.append_member(room, id, id, "join");
  }
}

Answer put_user(FakeMatrixState& state, MatrixCall& call) {
  const std::string& id = call.stars[0];
  if (auto refused = refuse_user_id(state, id)) return *refused;
  const bool fresh = state.users.find(id) == state.users.end();
  if (fresh && state.is_exclusive(id)) {
    return matrix_error(400, "M_EXCLUSIVE", "This user ID is reserved by an application service.");
  }
  const std::string_view localpart = std::string_view(id).substr(1, id.find(':') - 1);
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789._=-/+";
  if (fresh && (localpart.empty() || localpart.find_first_not_of(allowed) != std::string_view::npos)) {
    return matrix_error(400, "M_INVALID_USERNAME", "User ID can only contain characters a-z, 0-9, or '_=-./+'");
  }
  const TestJson& password = call.body["password"];
  if (!password.is_null() && (!password.is_string() || password.as_string().size() > 512)) {
    return matrix_error(400, "M_UNKNOWN", "Invalid password");
  }
  MatrixUser& user = state.users[id];
  if (fresh) user.displayname = localpart;
  if (password.is_string()) {
    user.password = password.as_string();
    if (!fresh && call.body["logout_devices"].as_bool(true)) state.log_out(id, {});
  }
  if (call.body["displayname"].is_string()) rename(state, id, call.body["displayname"].as_string());
  user.admin = call.body["admin"].as_bool(user.admin);
  user.locked = call.body["locked"].as_bool(user.locked);
  const bool was_closed = user.deactivated;
  if (was_closed && call.body["deactivated"].is_bool() && !call.body["deactivated"].as_bool()) {
    if (!password.is_string()) {
      return matrix_error(400, "M_UNKNOWN", "Must provide a password to re-activate an account.");
    }
    user.deactivated = false;
  }
  if (call.body["deactivated"].as_bool()) {
    user.deactivated = true;
    user.password.reset();
    state.log_out(id, {});
  }
  return Answer(fresh ? 201 : 200, user_object(id, user).dump());
}

Answer reset_password(FakeMatrixState& state, MatrixCall& call) {
  const auto found = state.users.find(call.stars[0]);
  if (found == state.users.end()) return matrix_error(404, "M_NOT_FOUND", "User not found");
  if (!call.body["new_password"].is_string()) return matrix_error(400, "M_MISSING_PARAM", "Missing new_password");
  found->second.password = call.body["new_password"].as_string();
  if (call.body["logout_devices"].as_bool(true)) state.log_out(call.stars[0], {});
  return matrix_ok();
}

Answer login_as_user(FakeMatrixState& state, MatrixCall& call) {
  const std::string& target = call.stars[0];
  if (auto refused = refuse_user_id(state, target)) return *refused;
  if (target == call.token.user) return matrix_error(400, "M_UNKNOWN", "Cannot use admin API to login as self");
  if (state.users.find(target) == state.users.end()) return matrix_error(404, "M_NOT_FOUND", "User not found");
  MatrixToken token{target, {}, call.token.user, std::nullopt};
  const TestJson& until = call.body["valid_until_ms"];
  if (!until.is_null()) {
    if (!until.is_integer()) return matrix_error(400, "M_UNKNOWN", "parameter 'valid_until_ms' must be an int");
    token.valid_until_ms = until.as_integer();
  }
  TestJson body;
  return matrix_ok(body.set("access_token", state.mint(std::move(token))))
      .after(state.acting.add(LoginLimits::Time::clock::now()));
}

Answer override_ratelimit(FakeMatrixState& state, MatrixCall& call) {
  const auto found = state.users.find(call.stars[0]);
  if (found == state.users.end()) return matrix_error(404, "M_NOT_FOUND", "User not found");
  const auto rate = call.body["messages_per_second"].as_integer();
  const auto burst = call.body["burst_count"].as_integer();
  found->second.unlimited = rate == 0 && burst == 0;
  TestJson body;
  return matrix_ok(body.set("messages_per_second", rate).set("burst_count", burst));
}

Answer server_version(FakeMatrixState&, MatrixCall&) {
  TestJson body;
  return matrix_ok(body.set("server_version", "1.163.2-fake"));
}

Answer register_user(FakeMatrixState& state, MatrixCall& call) {
  if (!state.is_appservice(call) || call.body["type"].as_string() != "m.login.application_service") {
    return matrix_error(403, "M_FORBIDDEN", "Registration has been disabled");
  }
  const std::string id = state.server.user_id(call.body["username"].as_string());
  if (!state.is_exclusive(id)) return matrix_error(400, "M_EXCLUSIVE", "Invalid user localpart for this service.");
  if (state.users.find(id) != state.users.end()) return matrix_error(400, "M_USER_IN_USE", "User ID already taken.");
  state.users[id].displayname = call.body["username"].as_string();
  TestJson body;
  return matrix_ok(body.set("user_id", id));
}

Answer put_device(FakeMatrixState& state, MatrixCall& call) {
  if (!state.is_appservice(call)) return matrix_error(404, "M_NOT_FOUND", "No device found");
  const bool fresh = state.as_devices.insert(device_scope({call.token.user, call.stars[0], {}, {}})).second;
  return Answer(fresh ? 201 : 200, "{}");
}

Answer get_profile(FakeMatrixState& state, MatrixCall& call) {
  const auto found = state.users.find(call.stars[0]);
  if (found == state.users.end()) return matrix_error(404, "M_NOT_FOUND", "User was not found");
  TestJson body(TestJson::Object{});
  if (!found->second.displayname.empty()) body.set("displayname", found->second.displayname);
  return matrix_ok(body);
}

Answer put_displayname(FakeMatrixState& state, MatrixCall& call) {
  if (call.stars[0] != call.token.user && !state.users[call.token.user].admin) {
    return matrix_error(403, "M_FORBIDDEN", "Cannot set another user's displayname");
  }
  if (!call.body["displayname"].is_string()) return matrix_error(400, "M_BAD_JSON", "displayname must be a string");
  rename(state, call.stars[0], call.body["displayname"].as_string());
  return matrix_ok();
}

Answer put_filter(FakeMatrixState&, MatrixCall&) {
  TestJson body;
  return matrix_ok(body.set("filter_id", "0"));
}

Answer get_account_data(FakeMatrixState& state, MatrixCall& call) {
  if (call.stars[0] != call.token.user) return matrix_error(403, "M_FORBIDDEN", "Cannot get account data");
  const auto& kept = state.users[call.token.user].account_data;
  const auto found = kept.find(call.stars[1]);
  if (found == kept.end()) return matrix_error(404, "M_NOT_FOUND", "Account data not found");
  return matrix_ok(found->second);
}

Answer put_account_data(FakeMatrixState& state, MatrixCall& call) {
  if (call.stars[0] != call.token.user) return matrix_error(403, "M_FORBIDDEN", "Cannot add account data");
  state.users[call.token.user].account_data[call.stars[1]] = call.body;
  return matrix_ok();
}

}  // namespace

const std::vector<Route>& account_routes() {
  using enum Route::Needs;
  static const std::vector<Route> routes = {
      {"GET", "/_matrix/client/versions", nothing, versions},
      {"GET", "/_matrix/client/v3/capabilities", user, capabilities},
      {"GET", "/_matrix/client/v3/login", nothing, login_flows},
      {"POST", "/_matrix/client/v3/login", nothing, login},
      {"POST", "/_matrix/client/v3/refresh", nothing, refresh},
      {"POST", "/_matrix/client/v3/register", user, register_user},
      {"PUT", "/_matrix/client/v3/devices/*", user, put_device},
      {"GET", "/_matrix/client/v3/account/whoami", user, whoami},
      {"POST", "/_matrix/client/v3/logout", user, logout},
      {"POST", "/_matrix/client/v3/logout/all", user, logout_all},
      {"GET", "/_matrix/client/v3/profile/*", nothing, get_profile},
      {"GET", "/_matrix/client/v3/profile/*/displayname", nothing, get_profile},
      {"PUT", "/_matrix/client/v3/profile/*/displayname", user, put_displayname},
      {"POST", "/_matrix/client/v3/user/*/filter", user, put_filter},
      {"GET", "/_matrix/client/v3/user/*/account_data/*", user, get_account_data},
      {"PUT", "/_matrix/client/v3/user/*/account_data/*", user, put_account_data},
      {"GET", "/_synapse/admin/v1/server_version", nothing, server_version},
      {"GET", "/_synapse/admin/v2/users/*", admin, get_user},
      {"PUT", "/_synapse/admin/v2/users/*", admin, put_user},
      {"POST", "/_synapse/admin/v1/users/*/login", admin, login_as_user},
      {"POST", "/_synapse/admin/v1/users/*/override_ratelimit", admin, override_ratelimit},
      {"POST", "/_synapse/admin/v1/reset_password/*", admin, reset_password},
  };
  return routes;
}

}  // namespace confab::test
