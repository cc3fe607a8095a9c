// StoredToken: what is remembered of one account: its token, and in device mode its password. And Mint: how a new one
// is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>
#include <confab/store.hpp>

#include "net/call_context.hpp"
#include "util/task.hpp"

namespace confab::credentials {

class StoredToken {
 public:
  enum class Kind : std::uint8_t {
    admin,   // the library's own account, by the configured password
    puppet,  // made by the admin's login-as-user: no device, ends by itself
    device,  // the user's own login, by a password that the library made
  };
  using Time = std::chrono::system_clock::time_point;

  explicit StoredToken(Kind kind) : kind_(kind) {}
  StoredToken& token(Secret token, std::optional<Time> end) {
    token_ = std::move(token);
    end_ = end;
    return *this;
  }
  StoredToken& device(DeviceId device) { return device_ = std::move(device), *this; }
  // Whether the homeserver was ever seen to have it.
  StoredToken& password(Secret password, bool known) {
    password_ = std::move(password);
    password_known_ = known;
    return *this;
  }
  // What has to be done once with a new token was done.
  StoredToken& settled(bool on) { return settled_ = on, *this; }
  // Of the record as it was read or written; 0: there is none.
  StoredToken& version(StoreVersion version) { return version_ = version, *this; }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  // Empty: none was made yet.
  [[nodiscard]] const Secret& token() const noexcept { return token_; }
  [[nodiscard]] std::optional<Time> end() const noexcept { return end_; }
  [[nodiscard]] const DeviceId& device() const noexcept { return device_; }
  [[nodiscard]] const Secret& password() const noexcept { return password_; }
  [[nodiscard]] bool password_known() const noexcept { return password_known_; }
  [[nodiscard]] bool settled() const noexcept { return settled_; }
  [[nodiscard]] StoreVersion version() const noexcept { return version_; }

 private:
  Kind kind_;
  Secret token_;
  std::optional<Time> end_;
  DeviceId device_;
  Secret password_;
  bool password_known_ = false;
  bool settled_ = true;
  StoreVersion version_ = 0;
};

class Mint {
 public:
  Mint() = default;
  Mint(const Mint&) = delete;
  Mint& operator=(const Mint&) = delete;
  virtual ~Mint() = default;

  // A new token. `before` is the record as it lies in the store; what is given back carries the version that its own
  // writing has to expect. Errc::conflict: another process changed the record meanwhile, read it again. `self` keeps
  // the mint alive.
  [[nodiscard]] virtual Task<Result<StoredToken>> mint(std::shared_ptr<Mint> self, MatrixUserId account,
                                                       std::optional<StoredToken> before, net::CallContext context) = 0;
  // What has to be done once with a new token before it serves; called after it was stored, and again by whoever reads
  // a record that is not settled. True: done, or never to be done.
  [[nodiscard]] virtual Task<bool> settle(std::shared_ptr<Mint> self, MatrixUserId account, StoredToken token,
                                          net::CallContext context) = 0;
};

}  // namespace confab::credentials
