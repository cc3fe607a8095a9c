// StoredToken: what is remembered of one account: its token, in device mode what renews it, and what is being tried.
// And Mint: how a new one is made.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>
#include <confab/store.hpp>
#include <confab/token_metrics.hpp>

#include "net/call_context.hpp"
#include "util/task.hpp"

namespace confab::credentials {

// Every user's, and the same for ever: the homeserver remembers transaction ids by user and device.
inline constexpr const char* user_device = "CONFAB";

// The ways to a new token, each a step of the ladder that TokenRecovery climbs.
enum class Rung : std::uint8_t {
  refresh,       // by the refresh token: no login, no hashing
  log_in,        // by a password, on the device that the account has for ever
  set_password,  // by the admin, where the password was refused or never set; gives no token, log_in follows
  act_as,        // by the admin's login-as-user: no device
};

// Why another token is wanted.
enum class Need : std::uint8_t {
  ends,   // there is none, or it is to end
  dead,   // the homeserver said so of the one before
  moves,  // the one before serves, but is the admin's: it is the user's turn to come to a device of their own
};

// Whose the account's password is: it is replaced only while it is nobody's, or the library's own.
enum class PasswordOwner : std::uint8_t {
  unknown,  // the account was there before the library came: it may be the user's
  library,  // the library made the account, without a password
  user,     // the host set one for the user, or somebody changed the one that the library had set
};

// Written before a rung's request, and gone with its outcome: found in the store it says that somebody died in between.
class Intent {
 public:
  Intent(std::uint64_t generation, Rung rung, unsigned times) : generation_(generation), rung_(rung), times_(times) {}
  // Of the token that was to be made.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  [[nodiscard]] Rung rung() const noexcept { return rung_; }
  // How many died at it, one after the other, this one included.
  [[nodiscard]] unsigned times() const noexcept { return times_; }
  friend bool operator==(const Intent&, const Intent&) = default;

 private:
  std::uint64_t generation_;
  Rung rung_;
  unsigned times_;
};

class StoredToken {
 public:
  enum class Kind : std::uint8_t {
    admin,   // the library's own account, by the configured password
    puppet,  // made by the admin's login-as-user: no device, ends by itself
    device,  // the user's own login, by a password that the library made
  };
  using Time = std::chrono::system_clock::time_point;

  explicit StoredToken(Kind kind) : kind_(kind) {}
  StoredToken& kind(Kind kind) { return kind_ = kind, *this; }
  StoredToken& token(Secret token, std::optional<Time> end) {
    token_ = std::move(token);
    end_ = end;
    return *this;
  }
  // Of the same pair; empty: there is none.
  StoredToken& refresh_token(Secret token) { return refresh_token_ = std::move(token), *this; }
  // Tells the token from those before and after it, over all processes: the fencing number of the lease under which it
  // was made, so larger with each new one. A token of generation 0 is nobody's to use.
  StoredToken& generation(std::uint64_t generation) { return generation_ = generation, *this; }
  // How often the account's token was made for this reason, by all processes.
  StoredToken& made(TokenReason reason, std::uint64_t times) {
    return made_.at(static_cast<std::size_t>(reason)) = times, *this;
  }
  StoredToken& intent(std::optional<Intent> intent) { return intent_ = intent, *this; }
  StoredToken& device(DeviceId device) { return device_ = std::move(device), *this; }
  // Whether the homeserver was ever seen to have it.
  StoredToken& password(Secret password, bool known) {
    password_ = std::move(password);
    password_known_ = known;
    return *this;
  }
  StoredToken& password_owner(PasswordOwner owner) { return password_owner_ = owner, *this; }
  // What has to be done once with a new token was done.
  StoredToken& settled(bool on) { return settled_ = on, *this; }
  // Of the record as it was read or written; 0: there is none.
  StoredToken& version(StoreVersion version) { return version_ = version, *this; }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  // Empty: none was made yet.
  [[nodiscard]] const Secret& token() const noexcept { return token_; }
  [[nodiscard]] std::optional<Time> end() const noexcept { return end_; }
  [[nodiscard]] const Secret& refresh_token() const noexcept { return refresh_token_; }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  [[nodiscard]] std::uint64_t made(TokenReason reason) const { return made_.at(static_cast<std::size_t>(reason)); }
  [[nodiscard]] const std::optional<Intent>& intent() const noexcept { return intent_; }
  [[nodiscard]] const DeviceId& device() const noexcept { return device_; }
  [[nodiscard]] const Secret& password() const noexcept { return password_; }
  [[nodiscard]] bool password_known() const noexcept { return password_known_; }
  [[nodiscard]] PasswordOwner password_owner() const noexcept { return password_owner_; }
  // Whether a login by a password of the library's takes none from the user.
  [[nodiscard]] bool may_log_in() const noexcept {
    if (password_owner_ == PasswordOwner::unknown) return password_known_;
    return password_owner_ == PasswordOwner::library;
  }
  // Whether the record holds something that outlives the token.
  [[nodiscard]] bool tells_of_password() const noexcept {
    return !password_.empty() || password_owner_ != PasswordOwner::unknown;
  }
  [[nodiscard]] bool settled() const noexcept { return settled_; }
  [[nodiscard]] StoreVersion version() const noexcept { return version_; }

 private:
  Kind kind_;
  Secret token_;
  std::optional<Time> end_;
  Secret refresh_token_;
  std::uint64_t generation_ = 0;
  std::array<std::uint64_t, token_reasons.size()> made_{};
  std::optional<Intent> intent_;
  DeviceId device_;
  Secret password_;
  bool password_known_ = false;
  PasswordOwner password_owner_ = PasswordOwner::unknown;
  bool settled_ = true;
  StoreVersion version_ = 0;
};

// One account's ways to a token. Whoever climbs holds the lease on the account.
class Mint {
 public:
  Mint() = default;
  Mint(const Mint&) = delete;
  Mint& operator=(const Mint&) = delete;
  virtual ~Mint() = default;

  [[nodiscard]] virtual StoredToken::Kind kind() const noexcept = 0;
  // Whether the admin may act for the user while a login has to wait; where there is none to wait for, the password
  // being the user's own, every mint lets the admin act.
  [[nodiscard]] virtual bool acts_meanwhile() const noexcept { return false; }
  // Whether the user logs in by the homeserver's own key: then no password is looked for, set or replaced.
  [[nodiscard]] virtual bool needs_no_password() const noexcept { return false; }
  // The record with what the rung needs in it before its request: the homeserver is told no password that is not kept.
  [[nodiscard]] virtual Result<StoredToken> prepare(StoredToken known, Rung rung) = 0;
  // What the rung brings: the record with a new token or, of set_password, with a password that the homeserver has. To
  // be done within the context's deadline. `self` keeps the mint alive.
  [[nodiscard]] virtual Task<Result<StoredToken>> climb(std::shared_ptr<Mint> self, MatrixUserId account, Rung rung,
                                                        StoredToken known, net::CallContext context) = 0;
  // Whether the account may still be acted for: asked before a token that follows another one. An error: it may not.
  [[nodiscard]] virtual Task<Result<void>> still_open(std::shared_ptr<Mint> /*self*/, MatrixUserId /*account*/,
                                                      net::CallContext /*context*/) {
    co_return Result<void>();
  }
  // What has to be done once with a new token before it serves; called after it was stored, and again by whoever reads
  // a record that is not settled. True: done, or never to be done.
  [[nodiscard]] virtual Task<bool> settle(std::shared_ptr<Mint> self, MatrixUserId account, StoredToken token,
                                          net::CallContext context) = 0;
};

}  // namespace confab::credentials
