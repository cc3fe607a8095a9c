// What the endpoints of FakeMatrix share. Only for fake_matrix*.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fake_matrix.hpp"
#include "login_limits.hpp"

namespace confab::test {

struct MatrixUser {
  std::optional<std::string> password;
  std::string displayname;
  bool admin = false;
  bool locked = false;
  bool deactivated = false;
  bool unlimited = false;
  std::map<std::string, TestJson, std::less<>> account_data;
};

struct MatrixToken {
  std::string user;
  std::string device;     // empty: a puppet token
  std::string minted_by;  // of a puppet token
  std::optional<std::int64_t> valid_until_ms;
  bool used = false;
};

/// A refresh token that may still be refreshed, with the access token of its pair.
struct MatrixRefresh {
  std::string user;
  std::string device;
  std::string access;
  std::string successor;  // the refresh token that it gave last
};

struct MatrixEvent {
  std::string id;
  std::string room;
  std::string sender;
  std::string type;
  std::optional<std::string> state_key;
  TestJson content;
  std::optional<TestJson> replaces;  // the content that a state event took the place of
  std::int64_t timestamp = 0;
  std::string transaction_id;
  std::string device;       // user and device it was sent from
  std::string redacted_by;  // id of the redaction
};

struct MatrixReceipt {
  std::string event;
  std::string kind;  // m.read or m.read.private
  std::size_t position = 0;
  std::int64_t timestamp = 0;
};

struct MatrixRoom {
  std::string id;
  std::string creator;
  bool creators_rule = false;  // room version 12
  std::set<std::string> creators;
  std::map<std::pair<std::string, std::string>, std::size_t> state;  // (type, state key) -> position
  std::vector<std::size_t> positions;
  std::map<std::string, MatrixReceipt, std::less<>> receipts;  // of users, the latest of either kind
};

/// One request on its way to an endpoint.
struct MatrixCall {
  const Request& request;
  std::vector<std::string> stars;
  TestJson body;
  std::string token_text;
  MatrixToken token;
};

using Endpoint = Answer (*)(FakeMatrixState&, MatrixCall&);

struct Route {
  enum class Needs { nothing, user, admin };
  std::string method;
  std::string path;
  Needs needs;
  Endpoint endpoint;
};

/// All but answer() and the sync's own waiting expects `mutex` to be held.
struct FakeMatrixState {
  explicit FakeMatrixState(FakeMatrix& owner, FakeMatrix::MatrixOptions wanted)
      : server(owner),
        options(std::move(wanted)),
        timeline_limit(options.timeline_limit_),
        room_version(options.room_version_) {}

  Answer answer(const Request& request);
  std::optional<Answer> authorise(MatrixCall& call, Route::Needs needs);
  [[nodiscard]] bool is_local(std::string_view user_id) const;
  /// Whether an application service speaks.
  [[nodiscard]] bool is_appservice(const MatrixCall& call) const {
    return !as_token.empty() && call.token_text == as_token;
  }
  /// Whether nobody but the application service may make it.
  [[nodiscard]] bool is_exclusive(std::string_view user_id) const {
    return !as_token.empty() && user_id.starts_with("@" + as_prefix);
  }
  /// Who an application service says it is.
  std::optional<Answer> authorise_appservice(MatrixCall& call, Route::Needs needs);
  std::string mint(MatrixToken token);
  /// A pair on the device, put into the answer of a login or a refresh. Gives the refresh token.
  std::string mint_pair(const std::string& user, const std::string& device, TestJson& answer);
  /// Forgets tokens and, for devices that end with them, their transaction ids.
  void log_out(std::string_view user, std::string_view device);

  /// An empty room.
  MatrixRoom& new_room(std::string_view creator, bool creators_rule);
  MatrixRoom* find_room(std::string_view id);
  const MatrixEvent* find_state(const MatrixRoom& room, std::string_view type, std::string_view key) const;
  [[nodiscard]] std::string membership(const MatrixRoom& room, std::string_view user) const;
  [[nodiscard]] std::int64_t level_of(const MatrixRoom& room, std::string_view user) const;
  /// The level a key of m.room.power_levels asks for ("invite", "kick", ...).
  [[nodiscard]] std::int64_t level_for(const MatrixRoom& room, std::string_view action, std::int64_t otherwise) const;
  [[nodiscard]] std::int64_t level_for_event(const MatrixRoom& room, std::string_view type, bool state) const;
  std::string append(MatrixRoom& room, std::string_view sender, std::string_view type,
                     std::optional<std::string> state_key, TestJson content);
  std::string append_member(MatrixRoom& room, std::string_view sender, std::string_view user,
                            std::string_view membership);
  /// With the latest edit beside it, as a homeserver bundles it, and what redacted it.
  [[nodiscard]] TestJson client_event(const MatrixEvent& event, std::string_view reader_device) const;
  [[nodiscard]] const MatrixEvent* find_event(const MatrixRoom& room, std::string_view id) const;

  FakeMatrix& server;
  FakeMatrix::MatrixOptions options;
  std::size_t timeline_limit;
  std::string room_version;
  mutable std::mutex mutex;
  std::map<std::string, MatrixUser, std::less<>> users;
  std::map<std::string, MatrixToken, std::less<>> tokens;
  std::map<std::string, MatrixRefresh, std::less<>> refreshes;
  std::map<std::string, MatrixRoom, std::less<>> rooms;
  std::map<std::string, std::pair<std::string, std::string>, std::less<>> aliases;  // -> room, maker
  std::vector<MatrixEvent> timeline;                                                // position 1 is timeline[0]
  std::map<std::string, std::string> transactions;          // of this process: scope, room, id -> event
  std::map<std::string, std::string> durable_transactions;  // the same for devices only
  std::optional<LoginLimits> login_limits;
  OneAtATime hashing;
  OneAtATime acting;  // logins as a user
  std::string as_token;
  std::string jwt_key;
  std::string as_prefix;
  std::set<std::string> as_devices;  // device scopes
  std::uint64_t minted = 0;
  std::uint64_t restored = 0;  // how often from a backup
  std::uint64_t rooms_made = 0;
  bool wakes = false;  // set by an endpoint that somebody may wait for
};

/// Where every client is that does not say otherwise.
constexpr std::string_view loopback_address = "127.0.0.1";
[[nodiscard]] std::int64_t system_now_ms();
/// All of `text` as a number.
[[nodiscard]] std::optional<std::size_t> read_number(std::string_view text);
[[nodiscard]] Answer matrix_ok(TestJson body = TestJson(TestJson::Object()));
[[nodiscard]] Answer matrix_error(int status, std::string_view errcode, std::string_view text);
[[nodiscard]] Answer unknown_token(bool soft_logout);
/// 429, held back for as long as Synapse holds it.
[[nodiscard]] Answer limit_exceeded(std::chrono::milliseconds wait);
/// "device" of an event's sender and of a reader: whoever has both sees the transaction id.
[[nodiscard]] std::string device_scope(const MatrixToken& token);

// One list of routes per file.
[[nodiscard]] const std::vector<Route>& account_routes();
[[nodiscard]] const std::vector<Route>& room_routes();
[[nodiscard]] const std::vector<Route>& membership_routes();
[[nodiscard]] const std::vector<Route>& event_routes();
[[nodiscard]] const std::vector<Route>& sync_routes();

}  // namespace confab::test
