// TokenSlot: one account's access token, and the one flight that replaces it when it dies.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "credentials/refusal_pause.hpp"
#include "credentials/stored_token.hpp"
#include "net/backoff.hpp"
#include "net/call_context.hpp"
#include "net/shared_result.hpp"
#include "util/task.hpp"

namespace confab::credentials {

// A flight goes on when those who asked for it have given up; this bounds it. Longer than the lease of another process
// that died, and a ladder of our own after it.
inline constexpr std::chrono::seconds flight_limit{60};

// A token as it came from the homeserver; without an end it lives until it is revoked.
class MintedToken {
 public:
  explicit MintedToken(Secret secret) : secret_(std::move(secret)) {}
  MintedToken& lives_until(net::TimePoint end) {
    end_ = end;
    return *this;
  }
  // From then on it is to be renewed, though it serves until its end. Without: never.
  MintedToken& renew_at(net::TimePoint when) {
    renew_ = when;
    return *this;
  }
  // Tells it from those before; never 0, and never that of another one.
  MintedToken& generation(std::uint64_t generation) {
    generation_ = generation;
    return *this;
  }
  // Not so where it was found, made by somebody else at some time.
  MintedToken& fresh(bool on) {
    fresh_ = on;
    return *this;
  }
  // By the admin, for the user, who may come to a device of their own.
  MintedToken& acted(bool on) {
    acted_ = on;
    return *this;
  }
  [[nodiscard]] bool is_acted() const noexcept { return acted_; }
  [[nodiscard]] const Secret& secret() const& noexcept { return secret_; }
  [[nodiscard]] Secret secret() && noexcept { return std::move(secret_); }
  [[nodiscard]] net::TimePoint end() const noexcept { return end_; }
  [[nodiscard]] net::TimePoint renew_at() const noexcept { return renew_; }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  [[nodiscard]] bool is_fresh() const noexcept { return fresh_; }

 private:
  Secret secret_;
  net::TimePoint end_ = net::TimePoint::max();
  net::TimePoint renew_ = net::TimePoint::max();
  std::uint64_t generation_ = 1;
  bool fresh_ = true;
  bool acted_ = false;
};

// A token in use, with the generation by which a late failure is told from a new one.
class Token {
 public:
  Token(Secret secret, std::uint64_t generation, bool fresh)
      : secret_(std::move(secret)), generation_(generation), fresh_(fresh) {}
  [[nodiscard]] const Secret& secret() const& noexcept { return secret_; }
  [[nodiscard]] Secret secret() && noexcept { return std::move(secret_); }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  // Made by this process; one that was found may be as dead as the one before.
  [[nodiscard]] bool is_fresh() const noexcept { return fresh_; }

 private:
  Secret secret_;
  std::uint64_t generation_;
  bool fresh_;
};

class TokenSlot : public std::enable_shared_from_this<TokenSlot> {
 public:
  // While one of these is there, something that the account has sent is undecided. What the homeserver remembers of it
  // it remembers for the token without a device, or for the device: so a token of the admin's for the user, which has
  // none, is left only once it is dead.
  class Hold {
   public:
    explicit Hold(std::shared_ptr<TokenSlot> slot);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    std::shared_ptr<TokenSlot> slot_;
  };

  // Finds or makes a token other than that of the `dead` generation, 0 for none; called on a loop, at most once at a
  // time per slot.
  using Source = std::function<Task<Result<MintedToken>>(std::uint64_t dead, Need need, net::CallContext)>;

  // `random`: for jitter; shared, since there are as many slots as users.
  TokenSlot(Source source, std::shared_ptr<const net::RandomSource> random,
            std::chrono::milliseconds first_refusal = RefusalPause::first_refusal)
      : source_(std::move(source)), random_(std::move(random)), refusals_(first_refusal) {}

  // The current token; minted first if there is none, renewed behind the caller's back once it is time.
  [[nodiscard]] static Task<Result<Token>> get(std::shared_ptr<TokenSlot> self, net::CallContext context);

  // The current token, when there is one and it needs no renewal: nearly always.
  [[nodiscard]] std::optional<Token> at_hand() const;

  // The token after the one of `dead` generation. If it was replaced meanwhile, nothing is minted. Many who wait for it
  // get it one after the other, so that their requests do not arrive at the same moment.
  [[nodiscard]] static Task<Result<Token>> replace(std::shared_ptr<TokenSlot> self, std::uint64_t dead,
                                                   net::CallContext context);

  // Whether the current token is the admin's, while it serves, and the user may come to a device, and has none yet.
  [[nodiscard]] bool is_acted() const;
  // There is no device to move to: it is the admin's from now on without being one to leave.
  void stay_acted();
  // Replaces such a token by one of the user's own device, if that can be had; it serves until then, and until nobody
  // holds it. Whether there is such a device now.
  [[nodiscard]] static Task<bool> move(std::shared_ptr<TokenSlot> self, net::CallContext context);

  // Forgets the current token if it is of this generation or an earlier one; 0: whichever it is. So does a flight that
  // is under way and finds one of these, though those who wait for it still get it. Whether there was one.
  bool drop(std::uint64_t generation);

  // The next call asks again although the homeserver refused the account, also where a flight under way is refused yet.
  // A wait that it named stays.
  void forget_refusal();

  [[nodiscard]] bool busy() const;

 private:
  // The flight that is under way, or a new one on the caller's loop. Null with `refused` when the last one failed in a
  // way that repeating now would only make worse. `place`: how many came before. `moves`: what it comes to may be that
  // there is no device, which says nothing to who needs any token.
  [[nodiscard]] std::shared_ptr<net::SharedResult<Token>> join(net::CallContext& context, Need need,
                                                               std::optional<Error>& refused, unsigned& place,
                                                               bool& moves,
                                                               std::optional<std::uint64_t> dead = std::nullopt);
  // A token for who has none that serves. `dead`: of which generation theirs was; another one may serve by now.
  [[nodiscard]] static Task<Result<Token>> fetch(std::shared_ptr<TokenSlot> self, Need need, net::CallContext context,
                                                 std::optional<std::uint64_t> dead = std::nullopt);
  [[nodiscard]] static Task<Result<Token>> wait(std::shared_ptr<TokenSlot> self,
                                                std::shared_ptr<net::SharedResult<Token>> flight, unsigned place,
                                                net::CallContext context);
  // Whoever calls these has the lock.
  void use(MintedToken minted) noexcept;
  void use_next();
  // `current`: no refusal was to be forgotten since the flight began.
  void remember(const Error& failure, bool current);
  void end_pause();
  // The flight has ended; what those are told who wait for it. `forgotten` as it was when it began.
  [[nodiscard]] Result<Token> landed(Need need, Result<MintedToken> minted, unsigned forgotten);
  [[nodiscard]] static Task<void> fly(std::shared_ptr<TokenSlot> self, std::shared_ptr<net::SharedResult<Token>> flight,
                                      Need need, net::CallContext context);

  Source source_;
  std::shared_ptr<const net::RandomSource> random_;
  mutable std::mutex mutex_;
  std::optional<Secret> secret_;
  std::uint64_t generation_ = 0;
  std::uint64_t dropped_ = 0;  // no token up to this generation is kept
  bool died_ = false;          // the homeserver refused the token of this generation: what follows it is a recovery
  bool fresh_ = true;
  bool acted_ = false;
  net::TimePoint end_ = net::TimePoint::max();
  net::TimePoint renew_ = net::TimePoint::max();
  std::size_t holds_ = 0;
  std::unique_ptr<MintedToken> next_;  // what follows the current token once nobody holds it; rarely there
  std::shared_ptr<net::SharedResult<Token>> flight_;
  unsigned waiting_ = 0;  // for the flight, since it began
  bool flight_moves_ = false;
  std::optional<Error> last_failure_;
  net::TimePoint no_mint_before_ = net::TimePoint::min();
  RefusalPause refusals_;
  bool refused_ = false;    // the last failure is a refusal, and no_mint_before_ the end of its pause
  unsigned forgotten_ = 0;  // how often refusals were to be forgotten
};

}  // namespace confab::credentials
