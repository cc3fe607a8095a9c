// TokenSlot: one account's access token, and the one flight that replaces it when it dies. A new token lies in the
// store before it is used, so that another process, or this one started again, goes on with it instead of logging in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "credentials/token_records.hpp"
#include "net/call_context.hpp"
#include "net/shared_result.hpp"
#include "util/task.hpp"

namespace confab::credentials {

// A token as it came from the homeserver; without an end it lives until it is revoked.
class MintedToken {
 public:
  explicit MintedToken(Secret secret) : secret_(std::move(secret)) {}
  MintedToken& lives_until(net::TimePoint end) {
    end_ = end;
    return *this;
  }
  MintedToken& device(DeviceId id) {
    device_ = std::move(id);
    return *this;
  }
  [[nodiscard]] const Secret& secret() const noexcept { return secret_; }
  [[nodiscard]] net::TimePoint end() const noexcept { return end_; }
  // Empty for a token without a device.
  [[nodiscard]] const DeviceId& device() const noexcept { return device_; }

 private:
  Secret secret_;
  net::TimePoint end_ = net::TimePoint::max();
  DeviceId device_;
};

// A token in use, with the generation by which a late failure is told from a new one.
class Token {
 public:
  Token(Secret secret, std::uint64_t generation) : secret_(std::move(secret)), generation_(generation) {}
  [[nodiscard]] const Secret& secret() const& noexcept { return secret_; }
  [[nodiscard]] Secret secret() && noexcept { return std::move(secret_); }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  Secret secret_;
  std::uint64_t generation_;
};

class TokenSlot : public std::enable_shared_from_this<TokenSlot> {
 public:
  // Makes a new token; called on a loop, at most once at a time per slot.
  using Mint = std::function<Task<Result<MintedToken>>(net::CallContext)>;

  // Without records the token is this process's alone.
  explicit TokenSlot(Mint mint, std::shared_ptr<TokenRecords> records = nullptr, MatrixUserId account = MatrixUserId())
      : mint_(std::move(mint)), records_(std::move(records)), account_(std::move(account)) {}

  // The current token; minted first if there is none, renewed behind the caller's back when half of its life is over.
  [[nodiscard]] static Task<Result<Token>> get(std::shared_ptr<TokenSlot> self, net::CallContext context);

  // The current token, when there is one and it needs no renewal: nearly always.
  [[nodiscard]] std::optional<Token> at_hand() const;

  // The token after the one of `dead` generation. If it was replaced meanwhile, nothing is minted.
  [[nodiscard]] static Task<Result<Token>> replace(std::shared_ptr<TokenSlot> self, std::uint64_t dead,
                                                   net::CallContext context);

  [[nodiscard]] bool busy() const;

 private:
  // The flight that is under way, or a new one on the caller's loop. Null with `refused` when the last one failed in a
  // way that repeating now would only make worse.
  [[nodiscard]] std::shared_ptr<net::SharedResult<Token>> join(net::CallContext& context,
                                                               std::optional<Error>& refused);
  // A token as it comes out of a flight.
  struct Renewed {
    MintedToken token;
    std::uint64_t generation;
  };
  // The generation that must be exceeded to be of use.
  [[nodiscard]] std::uint64_t surpassed() const;
  [[nodiscard]] static Task<Result<Renewed>> renew(std::shared_ptr<TokenSlot> self, net::CallContext context);
  [[nodiscard]] static Task<void> fly(std::shared_ptr<TokenSlot> self, std::shared_ptr<net::SharedResult<Token>> flight,
                                      net::CallContext context);

  Mint mint_;
  std::shared_ptr<TokenRecords> records_;
  MatrixUserId account_;
  mutable std::mutex mutex_;
  std::optional<Secret> secret_;
  std::uint64_t generation_ = 0;
  std::uint64_t dead_ = 0;  // the newest generation that is known to be dead
  net::TimePoint end_ = net::TimePoint::max();
  net::TimePoint renew_ = net::TimePoint::max();
  std::shared_ptr<net::SharedResult<Token>> flight_;
  std::optional<Error> last_failure_;
  net::TimePoint no_mint_before_ = net::TimePoint::min();
};

}  // namespace confab::credentials
