/// @file
/// TokenMetrics: how often tokens were made, why, by which step of the ladder, and how long it took.
///
///     const TokenMetrics seen = homeserver.token_metrics();
///     gauge("confab_recoveries", seen.made(TokenReason::recovery));
///
/// A recovery that shows here is one that no user noticed; many of them at once say that somebody logs users out.
/// Numbers of one Homeserver in this process, from its creation on; docs/credentials.md describes the ladder. They hold
/// no name of a user.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <confab/export.hpp>

namespace confab {

/// One step of the ladder that leads to a new token: one request, repeated as the scheduler does it.
///
/// @par Threads    As for a plain value, like all below.
enum class TokenStep : std::uint8_t {
  refresh,       ///< A user's refresh token.
  log_in,        ///< A user's login on the device of its own.
  set_password,  ///< The admin sets the password that the library keeps for a user. A login follows.
  act_as,        ///< The admin's login-as-user.
  admin_log_in,  ///< The admin's own login.
};
/// All of them, in the order of their numbers: to go through what step() tells.
///
/// @par Lifetime   Static.
inline constexpr std::array<TokenStep, 5> token_steps{TokenStep::refresh, TokenStep::log_in, TokenStep::set_password,
                                                      TokenStep::act_as, TokenStep::admin_log_in};

/// Tell the name of a step, for a label: "refresh", "log_in", "set_password", "act_as", "admin_log_in".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* token_step_name(TokenStep step) noexcept;

/// What became of a step. Only the first is a success; after the others the ladder goes on, or the caller is told.
enum class TokenOutcome : std::uint8_t {
  succeeded,  ///< It brought what it should.
  refused,    ///< The homeserver said no.
  limited,    ///< The homeserver said: too many requests.
  failed,     ///< No usable answer: not reached, in trouble, too late.
};

/// Why a token was made. What a homeserver answered 401 to is counted apart from what was renewed in time, and from
/// what was no matter of need at all.
enum class TokenReason : std::uint8_t {
  first,     ///< There was none.
  recovery,  ///< The homeserver answered that the one before was dead.
  renewal,   ///< The one before was to end soon, or had ended by itself.
  move,      ///< The user came from the admin's tokens to a device of its own.
};
/// All of them, in the order of their numbers.
///
/// @par Lifetime   Static.
inline constexpr std::array<TokenReason, 4> token_reasons{TokenReason::first, TokenReason::recovery,
                                                          TokenReason::renewal, TokenReason::move};

/// Tell the name of a reason, for a label: "first", "recovery", "renewal", "move".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* token_reason_name(TokenReason reason) noexcept;

/// The numbers of one step.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
class TokenStepMetrics {
 public:
  /// Count one more; used by the library, and by hosts' tests.
  ///
  /// @param took     From its beginning to its outcome, waits for the homeserver's limits included.
  void count(TokenOutcome outcome, std::chrono::microseconds took) noexcept {
    ++outcomes_.at(static_cast<std::size_t>(outcome));
    total_ += took;
    longest_ = std::max(longest_, took);
  }
  /// How often it was tried, whatever came of it: the sum over all outcomes. What is held back here, because a wait
  /// that the homeserver named is not over, is not tried.
  ///
  /// @returns        A number that only grows.
  [[nodiscard]] std::uint64_t attempts() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t each : outcomes_) all += each;
    return all;
  }
  /// How often it had this outcome.
  [[nodiscard]] std::uint64_t outcome(TokenOutcome outcome) const noexcept {
    return outcomes_.at(static_cast<std::size_t>(outcome));
  }
  /// How long all attempts took together; by attempts() it is what one takes.
  [[nodiscard]] std::chrono::microseconds total() const noexcept { return total_; }
  /// How long the longest attempt took, since the beginning.
  ///
  /// @returns        Zero where there was none.
  [[nodiscard]] std::chrono::microseconds longest() const noexcept { return longest_; }

 private:
  /// By outcome.
  std::array<std::uint64_t, 4> outcomes_{};
  std::chrono::microseconds total_{0};
  std::chrono::microseconds longest_{0};
};

/// All numbers, of one moment.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   A value: a snapshot that does not change.
/// @par Threads    As for a plain value.
class TokenMetrics {
 public:
  /// Those of one step, whoever it was tried for.
  ///
  /// @par Lifetime   That of this object.
  [[nodiscard]] const TokenStepMetrics& step(TokenStep step) const noexcept {
    return steps_.at(static_cast<std::size_t>(step));
  }
  /// Likewise, to count; used by the library, and by hosts' tests.
  [[nodiscard]] TokenStepMetrics& step(TokenStep step) noexcept { return steps_.at(static_cast<std::size_t>(step)); }
  /// How many new tokens this process made for this reason, each in the store before its first use. A token that
  /// another process made and this one found is counted there.
  [[nodiscard]] std::uint64_t made(TokenReason reason) const noexcept {
    return made_.at(static_cast<std::size_t>(reason));
  }
  /// Count one more; used by the library, and by hosts' tests.
  void count(TokenReason reason) noexcept { ++made_.at(static_cast<std::size_t>(reason)); }
  /// How often the homeserver ceased to let the admin in.
  [[nodiscard]] std::uint64_t admin_outages() const noexcept { return admin_outages_; }
  /// Whether it does not let the admin in now.
  [[nodiscard]] bool admin_refused() const noexcept { return admin_refused_; }
  /// Tell whether it does; going from yes to no counts as an outage.
  void admin_refused(bool refused) noexcept {
    if (refused && !admin_refused_) ++admin_outages_;
    admin_refused_ = refused;
  }

 private:
  /// By step.
  std::array<TokenStepMetrics, token_steps.size()> steps_{};
  /// By reason.
  std::array<std::uint64_t, token_reasons.size()> made_{};
  /// Beginnings of outages, and whether there is one.
  std::uint64_t admin_outages_ = 0;
  bool admin_refused_ = false;
};

}  // namespace confab
