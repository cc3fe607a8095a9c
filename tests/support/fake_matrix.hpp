// A small Matrix homeserver in memory, with the faults of FakeHomeserver: what the library uses of a real Synapse,
// with the statuses and errcodes a real Synapse was seen to answer.
//
//   FakeMatrix hs;
//   hs.fail_next(2, "PUT", "/_matrix/client/v3/rooms/*/send/*/*", Answer::error(429, "M_LIMIT_EXCEEDED"));
//   hs.fail_next(1, "PUT", "/_matrix/client/v3/rooms/*/send/*/*", Answer::real().close_before_answer());
//
// Not modelled: rate limits but those of logins, where limit_logins() asks for them (script the others), federation,
// encryption, the end of sessions, typing (accepted, not told), receipts but in a sync from the beginning, visibility
// of history (who is in a room reads all of it), filters but for the timeline limit and those of /messages.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fake_homeserver.hpp"
#include "test_json.hpp"

namespace confab::test {

struct FakeMatrixState;

class FakeMatrix : public FakeHomeserver {
 public:
  class MatrixOptions {
   public:
    MatrixOptions& server_name(std::string name) {
      server_name_ = std::move(name);
      return *this;
    }
    /// Events of one room in one sync answer; with more the timeline is limited.
    MatrixOptions& timeline_limit(std::size_t events) {
      timeline_limit_ = events;
      return *this;
    }
    MatrixOptions& room_version(std::string version) {
      room_version_ = std::move(version);
      return *this;
    }
    /// Relations in one page, however many are asked for.
    MatrixOptions& relations_at_once(std::size_t most) {
      relations_at_once_ = most;
      return *this;
    }
    [[nodiscard]] std::size_t relations_at_once() const { return relations_at_once_; }
    /// Of an access token that came with a refresh token.
    MatrixOptions& refreshable_life(std::chrono::milliseconds life) {
      refreshable_life_ = life;
      return *this;
    }
    MatrixOptions& server(Options options) {
      server_ = std::move(options);
      return *this;
    }

   private:
    friend class FakeMatrix;
    friend struct FakeMatrixState;
    std::string server_name_ = "hs.test";
    std::size_t timeline_limit_ = 10;
    std::size_t relations_at_once_ = 1000;
    std::string room_version_ = "12";
    std::chrono::milliseconds refreshable_life_{300'000};
    Options server_;
  };

  static constexpr std::string_view admin_localpart = "admin";
  static constexpr std::string_view admin_password = "fake-admin-password";

  FakeMatrix() : FakeMatrix(MatrixOptions()) {}
  explicit FakeMatrix(MatrixOptions options);
  ~FakeMatrix() override;

  [[nodiscard]] const std::string& server_name() const;
  /// "@localpart:server"
  [[nodiscard]] std::string user_id(std::string_view localpart) const;

  /// Makes a user at once; without a password it cannot log in. Gives the user id.
  std::string add_user(std::string_view localpart, std::string_view password = {});
  /// As by the user in another client.
  void set_password(std::string_view user, std::string_view password);
  /// The passwords of all users as they are now, and what each token begins with, whatever it was minted for.
  [[nodiscard]] std::vector<std::string> secrets() const;
  /// A token as a login on that device would give it.
  std::string token_for(std::string_view user_id, std::string_view device_id = "TESTDEVICE");

  /// Every token that speaks as the user, puppet and refresh tokens included: 401 M_UNKNOWN_TOKEN, soft_logout false.
  void kill_token(std::string_view user_id);
  /// The same, but refresh tokens live.
  void kill_access_token(std::string_view user_id);
  void kill_all_tokens();
  /// The same with soft_logout true.
  void expire_token(std::string_view user_id);
  /// 401 M_USER_LOCKED until unlocked.
  void lock_user(std::string_view user_id, bool locked);

  /// From now on logins by password are limited as Synapse limits them, and each takes as long as its hash, one after
  /// the other; so do the admin's logins as a user, which nothing limits. A client's address is its first
  /// X-Forwarded-For, else that of the loopback interface.
  void limit_logins(std::chrono::milliseconds hash, std::chrono::milliseconds as_user = {});
  /// So many logins of the loopback address count as done, of accounts that nobody asks about.
  void spend_logins(std::size_t count);

  /// Users may log in by tokens that are signed with this key, HS256. Empty: no more.
  void accept_jwt(std::string_view key);
  /// An application service that may speak for the users whose localpart begins so, and that alone may make them. Locks
  /// do not concern it. An empty token: there is none any more.
  void register_appservice(std::string_view token, std::string_view prefix = {});
  /// With what the homeserver remembers of the sends from them.
  void delete_devices(std::string_view user_id);

  /// The next n requests of the pattern get this answer, then all is as before. Later calls come first.
  void fail_next(std::size_t n, std::string_view method, std::string_view path_pattern, Answer answer);
  /// Ends every connection and forgets what a real one only holds in memory: transaction ids of puppet tokens. Those
  /// of devices stay, as rooms, users and tokens do.
  void restart();

  /// As from a backup: the last `events` events never happened, and the connections end. Accounts and tokens stay.
  void restore_backup(std::size_t events);

  /// A message from outside this test's clients, which wakes those who wait. Gives the event id.
  std::string post(std::string_view room_id, std::string_view sender, std::string_view body);
  /// The same of any event; with a state key it is state.
  std::string post_event(std::string_view room_id, std::string_view sender, std::string_view type, TestJson content,
                         std::optional<std::string> state_key = std::nullopt);

  /// A room of these users at once, who are made where they do not exist; the first one is its creator. Gives its id.
  std::string add_room(const std::vector<std::string>& localparts);
  [[nodiscard]] std::vector<std::string> room_ids() const;
  /// Empty where the alias is not taken.
  [[nodiscard]] std::string room_of_alias(std::string_view alias) const;
  /// All events of a room in order, in the format of the client API.
  [[nodiscard]] std::vector<TestJson> events(std::string_view room_id) const;
  /// The bodies of its m.room.message events in order: what arrived, once each or twice.
  [[nodiscard]] std::vector<std::string> bodies(std::string_view room_id) const;
  /// "join", "invite", "leave", "ban" or empty.
  [[nodiscard]] std::string membership(std::string_view room_id, std::string_view user_id) const;
  /// What a user keeps for all clients; null where nothing of that type was kept.
  [[nodiscard]] TestJson account_data(std::string_view user_id, std::string_view type) const;
  /// The room and its aliases are gone, as after an administrator deleted it.
  void delete_room(std::string_view room_id);

 private:
  std::unique_ptr<FakeMatrixState> matrix_;
};

}  // namespace confab::test
